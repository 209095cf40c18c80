import * as fc from "fast-check";

import type { Access } from "../../../../core/access/index.js";
import type { Ports } from "../../../../core/registry/model.js";
import {
    ACCEPT,
    ACCESS,
    differences,
    DROP,
    elementJson,
    findings,
    meta,
    payload,
    peer,
    relayTable,
    rule,
    tampered,
    wireOf,
} from "./relays.js";

const TABLE = relayTable(ACCESS);

it("finds nothing where the relay has what the program allows", () => {
    expect(findings(TABLE)).toEqual([]);
});

it("names a rule made by hand, for both families, with a packet", () => {
    const added = rule("forward", [meta("iifname", "wg0"), payload("tcp", "dport", 23), ACCEPT]);
    const [first, ...more] = findings(tampered(added));
    expect(first).toEqual({
        ...{
            kind: "extra",
            part: "new",
            from: "192.168.7.0/24, alice",
            to: "(outside), alice, bob, nas",
            ports: "tcp/23",
        },
        cause: "table inet qp, chain forward, rule 1: iifname wg0 tcp dport 23 accept",
        packet: "tcp 10.8.0.2:40000 > 10.8.0.4:23",
    });
    expect(new Set(more.map(({ cause }) => cause))).toEqual(new Set([first?.cause]));
    const families = differences(tampered(added)).map(({ flow }) => flow.family);
    expect(new Set(families)).toEqual(new Set([4, 6]));
});

it("names an element too many, and one that is missing", () => {
    const changed = (change: (elem: object[]) => object[]): object[] =>
        TABLE.map((object) => {
            const { set } = object as { set?: { name: string; elem: object[] } };
            return set?.name === "acl4" ? { set: { ...set, elem: change(set.elem) } } : object;
        });
    expect(findings(changed((elem) => [...elem, elementJson("10.8.0.3 . 10.8.0.2 . tcp . 5432")]))).toEqual([
        {
            ...{ kind: "extra", part: "new", from: "bob", to: "alice", ports: "tcp/5432" },
            cause: "table inet qp, chain forward, rule 18: iifname @ours ip saddr . ip daddr . meta l4proto . th dport @acl4 accept (element 10.8.0.3 . 10.8.0.2 . tcp . 5432)",
            packet: "tcp 10.8.0.3:40000 > 10.8.0.2:5432",
        },
    ]);
    expect(findings(changed(() => [])).map(({ kind, from, to, ports, by }) => [kind, from, to, ports, by])).toEqual([
        ["missing", "alice", "nas", "tcp/22", "grants[0]"],
        ["missing", "alice", "(relay)", "tcp/8443", "service web"],
        ["missing", "(relay)", "nas", "tcp/3000", "service web"],
    ]);
});

it("finds what only packets of existing connections get through", () => {
    const established = { match: { op: "in", left: { ct: { key: "state" } }, right: ["established"] } };
    const found = findings(tampered(rule("forward", [established, ACCEPT])));
    expect(new Set(found.map(({ kind, part }) => `${kind} ${part}`))).toEqual(new Set(["extra established"]));
});

it("finds what the first packet of a connection gets through, and no later one", () => {
    const established = { match: { op: "in", left: { ct: { key: "state" } }, right: ["established"] } };
    const original = { match: { op: "==", left: { ct: { key: "direction" } }, right: "original" } };
    const found = findings(tampered(rule("forward", [established, original, DROP])));
    expect(new Set(found.map(({ kind, part }) => `${kind} ${part}`))).toEqual(new Set(["missing established"]));
});

it("knows what a port forwarding of the machine leads to", () => {
    const place = { family: "ip", table: "hand" };
    const hook = { type: "nat", hook: "prerouting", prio: -100, policy: "accept" };
    const forwarding = [
        { table: { family: "ip", name: "hand" } },
        { chain: { ...place, name: "p", ...hook } },
        rule(
            "p",
            [meta("iifname", "eth0"), payload("tcp", "dport", 2222), { dnat: { addr: "10.8.0.3", port: 22 } }],
            place,
        ),
    ];
    expect(findings([...TABLE, ...forwarding])).toEqual([]);
    const open = rule("forward", [
        meta("oifname", "wg0"),
        payload("tcp", "dport", 22),
        payload("ip", "daddr", "10.8.0.3"),
        ACCEPT,
    ]);
    const found = findings([...tampered(open), ...forwarding]);
    expect(found.find(({ to }) => to.includes("machine"))).toMatchObject({
        ...{ kind: "extra", from: "(outside eth0)", ports: "tcp/2222" },
        packet: "tcp 10.8.1.1:40000 > 198.51.100.2:2222",
    });
});

