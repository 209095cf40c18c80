import { publicKeyOf } from "../../../../../core/keys/index.js";
import { UNKNOWN } from "../../../../../providers/resources/resource.js";
import { count, listNames } from "../../../../../providers/resources/sentences.js";
import { peerSentences } from "../../../../../providers/resources/wireguard/sentences.js";
import { changeOf, KEYS, peer, RELAY_PRIVATE_KEY, wireInputs } from "../relays.js";

const alice = peer("10.8.0.2", { publicKey: KEYS.alice });
const bob = peer("10.8.0.3", { publicKey: KEYS.bob });
const sentences = (...versions: Parameters<typeof changeOf>) =>
    peerSentences(changeOf(...versions), new Date("2027-01-01T00:00:00Z"));

/** As many peers with keys of their own, by name: p10, p11, ... */
const many = (number: number, more: object = {}) =>
    Object.fromEntries(
        Array.from({ length: number }, (_, index) => [
            `p${index + 10}`,
            peer(`10.8.0.${index + 10}`, { publicKey: Buffer.alloc(32, index + 10).toString("base64"), ...more }),
        ]),
    );

describe("the first apply", () => {
    it("says where the relay listens and who will be connected", () => {
        const nas = peer("10.8.0.4", { routes: ["192.168.7.0/24", "192.168.8.0/24"], address6: "fd12::4" });
        expect(sentences(undefined, wireInputs({ alice, nas }))).toEqual([
            "hub: listens on UDP port 51820",
            "hub: alice will be added at 10.8.0.2",
            "hub: nas will be added at 10.8.0.4 and fd12::4, routing 192.168.7.0/24 and 192.168.8.0/24",
        ]);
    });

    it("says that there is nobody yet", () => {
        expect(sentences(undefined, wireInputs({}))).toEqual(["hub: listens on UDP port 51820", "hub: no peers yet"]);
    });
});

describe("an interface that is replaced in the state alone", () => {
    const kept = {
        peers: [`alice\t${KEYS.alice}\t10.8.0.2\t`, `bob\t${KEYS.bob}\t10.8.0.3\t`].join("\n"),
        epochs: { 1: publicKeyOf(RELAY_PRIVATE_KEY) },
    };
    const carol = peer("10.8.0.4");
    const publicKeys = { carol: KEYS.carol };

    it("affects nobody who stays as before", () => {
        expect(sentences(undefined, wireInputs({ alice, bob }, { kept }))).toEqual([
            "hub: no peer is affected: 2 peers keep their key, address and session",
        ]);
    });

    it("says what else changes as it would be said of an update", () => {
        const changed = { alice: { ...alice, publicKey: KEYS.dave }, carol };
        expect(sentences(undefined, wireInputs(changed, { kept, publicKeys }))).toEqual(
            sentences(wireInputs({ alice, bob }), wireInputs(changed, { publicKeys })),
        );
        expect(sentences(undefined, wireInputs({ alice, bob }, { kept, privateKeys: { 1: UNKNOWN } }))).toEqual([
            "hub: the relay's own key changes: every peer is cut off until it uses its new configuration",
        ]);
    });
});

describe("a later change", () => {
    it("says who comes, and that nobody else is disturbed", () => {
        expect(sentences(wireInputs({ alice }), wireInputs({ alice, bob }))).toEqual([
            "hub: bob will be added at 10.8.0.3",
            "hub: no other peer is affected: 1 peer keeps its key, address and session",
        ]);
    });

    it("names the peer that is cut off, with its fingerprint", () => {
        expect(sentences(wireInputs({ alice, bob, ...many(2) }), wireInputs({ alice, ...many(2) }))).toEqual([
            "hub: bob (10.8.0.3) is cut off at once, running connections included; the address stays reserved, the key SHA256:815WFhYKML88bnn6 stays revoked",
            "hub: no other peer is affected: 3 peers keep their key, address and session",
        ]);
    });

    it("says what a new name means", () => {
        expect(sentences(wireInputs({ alice }), wireInputs({ alicia: alice }))).toEqual([
            "hub: alice is now called alicia and keeps 10.8.0.2; the preshared key depends on the name: it stays connected for two to three minutes, then only with the new configuration",
        ]);
    });

    it("says what a rotation asks of whom", () => {
        const generated = peer("10.8.0.4");
        const before = wireInputs({ alice, carol: generated }, { publicKeys: { carol: KEYS.carol } });
        const after = wireInputs(
            { alice: { ...alice, keyEpoch: 2 }, carol: { ...generated, keyEpoch: 2 } },
            { publicKeys: { carol: UNKNOWN } },
        );
        expect(sentences(before, after)).toEqual([
            "hub: carol gets a new key: cut off until the new configuration is in use",
            "hub: alice gets a new preshared key: it stays connected for two to three minutes, then only with the new configuration",
        ]);
    });

    it("says who moves and what is behind whom", () => {
        const before = wireInputs({ alice, bob: { ...bob, routes: ["192.168.7.0/24"] } });
        const after = wireInputs({ alice: { ...alice, address: "10.8.0.9" }, bob });
        expect(sentences(before, after)).toEqual([
            "hub: alice moves from 10.8.0.2 to 10.8.0.9: cut off until the new configuration is in use",
            "hub: bob no longer routes 192.168.7.0/24; connections to the tunnel address continue",
        ]);
    });

    it.each([
        [
            { privateKeys: { 1: KEYS.dave } },
            "the relay's own key changes: every peer is cut off until it uses its new configuration",
        ],
        [
            { listenPort: 51821 },
            "the relay's UDP port changes from 51820 to 51821: every peer needs its new configuration",
        ],
        [
            { address: "10.9.0.1" },
            "the relay's address changes from 10.8.0.1 to 10.9.0.1: every peer needs its new configuration",
        ],
        [{ prefix: 16 }, "the relay's prefix length changes from 24 to 16: every peer needs its new configuration"],
        [{ machine: "m2" }, "this is a different machine: it is set up from scratch with the same keys and addresses"],
    ])("of the relay itself tells everybody, and comforts nobody: %j", (more, sentence) => {
        expect(sentences(wireInputs({ alice, bob }), wireInputs({ alice, bob }, more))).toEqual([`hub: ${sentence}`]);
    });

    it("promises nothing on a machine that a preview does not know yet", () => {
        expect(sentences(wireInputs({ alice }), wireInputs({ alice }, { machine: UNKNOWN }))).toEqual([
            "hub: the update will determine which machine this is: a different one is set up from scratch, with the same keys and addresses, and every peer reconnects",
        ]);
    });

    it("names no private key", () => {
        const said = sentences(wireInputs({ alice }), wireInputs({ bob }, { privateKeys: { 1: KEYS.dave } })).join(
            "\n",
        );
        expect(said).not.toContain(RELAY_PRIVATE_KEY);
        expect(said).not.toContain(KEYS.dave);
    });
});

