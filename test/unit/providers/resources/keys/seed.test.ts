import { UNKNOWN, type Context } from "../../../../../providers/resources/resource";
import { seed } from "../../../../../providers/resources/keys/seed";

const applying = { preview: false, urn: "urn:hub" } as Context;
const previewing = { preview: true, urn: "urn:hub" } as Context;

describe("Seed", () => {
    it("is 32 random bytes, marked secret", async () => {
        const [first, second] = [
            await seed.create({ relay: "hub" }, applying),
            await seed.create({ relay: "hub" }, applying),
        ];
        expect(Buffer.from(String(first.outputs["seed"]), "base64")).toHaveLength(32);
        expect(second.outputs["seed"]).not.toBe(first.outputs["seed"]);
        expect(first.id).toMatch(/^[0-9a-f]{16}$/);
        expect(seed.schema.outputs["seed"]?.secret).toBe(true);
    });

    it("is not known in the preview that makes it", async () => {
        expect((await seed.create({ relay: "hub" }, previewing)).outputs).toStrictEqual({
            relay: "hub",
            seed: UNKNOWN,
        });
    });

    it("survives a change of the relay's name", async () => {
        const { outputs } = await seed.create({ relay: "hub" }, applying);
        expect(await seed.diff("id", { relay: "hub" }, outputs, { relay: "hub" }, applying)).toStrictEqual({
            changes: {},
        });
        expect(await seed.diff("id", { relay: "hub" }, outputs, { relay: "core" }, applying)).toStrictEqual({
            changes: { relay: "update" },
        });
        expect(await seed.update("id", { relay: "hub" }, outputs, { relay: "core" }, previewing)).toStrictEqual({
            relay: "core",
            seed: outputs["seed"],
        });
    });

    it("survives a replacement", async () => {
        const { outputs } = await seed.create({ relay: "hub" }, applying);
        const { inputs } = await seed.check({ relay: "hub", kept: outputs }, undefined, applying);
        for (const context of [previewing, applying])
            expect((await seed.create(inputs, context)).outputs).toStrictEqual(outputs);
        const next = { relay: "hub", kept: outputs };
        expect((await seed.check(next, inputs, applying)).inputs).toStrictEqual({ relay: "hub" });
        expect((await seed.check({ relay: "hub", kept: null }, undefined, applying)).inputs).toStrictEqual({
            relay: "hub",
        });
    });

    it("is the one that is given, also where the preview makes it", async () => {
        const given = Buffer.alloc(32, 5).toString("base64");
        const inputs = { relay: "hub", seed: given };
        for (const context of [previewing, applying])
            expect((await seed.create(inputs, context)).outputs).toStrictEqual(inputs);
        const unknown = { relay: "hub", seed: UNKNOWN };
        expect((await seed.create(unknown, previewing)).outputs).toStrictEqual(unknown);
        // That it is named, and no longer named, plans nothing.
        for (const news of [inputs, { relay: "hub" }, unknown])
            expect(await seed.diff("id", { relay: "hub" }, inputs, news, previewing)).toStrictEqual({ changes: {} });
        expect((await seed.check(inputs, undefined, applying)).failures).toStrictEqual([]);
    });

    it("never becomes a different one, and the refusal does not repeat either", async () => {
        const { outputs } = await seed.create({ relay: "hub" }, applying);
        const other = { relay: "hub", seed: Buffer.alloc(32, 6).toString("base64") };
        for (const change of [
            seed.diff("id", { relay: "hub" }, outputs, other, previewing),
            seed.update("id", { relay: "hub" }, outputs, other, applying),
            seed.create({ ...other, kept: outputs }, applying),
        ])
            await expect(change).rejects.toThrow(
                /^relay hub\.seed: differs from the seed that the relay has, of which every preshared key is made; remove it, or give the seed with which the relay was created$/,
            );
    });

    it.each([["c2hvcnQ="], ["secret!"], [7]])("refuses what is no seed: %p", async (given) => {
        const { failures } = await seed.check({ relay: "hub", seed: given }, undefined, applying);
        expect(failures).toMatchObject([{ path: "seed" }]);
        expect(JSON.stringify(failures)).not.toContain(String(given));
    });

    it("refuses a relay without a name", async () => {
        expect((await seed.check({ relay: "" }, undefined, applying)).failures).toStrictEqual([
            { path: "relay", problem: "is not a name", fix: "give the name of the relay" },
        ]);
    });

    it("has nothing to import", async () => {
        expect(await seed.read("id", {}, {}, applying)).toBeUndefined();
    });
});