it("holds a peer to its own addresses: what WireGuard takes from another one is not its right", () => {
    const wire = wireOf(ACCESS);
    const taken = wire.peers.map((each) =>
        each.name === "bob"
            ? { ...each, allowedIps: [...each.allowedIps, "10.8.0.2/32"] }
            : { ...each, allowedIps: each.name === "alice" ? ["fd00:8::2/128"] : each.allowedIps },
    );
    const found = findings(TABLE, ACCESS, { ...wire, peers: taken });
    expect(found).toContainEqual(
        expect.objectContaining({
            kind: "extra",
            from: "bob",
            to: "nas",
            ports: "tcp/22",
            packet: "tcp 10.8.0.2:40000 > 10.8.0.4:22",
        }),
    );
    expect(found.map(({ to, ports }) => [to, ports])).toContainEqual(["(relay)", "tcp/8443"]);
    expect(found.every(({ cause }) => cause.endsWith("bob has the address among its allowed IPs"))).toBe(true);
});

it("says so where a right has no peer on the interface", () => {
    const wire = wireOf(ACCESS);
    const found = findings(TABLE, ACCESS, { ...wire, peers: wire.peers.filter(({ name }) => name !== "alice") });
    expect(found.map(({ kind, from, to, ports, cause }) => [kind, from, to, ports, cause])).toContainEqual([
        "missing",
        "alice",
        "nas",
        "tcp/22",
        "no peer on the interface has 10.8.0.2 among its allowed IPs",
    ]);
});

const ports = fc.oneof(
    fc.constantFrom<Ports>({ protocol: "all" }, { protocol: "icmp" }),
    fc
        .tuple(
            fc.constantFrom("tcp" as const, "udp" as const),
            fc.integer({ min: 1, max: 65535 }),
            fc.integer({ min: 0, max: 300 }),
        )
        .map(([protocol, first, more]): Ports => ({ protocol, first, last: Math.min(65535, first + more) })),
);
const NAMES = ["alice", "bob", "nas", "dan"];
const grant = fc.record({
    from: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 }),
    to: fc.oneof(
        fc.constantFrom(...NAMES).map((name) => ({ peer: name })),
        fc.constantFrom({ peer: "nas", network: "192.168.7.0/24" }, { network: "192.168.50.0/24" }),
    ),
    ports: fc.array(ports, { minLength: 1, maxLength: 3 }),
});
const program = fc.record({
    grants: fc.array(grant, { maxLength: 5 }),
    allow: fc.uniqueArray(fc.constantFrom(...NAMES)),
});
const accessOf = ({ grants, allow }: { grants: Access["grants"]; allow: string[] }): Access => ({
    ...ACCESS,
    peers: { ...ACCESS.peers, dan: peer(9) },
    services: { web: { port: 8443, allow, upstreamPeer: { peer: "nas", port: 3000 } } },
    grants,
});

it("the table of any program lets through what the program allows, and nothing else", () => {
    fc.assert(
        fc.property(program, (each) => {
            const access = accessOf(each);
            expect(differences(relayTable(access), access)).toEqual([]);
        }),
        { numRuns: 12 },
    );
});

it("the table of one program differs from another program where their rules differ, and nowhere else", () => {
    fc.assert(
        fc.property(program, program, (one, other) => {
            const [enforced, declared] = [accessOf(one), accessOf(other)];
            const kinds = new Set(differences(relayTable(enforced), declared).map(({ kind }) => kind));
            const reversed = new Set(differences(relayTable(declared), enforced).map(({ kind }) => kind));
            expect(kinds.has("undecided")).toBe(false);
            expect([kinds.has("extra"), kinds.has("missing")]).toEqual([
                reversed.has("missing"),
                reversed.has("extra"),
            ]);
        }),
        { numRuns: 6 },
    );
});
