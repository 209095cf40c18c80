import * as fc from "fast-check";
import { overlaps, parseCidr } from "../../../../core/addresses/index.js";
import { checkRelay, type PlainRelay } from "../../../../core/arguments/index.js";
import { refusal } from "../refusal.js";

function relay(more: Partial<PlainRelay> = {}): PlainRelay {
    return { subnet: "10.8.0.0/24", routes: [], mtu: 1420, peers: [], services: [], grants: [], ...more };
}

const peers = (...names: string[]): PlainRelay["peers"] => names.map((name) => ({ name, routes: [] }));

it("takes a relay in which everything is in order", () => {
    checkRelay(
        relay({
            subnet6: "fd12::/64",
            routes: ["172.16.5.0/24"],
            publicKey: "R",
            peers: [
                { name: "alice", publicKey: "A", routes: [] },
                { name: "nas", publicKey: "N", routes: ["192.168.7.0/24", "fd13::/64"] },
            ],
            services: [
                { name: "nas", upstream: { peer: "nas", port: 80 }, allow: ["alice"] },
                { name: "wiki", upstream: "wiki.lan:80", allow: "everyone", on: "nas" },
                { name: "later", allow: [] },
            ],
            grants: [
                { from: ["alice", "nas"], to: { peer: "nas" } },
                { from: ["alice"], to: { peer: "nas", network: "192.168.7.0/24" } },
                { from: ["alice"], to: { network: "172.16.5.0/24" } },
            ],
        }),
    );
});

it.each<[string, Partial<PlainRelay>, string]>([
    [
        "a bad name",
        { peers: peers("a b") },
        'relay.peers.a b: "a b" cannot be a name; use 1 to 63 letters, digits, hyphens and underscores, beginning with a letter or digit',
    ],
    [
        "names that differ by case",
        { peers: peers("Bob", "bob") },
        'relay.peers: "Bob" and "bob" differ only by upper and lower case; rename one of them',
    ],
    [
        "a service declared twice",
        {
            services: [
                { name: "wiki", allow: [] },
                { name: "wiki", allow: [] },
            ],
        },
        'relay.services: "wiki" is used twice; rename one of them',
    ],
    [
        "a key of two peers",
        {
            peers: [
                { name: "alice", publicKey: "A", routes: [] },
                { name: "bob", publicKey: "A", routes: [] },
            ],
        },
        'relay.peers.bob.publicKey: is also the key of "alice"; give each peer its own key',
    ],
    [
        "the relay's key",
        { publicKey: "R", peers: [{ name: "alice", publicKey: "R", routes: [] }] },
        "relay.peers.alice.publicKey: is also the key of the relay; give each peer its own key",
    ],
    [
        "a subnet6 that is too small",
        { subnet6: "fd12::/124" },
        'relay.subnet6: "fd12::/124" has fewer addresses than "10.8.0.0/24", and a peer has the same position in both; choose a prefix length of at most /120',
    ],
    [
        "an MTU that IPv6 does not have",
        { subnet6: "fd12::/64", mtu: 1200 },
        "relay.mtu: 1200 is less than IPv6 needs (RFC 8200); choose 1280 or more, or leave subnet6 out",
    ],
    [
        "a route of the relay over the tunnel",
        { routes: ["10.0.0.0/8"] },
        'relay.routes[0]: "10.0.0.0/8" overlaps the tunnel\'s own 10.8.0.0/24; choose another network, or another subnet for the tunnel',
    ],
    [
        "a default route of a peer",
        { peers: [{ name: "nas", routes: ["0.0.0.0/0"] }] },
        'relay.peers.nas.routes[0]: "0.0.0.0/0" is a default route; list the networks that are actually behind it',
    ],
    [
        "routes of two peers that overlap",
        {
            peers: [
                { name: "nas", routes: ["192.168.7.0/24"] },
                { name: "lab", routes: ["192.168.0.0/16"] },
            ],
        },
        'relay.peers.nas.routes[0]: "192.168.7.0/24" overlaps "192.168.0.0/16" of "lab"; a network can be routed to one peer only: remove one of them, or make it narrower',
    ],
    [
        "a route of a peer that is the relay's",
        { routes: ["192.168.7.0/24"], peers: [{ name: "nas", routes: ["192.168.7.0/24"] }] },
        'relay.peers.nas.routes[0]: "192.168.7.0/24" overlaps "192.168.7.0/24" of the relay; a network can be routed to one peer only: remove one of them, or make it narrower',
    ],
    [
        "an unlisted upstream",
        { services: [{ name: "wiki", upstream: { peer: "nas", port: 80 }, allow: [] }] },
        'relay.services.wiki.upstream.peer: refers to a peer that is not listed, "nas"; add it to the relay\'s peers, or remove it here',
    ],
    [
        "an upstream that is a tunnel address",
        { services: [{ name: "wiki", upstream: "10.8.0.7:80", allow: [] }] },
        'relay.services.wiki.upstream: "10.8.0.7:80" is an address of the tunnel; use the peer: { peer, port: 80 }',
    ],
    [
        "an upstream that is a tunnel address in IPv6",
        { subnet6: "fd12::/64", services: [{ name: "wiki", upstream: "[fd12::7]:80", allow: [] }] },
        'relay.services.wiki.upstream: "[fd12::7]:80" is an address of the tunnel; use the peer: { peer, port: 80 }',
    ],
    [
        "an unlisted peer in allow",
        { peers: peers("bob"), services: [{ name: "wiki", allow: ["bob", "toString"] }] },
        'relay.services.wiki.allow[1]: refers to a peer that is not listed, "toString"; add it to the relay\'s peers, or remove it here',
    ],
    [
        "a service on an unlisted peer",
        { services: [{ name: "wiki", allow: [], on: "nas" }] },
        'relay.services.wiki.on: refers to a peer that is not listed, "nas"; add it to the relay\'s peers, or remove it here',
    ],
    [
        "a service on a peer whose machine is its own",
        { peers: [{ ...peers("nas")[0]!, managed: false }], services: [{ name: "wiki", allow: [], on: "nas" }] },
        'relay.services.wiki.on: refers to "nas", which is not a managed peer; give the peer a `host`, or remove `on` so that TLS ends on the relay',
    ],
    [
        "a grant from a network that is not behind its peer",
        {
            peers: peers("nas", "bob"),
            grants: [{ from: [{ peer: "nas", network: "192.168.9.0/24" }], to: { peer: "bob" } }],
        },
        'relay.grants[0].from[0].network: "192.168.9.0/24" is not one of "nas"\'s routes; add it to the routes',
    ],
    [
        "a grant from a network behind a peer to one behind the relay",
        {
            routes: ["172.16.5.0/24"],
            peers: [{ ...peers("nas")[0]!, routes: ["192.168.9.0/24"] }],
            grants: [{ from: [{ peer: "nas", network: "192.168.9.0/24" }], to: { network: "172.16.5.0/24" } }],
        },
        "relay.grants[0].to: is a network behind the relay, which has no route back to a network behind a peer; grant it to the peer itself",
    ],
    [
        "a grant from an unlisted peer",
        { peers: peers("nas"), grants: [{ from: ["nas", "alice"], to: { peer: "nas" } }] },
        'relay.grants[0].from[1]: refers to a peer that is not listed, "alice"; add it to the relay\'s peers, or remove it here',
    ],
    [
        "a grant to an unlisted peer",
        { grants: [{ from: [], to: { peer: "nas", network: "192.168.7.0/24" } }] },
        'relay.grants[0].to: refers to a peer that is not listed, "nas"; add it to the relay\'s peers, or remove it here',
    ],
    [
        "a grant to a network that is not behind the peer",
        {
            peers: [{ name: "nas", routes: ["192.168.7.0/24"] }],
            grants: [{ from: [], to: { peer: "nas", network: "192.168.8.0/24" } }],
        },
        'relay.grants[0].to.network: "192.168.8.0/24" is not one of "nas"\'s routes; choose 192.168.7.0/24, or add it to the routes',
    ],
    [
        "a grant to a network that is not behind the relay",
        { grants: [{ from: [], to: { network: "192.168.8.0/24" } }] },
        'relay.grants[0].to.network: "192.168.8.0/24" is not one of the relay\'s routes; add it to the routes',
    ],
])("refuses %s", (_what, more, message) => {
    expect(refusal(() => checkRelay(relay(more)))).toBe(message);
});

