import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { peerSentencesOf } from "../../../../../providers/resources/wireguard/peerSentences.js";
import type { RegistryPeer } from "../../../../../core/registry/model.js";
import { changeOf, KEYS, peer, wireInputs } from "../relays.js";

const NOW = new Date("2027-01-01T00:00:00Z");
const PSK = "cHJlc2hhcmVkIGtleSBvZiBub3RoaW5nIGJ1dCB0ZXM=";
const alice = peer("10.8.0.2", { publicKey: KEYS.alice });

type Peers = Record<string, RegistryPeer>;

const between = (then: Peers, now: Peers, more: Properties = {}, interrupted = false): string[] =>
    peerSentencesOf(changeOf(wireInputs(then), wireInputs(now, more)), NOW, interrupted);
/** One peer that changes; `!` is a change that interrupts every peer. */
const of = (then: Partial<RegistryPeer>, now: Partial<RegistryPeer>, interrupted = false): string[] =>
    between({ alice: { ...alice, ...then } }, { alice: { ...alice, ...now } }, {}, interrupted);
const many = (more: Partial<RegistryPeer>, count = 9): Peers =>
    Object.fromEntries(
        Array.from({ length: count }, (_, n) => [
            `p${n + 1}`,
            peer(`10.8.0.${n + 11}`, { publicKey: Buffer.alloc(32, n + 1).toString("base64"), ...more }),
        ]),
    );
const ALL = "p1, p2, p3, p4, p5, p6, p7, p8 and p9 (9 peers)";

it("adds a peer at its addresses, with what it routes and until when", () => {
    const more = { address6: "fd12::2", routes: ["192.168.7.0/24"], expires: "2027-06-01T00:00:00Z" };
    expect(between({}, { alice: { ...alice, ...more } })).toEqual([
        "alice will be added at 10.8.0.2 and fd12::2, routing 192.168.7.0/24, until 2027-06-01T00:00:00Z",
    ]);
});

it("says what ends for a peer that is removed, and of one that had expired that it ended then", () => {
    const key = "the address stays reserved, the key SHA256:";
    expect(between({ alice }, {})[0]).toMatch(
        /^alice \(10\.8\.0\.2\) is cut off at once, running connections included; the address stays reserved, the key SHA256:\S+ stays revoked$/,
    );
    const expires = "2026-12-31T00:00:00Z";
    const [late, cut] = between({ alice: { ...alice, expires }, zoe: peer("10.8.0.9", { publicKey: KEYS.bob }) }, {});
    expect(late).toContain(`alice (10.8.0.2) expired on ${expires} and was cut off then by the relay; ${key}`);
    expect(cut).toContain("zoe (10.8.0.9) is cut off at once");
});

it.each<[string, string[], string]>([
    [
        "a new route",
        of({}, { routes: ["192.168.7.0/24"] }),
        "alice routes 192.168.7.0/24 from now on; connections to the tunnel address continue",
    ],
    [
        "a route less",
        of({ routes: ["192.168.7.0/24"] }, {}),
        "alice no longer routes 192.168.7.0/24; connections to the tunnel address continue",
    ],
    [
        "another route, in a change that interrupts every peer",
        of({ routes: ["192.168.7.0/24"] }, { routes: ["192.168.8.0/24"] }, true),
        "alice routes 192.168.8.0/24 instead of 192.168.7.0/24",
    ],
    [
        "a later expiry",
        of({ expires: "2027-02-01T00:00:00Z" }, { expires: "2027-03-01T00:00:00Z" }),
        "alice expires on 2027-03-01T00:00:00Z, not on 2027-02-01T00:00:00Z; connections continue",
    ],
    [
        "no expiry any more",
        of({ expires: "2027-02-01T00:00:00Z" }, {}),
        "alice no longer expires; connections continue",
    ],
    [
        "an IPv6 address besides",
        of({}, { address6: "fd12::2" }),
        "alice also gets fd12::2, for its next configuration; IPv4 connections continue",
    ],
    ["no IPv6 address any more", of({ address6: "fd12::2" }, {}), "alice loses fd12::2; IPv4 connections continue"],
    [
        "another IPv6 address",
        of({ address6: "fd12::2" }, { address6: "fd12::3" }, true),
        "alice moves from fd12::2 to fd12::3",
    ],
    [
        "another IPv4 address",
        of({}, { address: "10.8.0.9" }),
        "alice moves from 10.8.0.2 to 10.8.0.9: cut off until the new configuration is in use",
    ],
    [
        "a preshared key of its own",
        between({ alice }, { alice }, { presharedKeys: { alice: PSK } }),
        "alice gets a new preshared key: it stays connected for two to three minutes, then only with the new configuration",
    ],
    [
        "the same in a change that interrupts every peer",
        between({ alice }, { alice }, { presharedKeys: { alice: PSK } }, true),
        "alice gets a new preshared key: cut off until the new configuration is in use",
    ],
])("says of a peer with %s whether its connections continue", (_what, said, sentence) => {
    expect(said).toEqual([sentence]);
});

