import { createPrivateKey, createPublicKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { faultText } from "../../../../../core/fault.js";
import { keyPair } from "../../../../../providers/resources/keys/keyPair";
import { UNKNOWN, type Context, type Properties } from "../../../../../providers/resources/resource";

const applying = { preview: false, urn: "urn:alice" } as Context;
const previewing = { preview: true, urn: "urn:alice" } as Context;

const adopted = Buffer.alloc(32, 0x48).toString("base64");

/** The public half according to OpenSSL. */
function publicOf(privateKey: unknown): string {
    const prefix = Buffer.from("302e020100300506032b656e04220420", "hex");
    const der = Buffer.concat([prefix, Buffer.from(String(privateKey), "base64")]);
    const key = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
    return key.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
}

async function created(inputs: Properties): Promise<{ id: string; outputs: Properties }> {
    return keyPair.create(inputs, applying);
}

/** What becomes of a pair in the state when its resource is replaced. */
async function replaced(old: Properties, news: Properties, context: Context = applying): Promise<Properties> {
    const { inputs } = await keyPair.check({ ...news, kept: old }, undefined, context);
    return (await keyPair.create(inputs, context)).outputs;
}

describe("KeyPair", () => {
    it("makes a pair that belongs together, another one each time, under an id that tells nothing of it", async () => {
        const [first, second] = [
            await created({ owner: "alice", epoch: 1 }),
            await created({ owner: "alice", epoch: 1 }),
        ];
        expect(first.outputs).toStrictEqual({
            owner: "alice",
            epoch: 1,
            publicKey: publicOf(first.outputs["privateKey"]),
            privateKey: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
        });
        expect(second.outputs["privateKey"]).not.toBe(first.outputs["privateKey"]);
        expect(first.id).toMatch(/^[0-9a-f]{16}$/);
        expect(first.id).not.toBe(second.id);
    });

    it("adopts a key, whose public half is known in the preview", async () => {
        const inputs = { owner: "alice", epoch: 1, privateKey: adopted };
        const outputs = { owner: "alice", epoch: 1, publicKey: publicOf(adopted), privateKey: adopted };
        expect((await created(inputs)).outputs).toStrictEqual(outputs);
        expect((await keyPair.create(inputs, previewing)).outputs).toStrictEqual(outputs);
    });

    it.each([undefined, UNKNOWN])("does not know a new pair in the preview (adopted: %p)", async (privateKey) => {
        const { outputs } = await keyPair.create({ owner: "alice", epoch: 1, privateKey }, previewing);
        expect(outputs).toStrictEqual({ owner: "alice", epoch: 1, publicKey: UNKNOWN, privateKey: UNKNOWN });
    });

    it.each([
        ["nothing", {}, {}],
        ["the epoch", { epoch: 2 }, { epoch: "update" }],
        ["the owner", { owner: "alicia" }, { owner: "update" }],
        ["the adopted key", { privateKey: adopted }, { privateKey: "update" }],
        ["an adopted key that is not known yet", { privateKey: UNKNOWN }, { privateKey: "update" }],
    ])("sees a change of %s", async (_, change, changes) => {
        const inputs = { owner: "alice", epoch: 1 };
        const { outputs } = await created(inputs);
        expect(await keyPair.diff("id", inputs, outputs, { ...inputs, ...change }, applying)).toStrictEqual({
            changes,
        });
    });

    it("makes a new pair for a new epoch only", async () => {
        const inputs = { owner: "alice", epoch: 1 };
        const { outputs } = await created(inputs);
        const renamed = await keyPair.update("id", inputs, outputs, { owner: "alicia", epoch: 1 }, applying);
        expect(renamed).toStrictEqual({ ...outputs, owner: "alicia" });
        const rotated = await keyPair.update("id", inputs, outputs, { owner: "alice", epoch: 2 }, applying);
        expect(rotated["publicKey"]).toBe(publicOf(rotated["privateKey"]));
        expect(rotated["privateKey"]).not.toBe(outputs["privateKey"]);
        expect(await keyPair.update("id", inputs, outputs, { owner: "alice", epoch: 2 }, previewing)).toStrictEqual({
            owner: "alice",
            epoch: 2,
            publicKey: UNKNOWN,
            privateKey: UNKNOWN,
            former: [outputs["publicKey"]],
        });
    });

    it("remembers which public keys it replaced, through a replacement and for as many rotations as may be interrupted", async () => {
        let inputs: Properties = { owner: "alice", epoch: 1 };
        let { outputs } = await created(inputs);
        expect(outputs).not.toHaveProperty("former");
        const all = [outputs["publicKey"]];
        for (let epoch = 2; epoch < 12; epoch++) {
            const news = { owner: "alice", epoch };
            outputs = await keyPair.update("id", inputs, outputs, news, applying);
            inputs = news;
            expect(outputs["former"]).toEqual(all.slice(-8));
            all.push(outputs["publicKey"]);
        }
        expect(await replaced(outputs, inputs)).toStrictEqual(outputs);
        const given = { ...inputs, privateKey: adopted };
        expect((await replaced(outputs, given))["former"]).toEqual(all.slice(-8));
        const handedOut = await keyPair.update("id", inputs, outputs, { ...inputs, handedOut: true }, applying);
        expect(handedOut).toStrictEqual({ ...outputs, privateKey: "" });
    });

    it("adopts the key in a file, bare or in wg-quick's form, and knows it in a preview that can read the file", async () => {
        const folder = mkdtempSync(join(tmpdir(), "qptunnel-key-"));
        const [bare, quick, missing] = ["bare", "wg0.conf", "missing"].map((name) => join(folder, name));
        writeFileSync(bare!, `${adopted}\n`);
        writeFileSync(
            quick!,
            `# PrivateKey = no\n[interface]\nAddress = 10.8.0.1/24\nprivatekey=${adopted} # ours\n[Peer]\nPublicKey = x\n`,
        );
        try {
            for (const context of [applying, previewing]) {
                for (const privateKeyFile of [bare, quick]) {
                    const { outputs } = await keyPair.create({ owner: "relay", epoch: 1, privateKeyFile }, context);
                    expect(outputs).toMatchObject({ privateKey: adopted, publicKey: publicOf(adopted) });
                }
            }
            const absent = { owner: "relay", epoch: 1, privateKeyFile: missing };
            expect((await keyPair.create(absent, previewing)).outputs["publicKey"]).toBe(UNKNOWN);
            await expect(keyPair.create(absent, applying)).rejects.toThrow(/missing cannot be read \(ENOENT\)/);
            writeFileSync(quick!, `[Interface]\nPrivateKey = hunter2\n`);
            const refused = keyPair.create({ owner: "relay", epoch: 1, privateKeyFile: quick }, previewing);
            await expect(refused).rejects.toThrow(/is not a WireGuard private key/);
            await expect(refused).rejects.not.toThrow(/hunter2/);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it("keeps an adopted key when the program stops naming it", async () => {
        const inputs = { owner: "alice", epoch: 1, privateKey: adopted };
        const { outputs } = await created(inputs);
        const news = { owner: "alice", epoch: 1 };
        expect(await keyPair.diff("id", inputs, outputs, news, applying)).toStrictEqual({ changes: {} });
        expect(await keyPair.update("id", inputs, outputs, news, applying)).toStrictEqual(outputs);
    });

    it("keeps its keys through a replacement, in the preview too, but not into another epoch or beside a given key", async () => {
        const inputs = { owner: "alice", epoch: 1 };
        const { outputs } = await created(inputs);
        expect(await replaced(outputs, inputs)).toStrictEqual(outputs);
        expect(await replaced(outputs, inputs, previewing)).toStrictEqual(outputs);
        expect((await replaced(outputs, { ...inputs, epoch: 2 }))["privateKey"]).not.toBe(outputs["privateKey"]);
        expect((await replaced(outputs, { ...inputs, privateKey: adopted }))["privateKey"]).toBe(adopted);
    });

    it("stores what it kept no longer than until the engine knows the resource again", async () => {
        const inputs = { owner: "alice", epoch: 1 };
        const { outputs } = await created(inputs);
        const { inputs: computed } = await keyPair.check({ ...inputs, kept: outputs }, undefined, applying);
        expect(computed).toStrictEqual({ ...inputs, kept: outputs });
        expect((await keyPair.check({ ...inputs, kept: outputs }, computed, applying)).inputs).toStrictEqual(inputs);
        expect(await keyPair.diff("id", computed, outputs, inputs, applying)).toStrictEqual({ changes: {} });
    });

    describe("that was handed out", () => {
        const inputs = { owner: "alice", epoch: 1 };
        const handed = { ...inputs, handedOut: true };
        const said: string[] = [];
        const telling = { ...applying, log: (_severity, sentence) => said.push(sentence) } as Context;
        const failures = async (news: Properties, olds: Properties | undefined): Promise<string[]> =>
            (await keyPair.check(news, olds, applying)).failures.map(faultText);

        it("loses its private half and keeps the public one, and has nothing to do a second time", async () => {
            const { outputs } = await created(inputs);
            expect(await keyPair.diff("id", inputs, outputs, handed, telling)).toEqual({
                changes: { handedOut: "add" },
            });
            expect(said).toEqual([expect.stringContaining("alice: its private key is removed from the state")]);
            for (const context of [previewing, applying]) {
                const after = await keyPair.update("id", inputs, outputs, handed, context);
                expect(after).toEqual({ ...outputs, privateKey: "" });
                expect(await keyPair.diff("id", handed, after, handed, telling)).toEqual({ changes: {} });
                expect(await keyPair.update("id", handed, after, handed, applying)).toEqual(after);
            }
            expect(await failures(handed, inputs)).toEqual([]);
        });

        it("cannot be had back, only replaced by one of a higher epoch", async () => {
            const dropped = { ...(await created(inputs)).outputs, privateKey: "" };
            const refusal =
                "was true, and the private key of alice is no longer in the state: only its owner has it; keep it true, or raise keyEpoch for a new key";
            expect(await failures(inputs, handed)).toEqual([`handedOut: ${refusal}`]);
            await expect(keyPair.update("id", handed, dropped, inputs, applying)).rejects.toThrow(
                "was true, and the private key of alice is no longer in the state",
            );
            const next = { ...inputs, epoch: 2 };
            expect(await failures(next, handed)).toEqual([]);
            const rotated = await keyPair.update("id", handed, dropped, next, applying);
            expect(rotated["publicKey"]).toBe(publicOf(rotated["privateKey"]));
        });

        it("must have been there: a pair that is made now was handed to nobody", async () => {
            expect(await failures({ ...handed, epoch: 2 }, handed)).toEqual([
                expect.stringMatching(/^handedOut: would drop the key of epoch 2 before alice has it; /),
            ]);
            for (const context of [previewing, applying])
                await expect(keyPair.create(handed, context)).rejects.toThrow(
                    "the state has no key that could have been handed out",
                );
        });

        it("stays as it is through a replacement", async () => {
            const { outputs } = await created(inputs);
            const dropped = await replaced(outputs, handed);
            expect(dropped).toEqual({ ...outputs, privateKey: "" });
            expect(await replaced(dropped, handed)).toEqual(dropped);
            await expect(replaced(dropped, inputs)).rejects.toThrow("only its owner has it");
            expect(await failures({ ...inputs, kept: dropped }, undefined)).toEqual([
                expect.stringContaining("only its owner has it"),
            ]);
        });
    });

    it("refuses bad inputs by name and does not repeat a bad key", async () => {
        const { failures } = await keyPair.check(
            { owner: "", epoch: 0, privateKey: "hunter2hunter2hunter2" },
            undefined,
            applying,
        );
        expect(failures.map(({ path }) => path)).toStrictEqual(["owner", "epoch", "privateKey"]);
        expect(JSON.stringify(failures)).not.toContain("hunter2");
        expect(
            (await keyPair.check({ owner: UNKNOWN, epoch: UNKNOWN, privateKey: UNKNOWN }, undefined, applying))
                .failures,
        ).toStrictEqual([]);
    });

    it("reads what the state says, and has nothing to import", async () => {
        const state = { owner: "alice", epoch: 1 };
        expect(await keyPair.read("id", state, state, applying)).toStrictEqual({
            id: "id",
            inputs: state,
            outputs: state,
        });
        expect(await keyPair.read("id", {}, {}, applying)).toBeUndefined();
    });

    it("declares the private half secret on both sides", () => {
        expect(keyPair.schema.inputs["privateKey"]?.secret).toBe(true);
        expect(keyPair.schema.outputs["privateKey"]?.secret).toBe(true);
    });
});