it("names every fault, under the relay's name", () => {
    const message = refusal(() =>
        checkRelay(
            relay({
                routes: ["127.0.0.0/8"],
                peers: peers("bob"),
                services: [{ name: "wiki", allow: ["alice"] }],
                grants: [{ from: ["carol"], to: { peer: "bob" } }],
            }),
            "office",
        ),
    );
    expect(message.split("\n  ")).toEqual([
        "office: 3 arguments are invalid; correct them:",
        'office.routes[0]: "127.0.0.0/8" overlaps 127.0.0.0/8 (loopback); list only networks that can be routed',
        'office.services.wiki.allow[0]: refers to a peer that is not listed, "alice"; add it to the relay\'s peers, or remove it here',
        'office.grants[0].from[0]: refers to a peer that is not listed, "carol"; add it to the relay\'s peers, or remove it here',
    ]);
});

it("finds an overlap exactly when two routes overlap", () => {
    const network = fc
        .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 26, max: 32 }))
        .map(([host, prefix]) => {
            const size = 2 ** (32 - prefix);
            return parseCidr(`192.168.7.${host - (host % size)}/${prefix}`, "");
        });
    fc.assert(
        fc.property(fc.array(network, { maxLength: 6 }), (networks) => {
            const list = networks.map((route, index) => ({ name: `p${index}`, routes: [route] }));
            const pairs = networks.flatMap((a, index) => networks.slice(index + 1).map((b) => overlaps(a, b)));
            const check = (): void => checkRelay(relay({ peers: list }));
            if (pairs.includes(true)) {
                expect(check).toThrow(/overlaps/);
            } else {
                expect(check).not.toThrow();
            }
        }),
    );
});
