import { algorithmsOf, allLeaves, leafTitle, leavesOf } from "../../../../core/certificates/leaves.js";
import { NAME } from "../../../../core/names.js";

it("is one certificate of the kind that is named, or one of each with Ed25519 first", () => {
    expect(algorithmsOf({ certificate: "ed25519" })).toEqual(["ed25519"]);
    expect(algorithmsOf({ certificate: "ecdsa-p256" })).toEqual(["ecdsa-p256"]);
    expect(leavesOf("wiki", { certificate: "both" })).toEqual([
        { id: "wiki", service: "wiki", algorithm: "ed25519" },
        { id: "wiki.p256", service: "wiki", algorithm: "ecdsa-p256" },
    ]);
});

it("names no two alike, whatever services are called", () => {
    const both = { certificate: "both" } as const;
    const ids = allLeaves({ wiki: both, "wiki-p256": both, p256: both }).map(({ id }) => id);
    expect(new Set(ids).size).toBe(6);
    expect(ids.filter((id) => NAME.test(id))).toEqual(["wiki", "wiki-p256", "p256"]);
    expect(ids.slice(0, 2).map(leafTitle)).toEqual(["wiki", "wiki (P-256)"]);
});
