import * as pulumi from "@pulumi/pulumi";

import { AuditSink, ExposedService, hosts, Peer, type RelayArgs } from "../../../components/index.js";
import { registeredRelay } from "../../../components/registered.js";
import { resolveRelay } from "../../../components/relayArguments.js";
import { runProgram } from "../program.js";
import { type State, urnOf, withState } from "./engineState.js";
import { KEY, OTHER } from "./relays.js";

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

async function ofRelay(args: () => Partial<RelayArgs>): Promise<pulumi.Inputs> {
    let shown: pulumi.Inputs = {};
    await runProgram(() => {
        const peers = [{ name: "alice", publicKey: KEY }];
        const all = { host: hosts.local(), audit: new AuditSink("audit"), peers, ...args() };
        shown = registeredRelay(resolveRelay("hub", all));
    });
    return shown;
}

it("a relay shows its arguments with their defaults, and who is on it by name", async () => {
    const grants = [{ from: "alice", to: { network: "192.168.50.0/24" }, ports: ["tcp/22"] }];
    const shown = await ofRelay(() => ({
        ...{ routes: ["192.168.50.0/24"], endpoint: "192.0.2.7", grants },
        services: [new ExposedService("wiki", { upstream: "127.0.0.1:3000", allow: "everyone" })],
    }));
    expect(shown).toEqual({
        ...{ host: { kind: "local" }, audit: "audit/prod.jsonl", peers: "alice", services: ["wiki"] },
        grants: [{ from: ["alice"], to: { network: "192.168.50.0/24" }, ports: ["tcp/22"] }],
        ...{ endpoint: "192.0.2.7", listenPort: 51820, subnet: "10.8.0.0/24", interface: "wg0", keyEpochs: [1] },
        ...{ keyOverlap: 604800, identity: "state", routes: ["192.168.50.0/24"], mtu: 1420, keepalive: 25 },
        ...{ certificateRenewal: "up", appName: "qp-tunnel", confirmTimeout: 60 },
    });
});

it("a peer, a service and a log show what the program gives", async () => {
    const { inputs } = await withState({}, () => {
        new Peer("alice", { publicKey: KEY, expires: "2030-01-01T00:00:00Z", presharedKey: "none" });
        new ExposedService("wiki", { upstream: { peer: "nas", port: 3000 }, allow: ["alice"] });
        new AuditSink("audit", { signingKey: "env:LOG_KEY" });
    });
    expect(inputs["alice"]).toEqual({ publicKey: KEY, expires: "2030-01-01T00:00:00Z", presharedKey: "none" });
    expect(inputs["wiki"]).toEqual({
        ...{ upstream: { peer: "nas", port: 3000 }, allow: ["alice"] },
        ...{ certificate: "both", keyExchange: "require" },
    });
    expect(inputs["audit"]).toMatchObject({ path: "audit/prod.jsonl", signingKey: "env:LOG_KEY", mirror: true });
});

it("no secret is shown, and no script", async () => {
    const setup = { create: `echo ${KEY}` };
    const host = hosts.ssh({ address: "192.0.2.9", hostKey: HOST_KEY, privateKey: KEY, setup });
    const peers = [{ name: "eve", publicKey: OTHER, presharedKey: KEY }];
    const shown = await ofRelay(() => ({ privateKey: KEY, seed: KEY, host, peers }));
    expect(JSON.stringify(shown)).not.toContain(KEY);
    expect(shown).toMatchObject({ host: { kind: "ssh" }, peers: "eve" });
    const { inputs } = await withState({}, () => void new Peer("bob", { publicKey: OTHER, presharedKey: KEY }));
    expect(inputs["bob"]).toEqual({ publicKey: OTHER });
});

it("nothing is waited for that another resource supplies", async () => {
    const later = pulumi.output(new Promise<string>(() => undefined));
    const host = hosts.ssh({ address: later, hostKey: HOST_KEY });
    const services = () => [new ExposedService("wiki", { upstream: later })];
    const shown = await ofRelay(() => ({ endpoint: later, host, services: services() }));
    expect(shown).toMatchObject({ host: { kind: "ssh" }, services: ["wiki"] });
    expect(shown).not.toHaveProperty("endpoint");
});

it("the file of an adopted key is named", async () => {
    const privateKey = "file:/etc/wireguard/private.key";
    expect(await ofRelay(() => ({ privateKey }))).toMatchObject({ privateKey });
});

describe("a component that is in the state", () => {
    const URN = urnOf("Peer", "bob");

    async function shownOf(state: State, options?: pulumi.ComponentResourceOptions): Promise<unknown> {
        const { inputs } = await withState(state, () => void new Peer("bob", { publicKey: KEY }, options));
        return inputs["bob"];
    }

    it("shows nothing when an older version made it, so that nothing is planned", async () => {
        expect(await shownOf({ [URN]: { publicKey: KEY } })).toEqual({});
        const robert = { [urnOf("Peer", "robert")]: { publicKey: KEY } };
        expect(await shownOf(robert, { aliases: [{ name: "robert" }] })).toEqual({});
    });

    it("shows them when it did so before, and when it is new", async () => {
        expect(await shownOf({ [URN]: { publicKey: KEY, registersInputs: true } })).toEqual({ publicKey: KEY });
        expect(await shownOf({})).toEqual({ publicKey: KEY });
    });

    it("shows them when an update failed that changed it, unless an older version made the stack", async () => {
        const audit = urnOf("AuditSink", "audit");
        expect(await shownOf({ [URN]: {}, [audit]: { path: "a", registersInputs: true } })).toEqual({ publicKey: KEY });
        expect(await shownOf({ [URN]: {}, [audit]: { path: "a" } })).toEqual({});
    });

    it("shows them when that is wanted", async () => {
        process.env["QPTUNNEL_REGISTER_INPUTS"] = "1";
        try {
            expect(await shownOf({ [URN]: { publicKey: KEY } })).toEqual({ publicKey: KEY });
        } finally {
            delete process.env["QPTUNNEL_REGISTER_INPUTS"];
        }
    });
});

it("a relay shows the same names in whatever order the program lists them", async () => {
    const [alice, bob] = [
        { name: "alice", publicKey: KEY },
        { name: "bob", publicKey: OTHER },
    ];
    for (const peers of [
        [alice, bob],
        [bob, alice],
    ])
        expect(await ofRelay(() => ({ peers }))).toMatchObject({ peers: "alice\nbob" });
});

it("grants in another order are the same", async () => {
    const grants = ["192.168.50.0/24", "192.168.60.0/24"].map((network) => ({
        from: "alice",
        to: { network },
        ports: ["tcp/22"],
    }));
    const routes = ["192.168.50.0/24", "192.168.60.0/24"];
    const shown = await ofRelay(() => ({ routes, grants }));
    expect(await ofRelay(() => ({ routes, grants: [...grants].reverse() }))).toEqual(shown);
});

it("an answer that is given once is not shown, so that nothing is planned when it is taken back", async () => {
    const once = { adoptChanges: "0".repeat(16), replaceLostKeys: "0".repeat(64), forceRetire: 1, keyEpochs: [2] };
    const shown = await ofRelay(() => once);
    expect(Object.keys(once).filter((key) => key in shown)).toEqual(["keyEpochs"]);
    const { inputs } = await withState({}, () => void new Peer("bob", { publicKey: OTHER, reinstate: true }));
    expect(inputs["bob"]).toEqual({ publicKey: OTHER });
});
