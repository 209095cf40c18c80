import { publicKeyOf } from "../../../../../core/keys/index.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import {
    epochOutputs,
    epochRecords,
    epochSentences,
    keyFiles,
    openRotation,
    previewEpochs,
    renderInterfaces,
} from "../../../../../providers/resources/wireguard/epochs.js";
import type { WireGuardInputs } from "../../../../../providers/resources/wireguard/inputs.js";
import { peerSentences } from "../../../../../providers/resources/wireguard/sentences.js";
import { changeOf, KEYS, peer, RELAY_PRIVATE_KEY, wireInputs } from "../relays.js";

const peers = {
    alice: peer("10.8.0.2", { publicKey: KEYS.alice }),
    bob: peer("10.8.0.3", { publicKey: KEYS.bob }),
    carol: peer("10.8.0.4"),
};
const NEXT_PRIVATE_KEY = KEYS.dave;
const [FIRST, SECOND] = [publicKeyOf(RELAY_PRIVATE_KEY), publicKeyOf(NEXT_PRIVATE_KEY)];
const both = { 1: RELAY_PRIVATE_KEY, 2: NEXT_PRIVATE_KEY };

/** A relay at a stage of a rotation. */
const at = (epochs: number[], more: Properties = {}) =>
    wireInputs(peers, { epochs, privateKeys: both, publicKeys: { carol: KEYS.carol }, ...more });

/** What previews say of a step from one stage to another, when these peers were last seen there. */
function said(from: number[], to: number[], onEpoch: Record<string, number> = {}, more: Properties = {}): string[] {
    const change = changeOf(at(from), at(to, more));
    return epochSentences({ ...change, before: { inputs: at(from), outputs: { onEpoch } } });
}

const args = (inputs: Properties) => inputs as unknown as WireGuardInputs;

describe("a preview of a rotation of the relay's key", () => {
    it("says nothing of a relay that is made, or whose epochs stay", () => {
        expect(epochSentences(changeOf(undefined, at([1, 2])))).toStrictEqual([]);
        expect(said([1], [1])).toStrictEqual([]);
    });

    it("says what begins and what everybody may do, when nobody has to do anything", () => {
        expect(said([1], [1, 2])).toStrictEqual([
            "key epoch 2 begins: a new key on wg0b, UDP port 51821, for the same peers; no peer is affected, every configuration in use keeps working; hand out the new ones and let peers switch when it suits them",
        ]);
    });

    it("begins the third where the first was", () => {
        expect(said([2], [2, 3])[0]).toMatch(/^key epoch 3 begins: a new key on wg0, UDP port 51820, /);
    });

    it("says that the end is refused while somebody has not moved, and names who", () => {
        expect(said([1, 2], [2], { alice: 2, bob: 1 })).toStrictEqual([
            "retiring key epoch 1 (its interface and port are removed): bob and carol had not switched at the last check: the update is refused until every peer has switched; peers that have switched are not affected",
        ]);
    });

    it("says whom a forced end cuts off", () => {
        expect(said([1, 2], [2], { alice: 2, bob: 1 }, { forceRetire: 1 })).toStrictEqual([
            "retiring key epoch 1 (its interface and port are removed): bob and carol had not switched at the last check: cut off at once, until the new configuration is in use; peers that have switched are not affected",
        ]);
    });

    it("forces no other epoch than the one that is named", () => {
        expect(said([1, 2], [2], {}, { forceRetire: 2 })[0]).toContain("the update is refused");
    });

    it("says that nobody is left", () => {
        expect(said([1, 2], [2], { alice: 2, bob: 2, carol: 2 })).toStrictEqual([
            "retiring key epoch 1 (its interface and port are removed): every peer was using a newer key at the last check; peers that have switched are not affected",
        ]);
    });

    it.each([
        [{}, "no peer was using it at the last check"],
        [
            { alice: 2, bob: 1 },
            "alice was using it at the last check and is cut off until the former configuration is in use again",
        ],
        [
            { alice: 2, bob: 2 },
            "alice and bob were using it at the last check and are cut off until the former configuration is in use again",
        ],
    ])("called off, names who has to go back: %j", (seen, who) => {
        expect(said([1, 2], [1], seen)).toStrictEqual([
            `key epoch 2 is cancelled: ${who}; other peers are not affected`,
        ]);
    });

    it("names ten of many who have not moved, and counts the rest", () => {
        const many = Object.fromEntries(
            Array.from({ length: 12 }, (_, index) => [`p${index + 10}`, peer(`10.8.0.${index + 10}`)]),
        );
        const [from, to] = [at([1, 2], { peers: many }), at([2], { peers: many })];
        const [sentence] = epochSentences({ ...changeOf(from, to), before: { inputs: from, outputs: {} } });
        expect(sentence).toContain("p10, p11, p12, p13, p14, p15, p16, p17, p18, p19 and 2 more had not switched");
    });
});

