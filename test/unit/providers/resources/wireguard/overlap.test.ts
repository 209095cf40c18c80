import { storeDrift } from "../../../../../core/drift.js";
import { fingerprint } from "../../../../../core/keys/index.js";
import {
    expectedPeers,
    formersIn,
    overlaps,
    renderRekeyed,
    unknownFormers,
    withKnownFormers,
} from "../../../../../providers/resources/wireguard/overlap.js";
import { peerSentences } from "../../../../../providers/resources/wireguard/sentences.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { changeOf, KEYS, peer, registered, wireInputs } from "../relays.js";

const generated = (publicKeys: Properties, more: Properties = {}) =>
    wireInputs({ nas: peer("10.8.0.4"), alice: peer("10.8.0.2", { publicKey: KEYS.alice }) }, { publicKeys, ...more });
const [OLD, NEW] = [KEYS.carol, KEYS.dave];

describe("renderRekeyed", () => {
    it("is the new and the old key of who gets another, and of nobody else", () => {
        const change = changeOf(generated({ nas: OLD }), generated({ nas: NEW }));
        expect(renderRekeyed(change)).toBe(`${NEW}\t${OLD}\n`);
        expect(renderRekeyed(changeOf(generated({ nas: OLD }), generated({ nas: OLD })))).toBe("");
        expect(renderRekeyed(changeOf(undefined, generated({ nas: OLD })))).toBe("");
    });

    it("has the same for a peer that brings a different key", () => {
        const of = (publicKey: string) => wireInputs({ alice: peer("10.8.0.2", { publicKey }) });
        expect(renderRekeyed(changeOf(of(KEYS.alice), of(KEYS.bob)))).toBe(`${KEYS.bob}\t${KEYS.alice}\n`);
    });
});

describe("overlaps", () => {
    it("reads the old key of each new one", () => {
        expect(overlaps({ moving: `${NEW}\t${OLD}\t1900000000\n` })).toStrictEqual(new Map([[NEW, OLD]]));
        expect(overlaps({})).toStrictEqual(new Map());
        expect(overlaps({ moving: "" })).toStrictEqual(new Map());
    });
});

describe("expectedPeers", () => {
    const nas = { name: "nas", publicKey: NEW, presharedKey: "psk", allowedIps: ["10.8.0.4/32"], keepalive: 0 };

    it("leaves the addresses with the old key, of which no preshared key is known here", () => {
        expect(expectedPeers([nas], { moving: `${NEW}\t${OLD}\t1900000000\n` })).toStrictEqual([
            { ...nas, allowedIps: [] },
            { name: "nas (former key)", publicKey: OLD, allowedIps: ["10.8.0.4/32"], keepalive: 0 },
        ]);
    });

    it("changes nobody who is not moving", () => {
        expect(expectedPeers([nas], { moving: `${KEYS.alice}\t${KEYS.bob}\t1900000000\n` })).toStrictEqual([nas]);
        expect(expectedPeers([nas], {})).toStrictEqual([nas]);
    });
});

describe("a line in the relay's record of replaced keys", () => {
    const moving = `${NEW}\t${OLD}\t1900000000\n${NEW}\t${KEYS.bob}\t1900000000\n`;
    const known = formersIn({ registry: { nas: registered({ publicKey: NEW, replaces: OLD }) } });

    it("counts when the state knows the former key, and is named when nobody does", () => {
        expect(withKnownFormers({ moving }, known).moving).toBe(`${NEW}\t${OLD}\t1900000000\n`);
        expect(withKnownFormers({}, known)).toStrictEqual({});
        const print = fingerprint(KEYS.bob);
        expect(storeDrift(unknownFormers({ moving }, known))).toStrictEqual({
            [`former key ${print}`]: `the relay's record of replaced keys has ${print} as a peer's former key, which is neither in the state nor in the log; \`pulumi up --refresh\` removes it`,
        });
        expect(storeDrift(unknownFormers({ moving: "a\tb\n" }, known))).toStrictEqual({
            "former key (not a key)": expect.any(String),
        });
    });
});

describe("a preview of a peer's new key", () => {
    it.each([
        [604800, "the old configuration works until the new one is used, for 7 days at most"],
        [86400, "the old configuration works until the new one is used, for 1 day at most"],
        [7200, "the old configuration works until the new one is used, for 2 hours at most"],
        [90 * 60, "the old configuration works until the new one is used, for 90 minutes at most"],
        [61, "the old configuration works until the new one is used, for 61 seconds at most"],
        [0, "cut off until the new configuration is in use"],
    ])("with an overlap of %d s says how long the old one works", (keyOverlap, until) => {
        const change = changeOf(generated({ nas: OLD }), generated({ nas: UNKNOWN }, { keyOverlap }));
        expect(peerSentences(change, new Date("2027-01-01T00:00:00Z"))).toStrictEqual([
            `hub: nas gets a new key: ${until}`,
            "hub: no other peer is affected: 1 peer keeps its key, address and session",
        ]);
    });
});