describe("many changes of a kind", () => {
    it("are told one by one up to eight", () => {
        expect(sentences(wireInputs({ alice }), wireInputs({ alice, ...many(8) }))).toHaveLength(9);
    });

    it.each([
        [{}, many(9), "will be added"],
        [
            many(9),
            {},
            "are cut off at once, running connections included; their addresses stay reserved, their keys stay revoked",
        ],
        [
            many(9),
            many(9, { admitted: 2 }),
            "get new preshared keys: they stay connected for two to three minutes, then only with their new configuration",
        ],
        [
            many(9),
            many(9, { routes: ["192.168.7.0/24"] }),
            "route 192.168.7.0/24 from now on; connections to their tunnel addresses continue",
        ],
    ])("are told in one sentence from nine on", (before, after, what) => {
        expect(sentences(wireInputs({ alice, ...before }), wireInputs({ alice, ...after }))).toEqual([
            `hub: p10, p11, p12, p13, p14, p15, p16, p17 and p18 (9 peers) ${what}`,
            "hub: no other peer is affected: 1 peer keeps its key, address and session",
        ]);
    });

    it("of different kinds are counted apart", () => {
        const found = sentences(wireInputs(many(9)), wireInputs({ alice, bob }));
        expect(found).toEqual([
            "hub: alice will be added at 10.8.0.2",
            "hub: bob will be added at 10.8.0.3",
            "hub: p10, p11, p12, p13, p14, p15, p16, p17 and p18 (9 peers) are cut off at once, running connections included; their addresses stay reserved, their keys stay revoked",
        ]);
    });
});

describe("words", () => {
    it.each([
        [[], ""],
        [["a"], "a"],
        [["a", "b"], "a and b"],
        [["a", "b", "c", "d", "e"], "a, b, c, d and e"],
        [["a", "b", "c", "d", "e", "f"], "a, b, c, d, e and 1 more"],
    ])("list %j", (names, text) => {
        expect(listNames(names)).toBe(text);
    });

    it("count", () => {
        expect([0, 1, 2].map((number) => count(number, "peer"))).toEqual(["0 peers", "1 peer", "2 peers"]);
    });
});

describe("a relay that keeps its key to itself", () => {
    const host = { identity: "host", privateKeys: undefined };

    it("goes on with the key it has, and says what that means", () => {
        expect(sentences(wireInputs({ alice }), wireInputs({ alice }, host))).toEqual([
            "hub: the relay's key stays only on the relay from now on: it is removed from the state, and a lost machine cannot be rebuilt as the same relay",
            "hub: no other peer is affected: 1 peer keeps its key, address and session",
        ]);
    });

    it.each([{ 1: RELAY_PRIVATE_KEY }, UNKNOWN])(
        "gets another one when the state is to have it: case %#",
        (privateKeys) => {
            expect(sentences(wireInputs({ alice }, host), wireInputs({ alice }, { privateKeys }))).toEqual([
                "hub: the relay's own key changes: every peer is cut off until it uses its new configuration",
            ]);
        },
    );
});

describe("what another resource supplies and a preview does not know", () => {
    const expires = { expires: { alice: UNKNOWN } };

    it("is said beside what is known, and leaves everybody as they were", () => {
        const before = wireInputs({ alice, bob });
        expect(sentences(before, { ...before, supplied: { ...expires, peers: UNKNOWN } })).toEqual([
            "hub: which other peers there are is not known before the update: another resource supplies a list of them; until then none of them is added or removed",
            "hub: when alice expires is not known before the update: another resource supplies it",
            "hub: no other peer is affected: 1 peer keeps its key, address and session",
        ]);
        expect(sentences(undefined, { ...before, supplied: { routes: { bob: UNKNOWN } } })).toContain(
            "hub: the networks behind bob are not known before the update: another resource supplies them",
        );
    });

    it("is no reason to say that there are no peers", () => {
        expect(sentences(undefined, { ...wireInputs({}), supplied: { peers: UNKNOWN } })).not.toContain(
            "hub: no peers yet",
        );
    });
});