it("says after which time a key that is replaced stops working, and that it does at once when something else cuts it off", () => {
    const now = { alice: { ...alice, publicKey: KEYS.bob } };
    const OVERLAP = "the old configuration works until the new one is used, for";
    const rekeyed = (keyOverlap: number): string[] => between({ alice }, now, { keyOverlap });
    expect(rekeyed(0)).toEqual(["alice gets a new key: cut off until the new configuration is in use"]);
    expect(rekeyed(172_800)).toEqual([`alice gets a new key: ${OVERLAP} 2 days at most`]);
    expect(rekeyed(3600)).toEqual([`alice gets a new key: ${OVERLAP} 1 hour at most`]);
    expect(rekeyed(90)).toEqual([`alice gets a new key: ${OVERLAP} 90 seconds at most`]);
    expect(between({ alice }, now, { keyOverlap: 3600, presharedKeys: { alice: PSK } })).toEqual([
        `alice gets a new key and a new preshared key: ${OVERLAP} 1 hour at most`,
    ]);
    expect(between({ alice }, now, { keyOverlap: 3600 }, true)).toEqual([
        "alice gets a new key: cut off until the new configuration is in use",
    ]);
    const moved = { alice: { ...now.alice, address: "10.8.0.9" } };
    expect(between({ alice }, moved, { keyOverlap: 3600 })[0]).toBe(
        "alice gets a new key: cut off until the new configuration is in use",
    );
});

it("keeps the preshared key of a peer that is renamed only where the program gives it", () => {
    const given = (name: string): Properties => ({ presharedKeys: { [name]: PSK } });
    const renamed = changeOf(wireInputs({ alice }, given("alice")), wireInputs({ alicia: alice }, given("alicia")));
    expect(peerSentencesOf(renamed, NOW, false)).toEqual([
        "alice is now called alicia and keeps 10.8.0.2; connections continue",
    ]);
    expect(between({ alice }, { alicia: alice }, {}, true)).toEqual([
        "alice is now called alicia and keeps 10.8.0.2; the preshared key depends on the name: cut off until the new configuration is in use",
    ]);
});

it("names more than eight peers with the same effect in one sentence, every one of them", () => {
    expect(between({}, many({ routes: ["192.168.7.0/24"] }))).toEqual([`${ALL} will be added, routing 192.168.7.0/24`]);
    expect(between(many({}), {})).toEqual([
        `${ALL} are cut off at once, running connections included; their addresses stay reserved, their keys stay revoked`,
    ]);
    expect(between(many({}), many({ expires: "2027-06-01T00:00:00Z" }))).toEqual([
        `${ALL} expire on 2027-06-01T00:00:00Z; connections continue`,
    ]);
    expect(between(many({}, 8), {})).toHaveLength(8);
});

it("keeps a sentence of its own for the one of many that something else happens to", () => {
    const now = {
        ...many({ expires: "2027-06-01T00:00:00Z" }),
        p9: { ...many({})["p9"]!, expires: "2027-07-01T00:00:00Z" },
    };
    expect(between(many({}), now)).toEqual([
        "p1, p2, p3, p4, p5, p6, p7 and p8 (8 peers) expire on 2027-06-01T00:00:00Z; connections continue",
        "p9 expires on 2027-07-01T00:00:00Z; connections continue",
    ]);
});

it("orders what it says by what happens, with those that had expired first", () => {
    const then = {
        ...{ alice, bob: peer("10.8.0.3", { publicKey: KEYS.bob, expires: "2026-01-01T00:00:00Z" }) },
        carol: peer("10.8.0.4", { publicKey: KEYS.carol }),
    };
    const said = between(
        then,
        { dave: peer("10.8.0.5"), carol: { ...then.carol, routes: ["192.168.7.0/24"] } },
        {
            publicKeys: { dave: UNKNOWN },
        },
    );
    expect(said.map((sentence) => sentence.split(" ")[0])).toEqual(["bob", "dave", "alice", "carol"]);
});
