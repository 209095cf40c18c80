import fc from "fast-check";

import { keyOf, peerChanges } from "../../../../../providers/resources/wireguard/peerChanges.js";
import { UNKNOWN } from "../../../../../providers/resources/resource.js";
import { changeOf, KEYS, peer, wireInputs } from "../relays.js";

const alice = peer("10.8.0.2", { publicKey: KEYS.alice });
const bob = peer("10.8.0.3", { publicKey: KEYS.bob });

const changes = (...versions: Parameters<typeof changeOf>) => peerChanges(changeOf(...versions));

describe("what happens to a peer", () => {
    it("on the first apply is that everybody comes, sorted by name", () => {
        expect(changes(undefined, wireInputs({ bob, alice }))).toStrictEqual([
            { kind: "add", name: "alice", peer: alice, publicKey: KEYS.alice },
            { kind: "add", name: "bob", peer: bob, publicKey: KEYS.bob },
        ]);
    });

    it("is nothing when nothing changed, whatever the order", () => {
        expect(changes(wireInputs({ alice, bob }), wireInputs({ bob, alice }))).toStrictEqual([]);
    });

    it("is an addition", () => {
        expect(changes(wireInputs({ alice }), wireInputs({ alice, bob }))).toStrictEqual([
            { kind: "add", name: "bob", peer: bob, publicKey: KEYS.bob },
        ]);
    });

    it("is a removal, with the key and the address it had", () => {
        expect(changes(wireInputs({ alice, bob }), wireInputs({ alice }))).toStrictEqual([
            { kind: "remove", name: "bob", peer: bob, publicKey: KEYS.bob },
        ]);
    });

    it("is a rename when a new name has the key of one that went", () => {
        expect(changes(wireInputs({ alice }), wireInputs({ alicia: alice }))).toStrictEqual([
            { kind: "rename", name: "alicia", peer: alice, before: alice, publicKey: KEYS.alice, formerly: "alice" },
        ]);
    });

    it("is no rename when the one who had the key is still listed", () => {
        expect(changes(wireInputs({ alice }), wireInputs({ alice, alicia: alice })).map(({ kind }) => kind)).toEqual([
            "add",
        ]);
    });

    it("renames one of two only: a key has one owner", () => {
        const found = changes(wireInputs({ alice }), wireInputs({ alicia: alice, alina: alice }));
        expect(found.map(({ kind, name }) => [kind, name])).toEqual([
            ["rename", "alicia"],
            ["add", "alina"],
        ]);
    });

    it("is a new key", () => {
        const rekeyed = { ...alice, publicKey: KEYS.carol };
        expect(changes(wireInputs({ alice }), wireInputs({ alice: rekeyed }))).toStrictEqual([
            {
                kind: "rekey",
                name: "alice",
                peer: rekeyed,
                before: alice,
                publicKey: KEYS.carol,
                oldPublicKey: KEYS.alice,
            },
        ]);
    });

    it("is a new key when a preview does not know the generated one yet", () => {
        const generated = peer("10.8.0.2");
        const raised = { ...generated, keyEpoch: 2 };
        const before = wireInputs({ alice: generated }, { publicKeys: { alice: KEYS.carol } });
        expect(changes(before, wireInputs({ alice: raised }, { publicKeys: { alice: UNKNOWN } }))).toStrictEqual([
            {
                kind: "rekey",
                name: "alice",
                peer: raised,
                before: generated,
                publicKey: undefined,
                oldPublicKey: KEYS.carol,
            },
        ]);
    });

    it("is only a new preshared key when it brought its key and its epoch was raised", () => {
        expect(
            changes(wireInputs({ alice }), wireInputs({ alice: { ...alice, keyEpoch: 2 } })).map(({ kind }) => kind),
        ).toEqual(["preshared"]);
    });

    it("is another address, of either family", () => {
        const moved = { ...alice, address: "10.8.0.9" };
        expect(changes(wireInputs({ alice }), wireInputs({ alice: moved }))).toStrictEqual([
            {
                kind: "readdress",
                name: "alice",
                peer: moved,
                before: alice,
                publicKey: KEYS.alice,
                oldPublicKey: KEYS.alice,
            },
        ]);
        const dual = { ...alice, address6: "fd12::2" };
        expect(changes(wireInputs({ alice }), wireInputs({ alice: dual })).map(({ kind }) => kind)).toEqual([
            "readdress",
        ]);
    });

    it("is other networks behind it", () => {
        const routed = { ...alice, routes: ["192.168.7.0/24"] };
        expect(changes(wireInputs({ alice }), wireInputs({ alice: routed })).map(({ kind }) => kind)).toEqual([
            "reroute",
        ]);
    });

    it.each([
        ["given", { presharedKeys: { alice: "none" } }],
        ["of another seed", { seed: "HwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" }],
    ])("is a preshared key that is %s", (_what, more) => {
        expect(changes(wireInputs({ alice }), wireInputs({ alice }, more)).map(({ kind }) => kind)).toEqual([
            "preshared",
        ]);
    });

    it("is a preshared key when it was admitted once more", () => {
        expect(
            changes(wireInputs({ alice }), wireInputs({ alice: { ...alice, admitted: 2 } })).map(({ kind }) => kind),
        ).toEqual(["preshared"]);
    });

    it("never names anybody whose entry is the same", () => {
        const entry = fc.record({
            address: fc.constantFrom("10.8.0.2", "10.8.0.3"),
            publicKey: fc.constantFrom(KEYS.alice, KEYS.bob, KEYS.carol),
            routes: fc.constantFrom<string[]>([], ["192.168.7.0/24"]),
            keyEpoch: fc.constantFrom(1, 2),
            admitted: fc.constantFrom(1, 2),
        });
        const peers = fc.dictionary(fc.constantFrom("alice", "bob", "carol", "dave"), entry);
        fc.assert(
            fc.property(peers, peers, (before, after) => {
                const found = peerChanges(changeOf(wireInputs(before), wireInputs(after)));
                const named = found.flatMap(({ name, formerly }) => [name, formerly ?? name]);
                const differing = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
                    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
                );
                expect([...new Set(named)].sort()).toEqual(differing.sort());
                expect(found.map(({ name }) => name)).toEqual(found.map(({ name }) => name).sort());
                const each = found.map(({ name, kind }) => `${name} ${kind}`);
                expect(each).toEqual([...new Set(each)]);
            }),
        );
    });
});

describe("the key of a peer", () => {
    it("is the one of the registry, or the generated one, or not known", () => {
        const inputs = wireInputs(
            { alice, carol: peer("10.8.0.4"), dave: peer("10.8.0.5"), erin: peer("10.8.0.6") },
            { publicKeys: { alice: KEYS.dave, carol: KEYS.carol, dave: UNKNOWN } },
        );
        expect(["alice", "carol", "dave", "erin", "nobody"].map((name) => keyOf(inputs, name))).toEqual([
            KEYS.alice,
            KEYS.carol,
            undefined,
            undefined,
            undefined,
        ]);
    });

    it("is not known while the registry is not", () => {
        expect(keyOf({ peers: UNKNOWN }, "alice")).toBeUndefined();
        expect(peerChanges({ inputs: { peers: UNKNOWN } })).toEqual([]);
    });
});
