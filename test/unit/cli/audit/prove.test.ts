import { nativeSigner } from "../../../../providers/audit/primitives.js";
import { makeLog, OTHER_SEED } from "../../core/audit/logs.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { forgetSeeds, proofFiles } from "./proofFiles.js";
import { story } from "../story.js";

const scratch = scratchFolder();
const log = story();
const { publicKey } = log.log;
let file: string;
let note: string;
beforeEach(() => ({ file, note } = proofFiles(scratch, log)));
afterEach(forgetSeeds);

async function proofOf(sequence: number): Promise<string> {
    const { code, stdout, stderr } = await run("audit", "prove", file, String(sequence), "--checkpoint", note);
    expect([code, stderr]).toEqual([0, ""]);
    return stdout;
}

describe("a record's proof", () => {
    test("is checked without the log, for every record", async () => {
        for (const [sequence, text] of log.texts.entries()) {
            const proof = scratch.write("p.tlog-proof", await proofOf(sequence));
            expect(await run("audit", "check-proof", proof, "--key", publicKey)).toEqual({
                code: 0,
                stdout: `record ${sequence} of 14 in qp-tunnel/shop/dev/${log.log.genesis.slice(0, 16)}: proven\n${text}`,
                stderr: "",
            });
        }
    });

    test("has the form of C2SP tlog-proof", async () => {
        const [header, extra, index, ...rest] = (await proofOf(3)).split("\n");
        expect([header, index]).toEqual(["c2sp.org/tlog-proof@v1", "index 3"]);
        expect(Buffer.from(extra!.slice("extra ".length), "base64").toString()).toBe(log.texts[3]!.trimEnd());
        const empty = rest.indexOf("");
        for (const hash of rest.slice(0, empty)) expect(Buffer.from(hash, "base64")).toHaveLength(32);
        expect(rest.slice(empty + 1).join("\n")).toBe(log.checkpoint.note);
    });

    test("with any byte changed is refused", async () => {
        const proof = await proofOf(6);
        let refused = 0;
        // The signature's own lines are note.test.ts's; each other character counts.
        for (let index = 0; index < proof.indexOf("\n— "); index += 7) {
            const other = proof[index] === "A" ? "B" : "A";
            const changed = scratch.write("p", proof.slice(0, index) + other + proof.slice(index + 1));
            const { code } = await run("audit", "check-proof", changed, "--key", publicKey);
            expect([index, code]).toEqual([index, 1]);
            refused += 1;
        }
        expect(refused).toBeGreaterThan(100);
    });

    test("is refused under another key, or another checkpoint", async () => {
        const proof = scratch.write("p", await proofOf(6));
        const other = nativeSigner(OTHER_SEED).publicKey;
        expect((await run("audit", "check-proof", proof, "--key", other)).stderr).toBe(
            "error: checkpoint note: the log's key did not sign it; use an unmodified checkpoint\n",
        );
        const older = scratch.write("older", makeLog([]).checkpoint.note);
        expect((await run("audit", "check-proof", proof, "--checkpoint", older, "--json")).code).toBe(1);
        const trusted = await run("audit", "check-proof", proof, "--checkpoint", note, "--json");
        expect(JSON.parse(trusted.stdout)).toMatchObject({ valid: true, index: 6, size: 14, record: log.lines[6] });
    });

    test("alone proves nothing", async () => {
        const { code, stderr } = await run("audit", "check-proof", "x");
        expect([code, stderr]).toEqual([2, expect.stringContaining("a proof needs a trusted key or checkpoint")]);
    });

    test("needs a checkpoint: one that is given, the note beside the log, or one signed now", async () => {
        const bare = await run("audit", "prove", file, "1");
        expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining("there is no signed checkpoint")]);
        const signed = await run("audit", "prove", file, "1", "--signing-key", "env:SEED");
        expect(signed).toEqual({ code: 0, stdout: await proofOf(1), stderr: "" });
        const foreign = await run("audit", "prove", file, "1", "--signing-key", "env:WITNESS");
        expect([foreign.code, foreign.stderr]).toEqual([2, expect.stringContaining("it is not the log's current key")]);
        scratch.write("dev.jsonl.note", log.checkpoint.note);
        expect((await run("audit", "prove", file, "1")).stdout).toBe(await proofOf(1));
    });

    test.each([["14"], ["-1"], ["x"]])("of record %s there is none", async (sequence) => {
        const { code, stderr } = await run("audit", "prove", file, "--checkpoint", note, "--", sequence);
        expect([code, stderr]).toEqual([
            2,
            expect.stringContaining(`sequence: ${sequence} is not a number from 0 to 13`),
        ]);
    });
});
