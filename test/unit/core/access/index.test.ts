import * as fc from "fast-check";
import { type Access, expand, formatRule, parseRule } from "../../../../core/access/index.js";
import { InvalidArgument } from "../../../../core/errors.js";
import type { AccessRule, RegistryPeer } from "../../../../core/registry/model.js";

function peer(address: string, address6?: string, routes: string[] = []): RegistryPeer {
    return { address, ...(address6 === undefined ? {} : { address6 }), routes };
}

const tcp = (first: number, last = first) => ({ protocol: "tcp" as const, first, last });

const v4: Access = {
    relay: { address: "10.8.0.1" },
    peers: {
        alice: peer("10.8.0.2"),
        bob: peer("10.8.0.3"),
        nas: peer("10.8.0.4", undefined, ["192.168.7.0/24"]),
    },
    services: {},
    grants: [],
};

describe("expand", () => {
    test("nothing is allowed by itself", () => {
        expect(expand(v4)).toEqual({});
    });

    test("a service: who is allowed reaches the relay's port, the relay reaches the peer upstream", () => {
        const services = {
            grafana: { port: 8443, allow: ["bob", "alice"], upstreamPeer: { peer: "nas", port: 3000 } },
            wiki: { port: 8444, allow: ["alice"] },
        };
        expect(expand({ ...v4, services })).toEqual({
            "(relay)": ["10.8.0.1 -> 10.8.0.4 tcp/3000"],
            alice: ["10.8.0.2 -> 10.8.0.1 tcp/8443", "10.8.0.2 -> 10.8.0.1 tcp/8444"],
            bob: ["10.8.0.3 -> 10.8.0.1 tcp/8443"],
        });
    });

    test("an upstream host behind a peer answers through the tunnel, any other does not", () => {
        const services = {
            printer: { port: 8443, allow: [], upstreamHost: { address: "192.168.7.10", port: 631 } },
            local: { port: 8444, allow: [], upstreamHost: { address: "127.0.0.1", port: 3000 } },
        };
        expect(expand({ ...v4, services })).toEqual({ "(relay)": ["10.8.0.1 -> 192.168.7.10 tcp/631"] });
    });

    test("a service on a peer: who is allowed reaches that peer's port, and what is asked there does not pass the relay", () => {
        const services = {
            own: { port: 8443, on: "nas", allow: ["alice", "nas"], upstreamPeer: { peer: "nas", port: 80 } },
            behind: { port: 8444, on: "nas", allow: [], upstreamHost: { address: "192.168.7.10", port: 80 } },
            far: { port: 8445, on: "nas", allow: ["bob"], upstreamPeer: { peer: "alice", port: 3000 } },
        };
        expect(expand({ ...v4, services })).toEqual({
            alice: ["10.8.0.2 -> 10.8.0.4 tcp/8443"],
            bob: ["10.8.0.3 -> 10.8.0.4 tcp/8445"],
            nas: ["10.8.0.4 -> 10.8.0.2 tcp/3000"],
        });
    });

    test("a grant from a network behind a peer", () => {
        const from = [{ peer: "nas", network: "192.168.7.0/24" }];
        const grants: Access["grants"] = [{ from, to: { peer: "bob" }, ports: [tcp(22)] }];
        expect(expand({ ...v4, grants })).toEqual({ nas: ["192.168.7.0/24 -> 10.8.0.3 tcp/22"] });
        const peers = { ...v4.peers, bob: peer("10.8.0.3", "fd12::3", ["fd13::/64"]) };
        const six: Access["grants"] = [{ from, to: { peer: "bob", network: "fd13::/64" }, ports: [tcp(22)] }];
        expect(() => expand({ ...v4, peers, grants: six })).toThrow(
            "grants[0].to: cannot be reached from 192.168.7.0/24: one is IPv4, the other IPv6; grant a network of the same family",
        );
        const foreign: Access["grants"] = [{ ...grants[0]!, from: [{ peer: "nas", network: "192.168.9.0/24" }] }];
        expect(() => expand({ ...v4, grants: foreign })).toThrow(InvalidArgument);
    });

    test("a grant: each source, each port; never oneself", () => {
        const grants: Access["grants"] = [
            {
                from: ["alice", "bob", "nas"],
                to: { peer: "nas" },
                ports: [tcp(22), tcp(8000, 8100), { protocol: "udp", first: 53, last: 53 }, { protocol: "icmp" }],
            },
            { from: ["alice"], to: { peer: "bob" }, ports: [{ protocol: "all" }] },
        ];
        expect(expand({ ...v4, grants })).toEqual({
            alice: [
                "10.8.0.2 -> 10.8.0.3 all",
                "10.8.0.2 -> 10.8.0.4 icmp",
                "10.8.0.2 -> 10.8.0.4 tcp/22",
                "10.8.0.2 -> 10.8.0.4 tcp/8000-8100",
                "10.8.0.2 -> 10.8.0.4 udp/53",
            ],
            bob: [
                "10.8.0.3 -> 10.8.0.4 icmp",
                "10.8.0.3 -> 10.8.0.4 tcp/22",
                "10.8.0.3 -> 10.8.0.4 tcp/8000-8100",
                "10.8.0.3 -> 10.8.0.4 udp/53",
            ],
        });
    });

    test("a network behind a peer, and one behind the relay", () => {
        const grants: Access["grants"] = [
            { from: ["alice"], to: { peer: "nas", network: "192.168.7.0/24" }, ports: [tcp(443)] },
            { from: ["alice"], to: { network: "192.168.50.0/24" }, ports: [tcp(443)] },
        ];
        expect(expand({ ...v4, grants })).toEqual({
            alice: ["10.8.0.2 -> 192.168.50.0/24 tcp/443", "10.8.0.2 -> 192.168.7.0/24 tcp/443"],
        });
    });

    test("IPv6 wherever both have it, each family to its own", () => {
        expect(
            expand({
                relay: { address: "10.8.0.1", address6: "fd00:8::1" },
                peers: { alice: peer("10.8.0.2", "fd00:8::2"), nas: peer("10.8.0.4", "fd00:8::4", ["fd00:7::/64"]) },
                services: { grafana: { port: 8443, allow: ["alice"], upstreamPeer: { peer: "nas", port: 3000 } } },
                grants: [
                    { from: ["alice"], to: { peer: "nas" }, ports: [{ protocol: "icmp" }] },
                    { from: ["alice"], to: { peer: "nas", network: "fd00:7::/64" }, ports: [tcp(22)] },
                ],
            }),
        ).toEqual({
            "(relay)": ["10.8.0.1 -> 10.8.0.4 tcp/3000", "fd00:8::1 -> fd00:8::4 tcp/3000"],
            alice: [
                "10.8.0.2 -> 10.8.0.1 tcp/8443",
                "10.8.0.2 -> 10.8.0.4 icmp",
                "fd00:8::2 -> fd00:7::/64 tcp/22",
                "fd00:8::2 -> fd00:8::1 tcp/8443",
                "fd00:8::2 -> fd00:8::4 icmp",
            ],
        });
    });

    const LEFT_OUT =
        "and this update leaves it out; target the whole relay (the Relay itself, and a new Peer besides, with `--target-dependents`), or update without `--target`";

    test.each<[Partial<Access>, string]>([
        [
            { services: { wiki: { port: 8443, allow: ["mallory"] } } },
            `services.wiki.allow: the registry does not know "mallory" yet, ${LEFT_OUT}`,
        ],
        [
            { services: { wiki: { port: 8443, allow: [], upstreamPeer: { peer: "constructor", port: 1 } } } },
            `services.wiki.upstream: the registry does not know "constructor" yet, ${LEFT_OUT}`,
        ],
        [
            { grants: [{ from: ["alice"], to: { peer: "nas", network: "10.0.0.0/8" }, ports: [tcp(1)] }] },
            `grants[0].to: the registry does not know the route 10.0.0.0/8 of "nas" yet, ${LEFT_OUT}`,
        ],
        [
            { grants: [{ from: ["alice"], to: { network: "fd00:7::/64" }, ports: [tcp(1)] }] },
            'grants[0].to: "alice" has no IPv6 address, which access to fd00:7::/64 needs; give the relay a subnet6, or grant an IPv4 network',
        ],
        [
            { grants: [{ from: ["alice"], to: {}, ports: [tcp(1)] }] },
            "grants[0].to: is neither a peer nor a network; name one",
        ],
    ])("refuses %j", (part, message) => {
        let thrown: unknown;
        try {
            expand({ ...v4, ...part });
        } catch (error) {
            thrown = error;
        }
        expect(thrown).toBeInstanceOf(InvalidArgument);
        expect((thrown as Error).message).toBe(message);
    });
});

