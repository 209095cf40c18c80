import fc from "fast-check";

import { isNamesake, isOwn, relayIdOf, type Claimant, type OwnerThere } from "../../../core/relayIdentity.js";

const SEED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER = "//////////////////////////////////////////8=";

describe("a relay's id", () => {
    it("is the same for the same seed, another for another, and no part of it", () => {
        expect(relayIdOf(SEED)).toMatch(/^[0-9a-f]{32}$/);
        expect(relayIdOf(SEED)).toBe(relayIdOf(SEED));
        expect(relayIdOf(OTHER)).not.toBe(relayIdOf(SEED));
        expect(Buffer.from(SEED, "base64").toString("hex")).not.toContain(relayIdOf(SEED));
    });

    it("is of a seed only", () => {
        expect(() => relayIdOf("short")).toThrow(/seed/);
    });
});

describe("whose relay it is", () => {
    const there: OwnerThere = { label: "lab/dev/relay", relayId: "id1", marks: ["m1", "m2"] };
    const claim = (more: Partial<Claimant>): Claimant => ({ labels: ["lab/prod/hub"], relayIds: [], ...more });

    it.each<[string, OwnerThere, Claimant, boolean]>([
        ["nobody's yet", { marks: [] }, claim({}), true],
        ["its id's, whatever it is called", there, claim({ relayIds: ["id1"] }), true],
        ["its former id's", there, claim({ relayIds: ["id2", "id1"] }), true],
        ["that of a resource that made it", there, claim({ resource: "m2", relayIds: ["id2"] }), true],
        ["not another id's", there, claim({ resource: "m3", relayIds: ["id2"] }), false],
        ["of 0.1.0, by its name", { label: "lab/dev/relay", marks: [] }, claim({ labels: ["lab/dev/relay"] }), true],
        ["of 0.1.0, by its former name", { ...there, marks: [] }, claim({ labels: ["x", "lab/dev/relay"] }), true],
        ["of 0.1.0, not by another name", { label: "lab/dev/relay", marks: [] }, claim({ relayIds: ["id1"] }), false],
    ])("is %s", (_what, on, by, expected) => {
        expect(isOwn(on, by)).toBe(expected);
    });

    it("is a namesake's where only the name says so and the ids differ", () => {
        expect(isNamesake(there, claim({ labels: ["lab/dev/relay"], relayIds: ["id2"] }))).toBe(true);
        expect(isNamesake(there, claim({ labels: ["lab/dev/relay"], relayIds: ["id1"] }))).toBe(false);
        expect(isNamesake({ label: "lab/dev/relay", marks: [] }, claim({ labels: ["lab/dev/relay"] }))).toBe(false);
    });

    it("does not depend on names as long as an id is known on both sides", () => {
        const names = fc.string({ maxLength: 5 });
        fc.assert(
            fc.property(names, fc.array(names), (label, labels) =>
                isOwn({ label, relayId: "id1", marks: [] }, { labels, relayIds: ["id1"] }),
            ),
        );
    });
});
