import { readFileSync, writeFileSync } from "node:fs";

import { parseNote } from "../../../../core/audit/note.js";
import { consistencyProof, leafHash } from "../../../../core/audit/proof.js";
import { witnessCheckpoint, type Witness } from "../../../../providers/audit/witness.js";
import { nativePrimitives } from "../../../../providers/audit/primitives.js";
import { open, texts, written } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

scratchProject();

async function witness(more: Partial<Witness> = {}): Promise<Witness> {
    const signer = await (await open()).signingKey();
    return {
        memory: "memory.json",
        name: "witness.example",
        logKeys: [signer.publicKey],
        signer,
        seconds: 1_800_000_000,
        ...more,
    };
}

/** What is asked of a witness for the log as it is, with the proof that it extends its first `old` records. */
async function request(old = 0) {
    const { note } = await (await open()).checkpoint();
    const leaves = texts().map((text) => leafHash(Buffer.from(text), nativePrimitives));
    const path = old === 0 || old === leaves.length ? [] : consistencyProof(leaves, old, nativePrimitives);
    return { parsed: parseNote(note), note, old, path };
}

it("signs the first checkpoint that it sees, and remembers it before it hands the signature out", async () => {
    await written(2);
    const asked = await request();
    const signed = await witnessCheckpoint(asked, await witness());
    expect(signed).toMatchObject({ size: 3, root: asked.parsed.root });
    expect(signed.note.startsWith(asked.note)).toBe(true);
    expect(signed.note.slice(asked.note.length)).toMatch(/^\u2014 witness\.example \S+\n$/);
    expect(JSON.parse(readFileSync("memory.json", "utf8"))).toEqual({
        [signed.origin]: { size: 3, root: signed.root },
    });
});

it("signs the same again, and a longer log with its proof", async () => {
    await written(1);
    await witnessCheckpoint(await request(), await witness());
    await witnessCheckpoint(await request(), await witness());
    await (await open()).append({ action: "log_note", message: "more" });
    expect(await witnessCheckpoint(await request(2), await witness())).toMatchObject({ size: 3 });
});

describe("refuses", () => {
    const attempt = async (asked: Awaited<ReturnType<typeof request>>, more: Partial<Witness> = {}): Promise<string> =>
        witnessCheckpoint(asked, await witness(more)).then(
            () => "signed",
            (error: Error) => error.message,
        );
    const seen = (size: number, root: string, origin: string): void =>
        writeFileSync("memory.json", JSON.stringify({ [origin]: { size, root } }));

    it("a longer log without its proof, or with a wrong one", async () => {
        await written(1);
        await witnessCheckpoint(await request(), await witness());
        await (await open()).append({ action: "log_note", message: "more" });
        const asked = await request(2);
        expect(await attempt({ ...asked, old: 0 })).toMatch(
            /there is no proof that it extends the 2 records that the witness has seen; make the request with qp-tunnel audit prove --since 2$/,
        );
        expect(await attempt({ ...asked, path: [Buffer.alloc(32)] })).toMatch(
            /it is a different history: its log does not extend the 2 records that the witness has seen; keep both notes, and find out who changed the log$/,
        );
    });

    it("another history of the same length, and an older copy", async () => {
        await written(1);
        const asked = await request();
        seen(2, Buffer.alloc(32).toString("base64"), asked.parsed.origin);
        expect(await attempt(asked)).toContain(
            "it is a different history: the witness has seen another root for 2 records",
        );
        seen(9, asked.parsed.root, asked.parsed.origin);
        expect(await attempt(asked)).toContain(
            "it has 2 records, the witness has seen 9: the log was truncated, or is an older copy",
        );
    });

    it("what the log's key did not sign; of several keys one is enough", async () => {
        await written(1);
        const asked = await request();
        const { logKeys } = await witness();
        expect(await attempt(asked, { logKeys: ["ab".repeat(32)] })).not.toBe("signed");
        expect(await attempt(asked, { logKeys: ["ab".repeat(32), ...logKeys] })).toBe("signed");
    });

    it("to sign anything once its memory is damaged", async () => {
        await written(1);
        writeFileSync("memory.json", "{");
        expect(await attempt(await request())).toBe(
            "witness memory memory.json: it is not JSON; restore it from a copy",
        );
    });
});
