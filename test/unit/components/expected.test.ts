import * as pulumi from "@pulumi/pulumi";

import { ExposedService, Peer, type RelayArgs } from "../../../components/index.js";
import { refusal } from "../core/refusal.js";
import { runProgram } from "../program.js";
import { hub, KEY, made, OTHER } from "./relays.js";

const program = (expect: RelayArgs["expect"]) => (): Partial<RelayArgs> => ({
    subnet6: "fd00::/64",
    peers: [
        { name: "alice", publicKey: KEY },
        { name: "nas", publicKey: OTHER, routes: ["192.168.7.0/24", "fd12::/64"] },
    ],
    services: [new ExposedService("wiki", { upstream: { peer: "nas", port: 3000 }, allow: ["alice"] })],
    grants: [
        { from: "alice", to: "nas", ports: ["tcp/22"] },
        { from: { peer: "nas", network: "192.168.7.0/24" }, to: "alice", ports: ["icmp"] },
        { from: "alice", to: { peer: "nas", network: "fd12::/64" }, ports: ["all"] },
    ],
    expect: expect ?? [],
});

it("declares the relay where everything holds", async () => {
    const { named } = await made(
        program([
            {
                from: "alice",
                allow: ["wiki", "nas:tcp/22", "fd12::7:udp/9"],
                deny: ["nas:tcp/445", "192.168.7.0/24", "internet"],
            },
            { from: { peer: "nas", network: "192.168.7.0/24" }, allow: ["alice:icmp"], deny: ["alice:tcp/22", "wiki"] },
            { from: ["nas"], deny: ["alice", "wiki"] },
        ]),
    );
    expect(named("Registry")).toHaveLength(1);
});

it.each<[NonNullable<RelayArgs["expect"]>, string]>([
    [
        [{ from: ["nas"], allow: ["wiki"] }],
        "relay hub.expect[0].allow[0]: nas is not allowed to reach wiki; add a grant, or correct the expectation",
    ],
    [
        [{ from: "alice", deny: ["nas:tcp/1-1024"] }],
        "relay hub.expect[0].deny[0]: alice is allowed to reach nas:tcp/1-1024: nas tcp/22 by grants[0]; narrow grants[0], or correct the expectation",
    ],
    [
        [{ from: "bob", deny: ["nas"] }],
        'relay hub.expect[0].from: "bob" is not a peer of this relay; list it in peers, or remove it here',
    ],
    [
        [{ from: "alice", deny: ["10.8.0.3"] }],
        "relay hub.expect[0].deny[0]: 10.8.0.3 is in the tunnel's own network; name peers instead of their addresses",
    ],
])("refuses %j before a resource of the relay exists", async (expect_, message) => {
    const { registered } = await runProgram(() => {
        expect(refusal(() => hub(program(expect_)()))).toBe(message);
    });
    expect(registered.filter(({ type }) => !/:(?:AuditSink|ExposedService)$/.test(type))).toEqual([]);
});

it("takes peers by their resources", async () => {
    await runProgram(() => {
        const alice = new Peer("alice");
        const refused = refusal(() => hub({ peers: [alice], expect: [{ from: alice, allow: ["internet:tcp/443"] }] }));
        expect(refused).toContain("alice is not allowed to reach internet:tcp/443");
    });
});

it("refuses to judge ports that another resource supplies", async () => {
    const args = (): Partial<RelayArgs> => ({
        ...program([{ from: ["nas"], deny: ["alice"] }])(),
        grants: [{ from: "alice", to: "nas", ports: pulumi.output(["tcp/22"]) }],
    });
    await expect(made(args)).rejects.toThrow(
        "relay hub.grants[0].ports: come from another resource, and `expect` is checked before any resource exists; give plain values, or remove `expect`",
    );
});