describe("who is not disturbed by a stage", () => {
    const comfort = (from: number[], to: number[], onEpoch: Record<string, number>, more: Properties = {}) => {
        const change = { ...changeOf(at(from), at(to, more)), before: { inputs: at(from), outputs: { onEpoch } } };
        return peerSentences(change, new Date("2027-01-01T00:00:00Z")).filter((sentence) =>
            /no other peer/.test(sentence),
        );
    };

    it("is everybody when an epoch begins", () => {
        expect(comfort([1], [1, 2], {})).toStrictEqual([
            "hub: no other peer is affected: 3 peers keep their key, address and session",
        ]);
    });

    it.each([
        [[1, 2], [2], { alice: 2, bob: 1 }],
        [[1, 2], [1], { alice: 1, bob: 2, carol: 2 }],
    ])("is who does not use what ends: from %j to %j", (from, to, seen) => {
        expect(comfort(from, to, seen)).toStrictEqual([
            "hub: no other peer is affected: 1 peer keeps its key, address and session",
        ]);
    });

    it("is nobody when all are cut off", () => {
        expect(comfort([1, 2], [2], {}, { forceRetire: 1 })).toStrictEqual([]);
    });
});

describe("a preview between two stages", () => {
    const open = (onEpoch: Record<string, number>) =>
        openRotation(at([1, 2]), { inputs: at([1, 2]), outputs: { onEpoch } });

    it("says how many have moved, who has not, and until when nothing happens", () => {
        expect(open({ alice: 2, bob: 1 })).toStrictEqual([
            "key epochs 1 and 2 are open: 1 of 3 peers was using epoch 2 at the last check, not yet bob and carol; nothing changes until keyEpochs does",
        ]);
    });

    it("says what ends it once everybody has", () => {
        expect(open({ alice: 2, bob: 2, carol: 2 })).toStrictEqual([
            "key epochs 1 and 2 are open: 3 of 3 peers were using epoch 2 at the last check; keyEpochs [2] ends the rotation",
        ]);
    });

    it("is silent without a rotation, and when a stage changes in this very update", () => {
        expect(openRotation(at([1]), { inputs: at([1]), outputs: {} })).toStrictEqual([]);
        expect(openRotation(at([1, 2]), { inputs: at([1]), outputs: {} })).toStrictEqual([]);
    });
});

describe("what a relay is given", () => {
    it("is a line and a key for each epoch", () => {
        expect(renderInterfaces(args(at([1, 2])), "wg0")).toBe(`wg0\t51820\t1\t${FIRST}\nwg0b\t51821\t2\t${SECOND}\n`);
        expect(keyFiles(args(at([1, 2])), "wg0")).toStrictEqual({
            "key.wg0": `${RELAY_PRIVATE_KEY}\n`,
            "key.wg0b": `${NEXT_PRIVATE_KEY}\n`,
        });
    });

    it("is no key where the relay makes its own", () => {
        const own = args(at([1, 2], { identity: "host", privateKeys: undefined }));
        expect(renderInterfaces(own, "wg0")).toBe("wg0\t51820\t1\t-\nwg0b\t51821\t2\t-\n");
        expect(keyFiles(own, "wg0")).toStrictEqual({});
    });
});

