import { unansweredResolvers, type ResolverArgs } from "../../../../core/access/resolvers.js";

const args = (changes: Partial<ResolverArgs>): ResolverArgs => ({
    dns: ["10.8.0.53"],
    own: ["10.8.0.1", "fd00:8::1"],
    networks: ["10.8.0.0/24", "fd00:8::/64", "192.168.50.0/24"],
    peers: {
        alice: { address: "10.8.0.2", address6: "fd00:8::2" },
        resolver: { address: "10.8.0.53", routes: ["192.168.7.0/24"] },
    },
    rules: {},
    ...changes,
});

it.each<[string, Partial<ResolverArgs>]>([
    ["outside the tunnel", { dns: ["9.9.9.9", "2620:fe::fe"] }],
    ["that is a search domain", { dns: ["office.example"] }],
    ["whom a grant lets peers ask", { rules: { alice: ["10.8.0.2 -> 10.8.0.53 udp/53"] } }],
    ["whom a range of ports lets peers ask", { rules: { alice: ["10.8.0.2 -> 10.8.0.53 udp/1-100"] } }],
    [
        "in a network that is granted",
        {
            dns: ["192.168.50.53"],
            rules: { alice: ["10.8.0.2 -> 192.168.50.0/24 all"], resolver: ["10.8.0.53 -> 192.168.50.0/24 all"] },
        },
    ],
])("says nothing of a resolver %s", (_, changes) => {
    expect(unansweredResolvers(args(changes))).toStrictEqual([]);
});

it.each<[string, Partial<ResolverArgs>, string]>([
    [
        "the relay itself",
        { dns: ["10.8.0.1"] },
        "dns: 10.8.0.1 is the relay itself, and peers cannot reach a resolver there; run the resolver on a peer, with a grant for udp/53 and tcp/53, or remove `dns`",
    ],
    [
        "the relay's IPv6 address",
        { dns: ["fd00:8::1"] },
        "dns: fd00:8::1 is the relay itself, and peers cannot reach a resolver there; run the resolver on a peer, with a grant for udp/53 and tcp/53, or remove `dns`",
    ],
    [
        "a peer without a grant",
        { rules: { alice: ["10.8.0.2 -> 10.8.0.53 tcp/53"] } },
        "dns: no grant allows alice to query 10.8.0.53 (resolver), so names do not resolve there; grant udp/53 and tcp/53 to it, or remove `dns`",
    ],
    [
        "a network without a grant",
        { dns: ["192.168.50.53"] },
        "dns: no grant allows alice, resolver to query 192.168.50.53, so names do not resolve there; grant udp/53 and tcp/53 to it, or remove `dns`",
    ],
    [
        "a network behind a peer",
        { dns: ["192.168.7.53"], rules: { resolver: ["10.8.0.53 -> 192.168.7.0/24 all"] } },
        "dns: no grant allows alice to query 192.168.7.53, so names do not resolve there; grant udp/53 and tcp/53 to it, or remove `dns`",
    ],
])("warns of a resolver that does not answer: %s", (_, changes, sentence) => {
    expect(unansweredResolvers(args(changes))).toStrictEqual([sentence]);
});