describe("rules as text", () => {
    const port = fc.integer({ min: 1, max: 65535 });
    const ports = fc.oneof(
        fc.record({ protocol: fc.constantFrom("icmp" as const, "all" as const) }),
        fc
            .tuple(fc.constantFrom("tcp" as const, "udp" as const), port, port)
            .map(([protocol, a, b]) => ({ protocol, first: Math.min(a, b), last: Math.max(a, b) })),
    );
    const rule: fc.Arbitrary<AccessRule> = fc
        .tuple(
            fc.constantFrom(["10.8.0.2", "192.168.7.0/24"], ["fd00:8::2", "fd00:7::/64"], ["10.8.0.2", "10.8.0.3"]),
            ports,
        )
        .map(([[from, to], ports]) => ({ from: from, to: to, ports }));

    test("what is formatted parses to the same rule", () => {
        fc.assert(fc.property(rule, (rule) => expect(parseRule(formatRule(rule))).toEqual(rule)));
    });

    test.each([
        ["10.8.0.2 -> 10.8.0.1", "is not an access rule"],
        ["10.8.0.2 -> 10.8.0.1 sctp/1", "is not an access rule"],
        ["10.8.0.2  -> 10.8.0.1 all", "is not an access rule"],
        ["10.8.0.2 -> 10.8.0.1 all\n", "is not an access rule"],
        ["10.8.0.2 -> 10.8.0.1/24 all", "is an address inside a network"],
        ["alice -> 10.8.0.1 all", "is not an IP address"],
        ["10.8.0.2 -> fd00::1 all", "mixes IPv4 and IPv6"],
        ["10.8.0.2 -> 10.8.0.1 tcp/0", "has ports outside 1-65535 or backwards"],
        ["10.8.0.2 -> 10.8.0.1 tcp/30-20", "has ports outside 1-65535 or backwards"],
        ["10.8.0.2 -> 10.8.0.1 tcp/20-65536", "has ports outside 1-65535 or backwards"],
        ["10.8.0.2 -> 10.8.0.1 tcp/22-22", "is not in canonical form"],
        ["10.8.0.2 -> 10.8.0.1 tcp/022", "is not in canonical form"],
        ["FD00::2 -> fd00::1 all", "is not in canonical form"],
    ])("refuses %j", (text, problem) => {
        expect(() => parseRule(text)).toThrow(InvalidArgument);
        expect(() => parseRule(text)).toThrow(problem);
    });
});
