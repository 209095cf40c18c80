import { readFileSync } from "node:fs";
import { join } from "node:path";

import { AuditSink, ExposedService, hosts, Peer, Relay, type RelayArgs } from "../../../components/index.js";
import { runProgram } from "../program.js";

/** Names of children are part of the interface: what programs of all kinds register is what docs/conventions.md names. */
const documented = new Set(
    readFileSync(join(__dirname, "../../../docs/conventions.md"), "utf8")
        .split("## Names of children")[1]!
        .split("\n")
        .filter((row) => row.startsWith("| `"))
        .flatMap((row) => [...row.split("|")[1]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)),
);

async function registered(args: () => Partial<RelayArgs> = () => ({})): Promise<string[]> {
    const { registered: all } = await runProgram(() => {
        const peers = [new Peer("nas", { host: hosts.local({ namespace: "nas" }) })];
        new Relay("relay", { host: hosts.local(), audit: new AuditSink("audit"), peers, ...args() });
    });
    return all.map(({ name }) => name).filter((name) => name.startsWith("relay-"));
}

it("registers the children that the documentation names, and no others", async () => {
    const setup = { create: "true" };
    const names = [
        ...(await registered(() => ({
            keyEpochs: [1, 2],
            services: [new ExposedService("wiki", { upstream: "127.0.0.1:80", allow: "everyone" })],
        }))),
        ...(await registered(() => ({ host: hosts.digitalOcean({ reservedIp: true, setup }) }))),
        ...(await registered(() => ({ host: hosts.script({ path: "relay.sh" }), endpoint: "192.0.2.7", peers: [] }))),
    ];
    expect([...new Set(names)].sort()).toEqual([...documented].sort());
});