describe("what a relay answers", () => {
    const interfaces = `wg0\t51820\t1\t${FIRST}\nwg0b\t51821\t2\t${SECOND}\n`;

    it("is the newest key, where each is, and who was last on which, by name", () => {
        expect(
            epochOutputs(at([1, 2]), { interfaces, moved: `${KEYS.alice}\twg0b\n${KEYS.carol}\twg0\n` }),
        ).toStrictEqual({
            publicKey: SECOND,
            epochs: {
                1: { interface: "wg0", port: 51820, publicKey: FIRST },
                2: { interface: "wg0b", port: 51821, publicKey: SECOND },
            },
            onEpoch: { alice: 2, carol: 1 },
        });
    });

    it("forgets who was where once there is one", () => {
        const one = epochOutputs(at([2]), {
            interfaces: `wg0b\t51821\t2\t${SECOND}\n`,
            moved: `${KEYS.alice}\twg0b\n`,
        });
        expect(one.onEpoch).toStrictEqual({});
    });
});

describe("what a preview knows of the keys", () => {
    it("is all that the state holds", () => {
        const change = changeOf(at([1]), at([1, 2]));
        expect(previewEpochs(change)).toStrictEqual({
            publicKey: SECOND,
            epochs: {
                1: { interface: "wg0", port: 51820, publicKey: FIRST },
                2: { interface: "wg0b", port: 51821, publicKey: SECOND },
            },
            onEpoch: UNKNOWN,
        });
    });

    it("is what a relay with keys of its own has told, and not yet the one that it is to make", () => {
        const own = (epochs: number[]) => at(epochs, { identity: "host", privateKeys: undefined });
        const told = { epochs: { 1: { interface: "wg0", port: 51820, publicKey: FIRST } } };
        const preview = previewEpochs({ inputs: own([1, 2]), before: { inputs: own([1]), outputs: told } });
        expect(preview).toMatchObject({
            publicKey: UNKNOWN,
            epochs: { 1: { publicKey: FIRST }, 2: { publicKey: UNKNOWN } },
        });
    });
});

describe("the records of a rotation", () => {
    const told = (...epochs: [number, string][]) => ({
        epochs: Object.fromEntries(epochs.map(([epoch, publicKey]) => [epoch, { publicKey }])),
    });
    const recorded = (from: number[], to: number[], before: Properties, after: Properties) =>
        epochRecords({ ...changeOf(at(from), at(to)), before: { inputs: at(from), outputs: before } }, after);

    it.each([
        [[1], [1, 2], "add", 2, FIRST, SECOND],
        [[1, 2], [2], "retire", 1, FIRST, SECOND],
        [[1, 2], [1], "call off", 2, SECOND, FIRST],
    ] as const)("from %j to %j say the stage, the old and the new public key", (from, to, stage, epoch, old, now) => {
        const keys: [number, string][] = [
            [1, FIRST],
            [2, SECOND],
        ];
        const known = (epochs: readonly number[]) => told(...keys.filter(([key]) => epochs.includes(key)));
        const records = recorded([...from], [...to], known(from), known(to));
        expect(records.map(({ action, details }) => ({ action, details }))).toStrictEqual([
            {
                action: "key_rotate",
                details: { relay: "hub", stage, epoch, old_public_key: old, public_key: now },
            },
        ]);
        expect(JSON.stringify(records)).not.toContain(RELAY_PRIVATE_KEY);
        expect(JSON.stringify(records)).not.toContain(NEXT_PRIVATE_KEY);
    });
});
