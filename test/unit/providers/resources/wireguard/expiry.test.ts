import { storeDrift } from "../../../../../core/drift.js";
import { expired } from "../../../../../core/protocol/expired.js";
import {
    cutNames,
    expiryWarnings,
    isPast,
    overdue,
    withoutCut,
    withoutCutElements,
    withoutUnlisted,
} from "../../../../../providers/resources/wireguard/expiry.js";
import { resolved } from "../../../../../providers/resources/wireguard/inputs.js";
import { KEYS, peer, wireInputs } from "../relays.js";

const END = "2027-01-01T00:00:00Z";
const SECONDS = Date.parse(END) / 1000;
const alice = peer("10.8.0.2", { publicKey: KEYS.alice, expires: END });
const bob = peer("10.8.0.3", { publicKey: KEYS.bob });
const args = resolved(wireInputs({ alice, bob }));
const cut = (row: Partial<Parameters<typeof expired.render>[0][number]> = {}) => ({
    expired: expired.render([
        { publicKey: KEYS.alice, expires: SECONDS, name: "alice", addresses: ["10.8.0.2"], ...row },
    ]),
});

it("a peer is cut off that the relay cut at its expiry or later, by its name or its key", () => {
    expect([...cutNames(args, cut())]).toEqual([["alice", END]]);
    expect([...cutNames(args, cut({ name: "al" }))]).toEqual([["alice", END]]);
    expect([...cutNames(args, cut({ publicKey: KEYS.carol, expires: SECONDS + 9 }))]).toEqual([["alice", END]]);
    // It was let in again, with a later expiry.
    expect([...cutNames(args, cut({ expires: SECONDS - 1 }))]).toEqual([]);
    expect([...cutNames(args, cut({ name: "bob", publicKey: KEYS.bob }))]).toEqual([]);
    expect(Object.keys(withoutCut(args, cut()).peers)).toEqual(["bob"]);
    expect(withoutCut(args, {})).toBe(args);
});

it("an expiry that is not enforced is a difference, half a minute later", () => {
    const late = (seconds: number, onWire = [KEYS.alice], answer = {}): string[] =>
        Object.values(storeDrift(overdue(args, answer, new Set(onWire), new Date((SECONDS + seconds) * 1000))));
    expect(late(30)).toEqual([
        `alice expired on ${END} but is still on the interface: the relay does not enforce it; \`pulumi up --refresh\` removes it`,
    ]);
    expect([late(29), late(30, []), late(30, [KEYS.alice], cut())]).toEqual([[], [], []]);
});

it("elements that mention what an expired peer left are not expected", () => {
    const sets = {
        acl4: ["10.8.0.2 . 10.8.0.1 . tcp . 22", "10.8.0.3 . 10.8.0.2 . tcp . 22", "10.8.0.3 . 10.8.0.20 . tcp . 22"],
    };
    expect(withoutCutElements(sets, cut())).toEqual({ acl4: ["10.8.0.3 . 10.8.0.20 . tcp . 22"] });
    expect(withoutCutElements(sets, {})).toBe(sets);
});

it("keys of peers that are no longer listed are left out", () => {
    const keys = { alice: "A", gone: "G" };
    expect(withoutUnlisted({ peers: { alice: {} }, publicKeys: keys, presharedKeys: undefined })).toEqual({
        ...{ peers: { alice: {} }, publicKeys: { alice: "A" }, presharedKeys: undefined },
    });
    expect(withoutUnlisted({ publicKeys: keys })).toEqual({ publicKeys: keys });
});

describe("warnings", () => {
    const at = (days: number): Date => new Date(Date.parse(END) - days * 86_400_000);
    const warned = (days: number, peers = { alice, bob }): string[] => expiryWarnings(wireInputs(peers), at(days));

    it.each([
        [14.01, []],
        [14, [`hub: alice expires on ${END} (in 14 days)`]],
        [1, [`hub: alice expires on ${END} (in 24 hours)`]],
        [1 / 24, [`hub: alice expires on ${END} (in 60 minutes)`]],
        [1 / 86_400, [`hub: alice expires on ${END} (in 1 minute)`]],
        [0, []],
    ])("%d days before", (days, sentences) => {
        expect(warned(days)).toEqual(sentences);
    });

    it("of many are one sentence, with the first of them", () => {
        const many = Object.fromEntries(
            Array.from({ length: 9 }, (_, n) => [
                `p${n}`,
                peer(`10.8.0.${n + 2}`, { expires: `2027-01-0${9 - n}T00:00:00Z` }),
            ]),
        );
        expect(expiryWarnings(wireInputs(many), at(1))).toEqual([
            "hub: p8, p7, p6, p5, p4 and 4 more expire within 14 days, the first on 2027-01-01T00:00:00Z (in 24 hours)",
        ]);
    });
});

it("a peer has expired from its very moment on", () => {
    expect([isPast(alice, new Date(END)), isPast(alice, new Date(SECONDS * 1000 - 1)), isPast({}, new Date())]).toEqual(
        [true, false, false],
    );
});
