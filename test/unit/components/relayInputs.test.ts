import * as pulumi from "@pulumi/pulumi";

import { AuditSink, ExposedService, hosts, type RelayArgs } from "../../../components/index.js";
import { type ResolvedRelay, resolveRelay } from "../../../components/relayArguments.js";
import { accessRules, admittedOf, expiredOf, portOf, proxyServices } from "../../../components/relayInputs.js";
import type { Ledger } from "../../../core/registry/model.js";
import { runProgram } from "../program.js";
import { KEY, OTHER } from "./relays.js";

const LEDGER: Pick<Ledger, "peers" | "services"> = {
    peers: {
        alice: { address: "10.8.0.2", publicKey: KEY },
        nas: { address: "10.8.0.3", publicKey: OTHER, routes: ["192.168.7.0/24"] },
    },
    services: { wiki: { port: 8443 }, files: { port: 8444 }, blog: { port: 8445 } },
};
const EXPIRES = "2099-01-01T00:00:00Z";

/** What is made of a relay's arguments and a ledger. */
async function from<T>(
    make: (resolved: ResolvedRelay, ledger: pulumi.Output<typeof LEDGER>) => T,
    args: () => Partial<RelayArgs> = standard,
): Promise<pulumi.Unwrap<T>> {
    const { outputs } = await runProgram(() => {
        const relay = { host: hosts.local(), audit: new AuditSink("audit"), peers: [], ...args() };
        return { made: make(resolveRelay("hub", relay), pulumi.output(LEDGER)) };
    });
    return (outputs as { made: pulumi.Unwrap<T> }).made;
}

const standard = (): Partial<RelayArgs> => ({
    peers: [
        { name: "alice", publicKey: KEY },
        { peer: { name: "nas", publicKey: OTHER, routes: ["192.168.7.0/24"] }, address: "10.8.0.3" },
        {
            name: "gone",
            publicKey: Buffer.alloc(32, 7).toString("base64"),
            expires: EXPIRES,
            keyEpoch: 2,
            reinstate: true,
        },
    ],
    services: [
        new ExposedService("wiki", { upstream: { peer: "nas", port: 3000 }, allow: ["alice", "gone"] }),
        new ExposedService("files", { upstream: { peer: "gone", port: 80 }, allow: "everyone" }),
        new ExposedService("blog", { upstream: "127.0.0.1:80", port: 8445, certificate: "ed25519" }),
    ],
});

it("a proxy serves its own services, but none whose upstream peer has expired", async () => {
    expect(await from((resolved, ledger) => proxyServices(resolved, ledger))).toEqual({
        wiki: { port: 8443, upstream: "10.8.0.3:3000", certificate: "both", keyExchange: "require" },
        blog: { port: 8445, upstream: "127.0.0.1:80", certificate: "ed25519", keyExchange: "require" },
    });
    expect(await from((resolved, ledger) => proxyServices(resolved, ledger, "nas"))).toEqual({});
});

it("peers that have expired are allowed nothing", async () => {
    expect(await from(accessRules)).toEqual({
        alice: ["10.8.0.2 -> 10.8.0.1 tcp/8443"],
        "(relay)": ["10.8.0.1 -> 10.8.0.3 tcp/3000"],
    });
});

describe("what is on the relay", () => {
    it("is known from the program's own words", async () => {
        const { peers, rules, services, ...more } = await from(admittedOf);
        expect(peers.split("\n").filter((line) => line !== "")).toHaveLength(2);
        expect(rules).toContain("10.8.0.2 -> 10.8.0.1 tcp/8443");
        expect(services.split("\n").map((line) => line.split(/\s/)[0])).toEqual(
            expect.arrayContaining(["wiki", "blog"]),
        );
        expect(services).not.toContain("files");
        expect(more).toEqual({ keyOverlap: 604_800 });
    });

    it("leaves the rules of a proxy alone whose upstream another resource supplies", async () => {
        const services = () => ({
            ...standard(),
            services: [new ExposedService("wiki", { upstream: pulumi.output("192.0.2.9:80") })],
            keyOverlap: 3600,
        });
        expect(await from(admittedOf, services)).toMatchObject({ undecided: ["10.8.0.1"], keyOverlap: 3600 });
    });
});

test("a peer that is listed with an expiry and is not in the ledger has expired", async () => {
    const names = await from((resolved) => [...expiredOf(resolved, LEDGER)]);
    expect(names).toEqual(["gone"]);
});

test("a service that the registry has not heard of is an error", () => {
    expect(portOf(LEDGER.services, "wiki")).toBe(8443);
    expect(() => portOf(LEDGER.services, "shop")).toThrow(/^services\.shop: /);
});
