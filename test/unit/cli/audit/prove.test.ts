import { readFileSync } from "node:fs";

import { nativeSigner } from "../../../../providers/audit/primitives.js";
import { makeLog, OTHER_SEED, SEED } from "../../core/audit/logs.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { story } from "../story.js";

const scratch = scratchFolder();
const log = story();
const { publicKey } = log.log;
let file: string;
let note: string;
beforeEach(() => {
    file = scratch.write("dev.jsonl", log.bytes);
    note = scratch.write("checkpoint.note", log.checkpoint.note);
    process.env["SEED"] = SEED.toString("hex");
    process.env["WITNESS"] = OTHER_SEED.toString("hex");
});
afterEach(() => {
    delete process.env["SEED"];
    delete process.env["WITNESS"];
});

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
            "error: checkpoint note: the log's key did not sign it; use the checkpoint as it was printed or stored\n",
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

test("audit note prints the note of what pins the log, or signs one now, and writes it for git", async () => {
    expect(await run("audit", "note", file, "--checkpoint", note)).toEqual({
        code: 0,
        stdout: log.checkpoint.note,
        stderr: "",
    });
    expect((await run("audit", "note", file)).stderr).toContain("there is no signed checkpoint of it");
    const written = `${scratch.path}/audit.note`;
    const signed = await run("audit", "note", file, "--signing-key", "env:SEED", "-o", written, "--json");
    const { size, root } = log.checkpoint;
    expect(JSON.parse(signed.stdout)).toEqual({ size, root, note: log.checkpoint.note });
    expect(readFileSync(written, "utf8")).toBe(log.checkpoint.note);
});

describe("a witness", () => {
    const grown = story();
    const earlier = { ...grown, ...cut(9) };
    const witnessKey = nativeSigner(OTHER_SEED).publicKey;

    /** The story as it was after so many records. */
    function cut(size: number) {
        const entries = grown.lines.slice(1, size).map(({ capsule: _, ...each }) => each);
        return makeLog(entries);
    }

    const witness = (request: string, ...more: string[]) =>
        run(
            ...["audit", "witness", scratch.write("request", request), "--key", publicKey],
            ...["--memory", `${scratch.path}/memory.json`, "--name", "witness.example/audit"],
            ...["--signing-key", "env:WITNESS", ...more],
        );
    const since = async (size: number): Promise<string> =>
        (await run("audit", "prove", file, "--since", String(size), "--checkpoint", note)).stdout;
    const memory = (): object => JSON.parse(readFileSync(`${scratch.path}/memory.json`, "utf8")) as object;

    test("signs the first checkpoint it sees, and each that extends the last", async () => {
        const first = await witness(earlier.checkpoint.note);
        expect([first.code, first.stderr]).toEqual([0, ""]);
        expect(first.stdout).toMatch(/^[^]*\n— witness\.example\/audit [A-Za-z0-9+/]{102}==\n$/);
        expect(first.stdout.startsWith(earlier.checkpoint.note)).toBe(true);
        const request = await since(9);
        expect(request).toMatch(/^old 9\n([A-Za-z0-9+/]{43}=\n)+\nqp-tunnel\/shop\/dev\//);
        const second = await witness(request, "--json");
        expect([second.code, second.stderr]).toEqual([0, ""]);
        expect(JSON.parse(second.stdout)).toMatchObject({ size: 14, root: log.checkpoint.root, publicKey: witnessKey });
        const origin = `qp-tunnel/shop/dev/${log.log.genesis.slice(0, 16)}`;
        expect(memory()).toEqual({ [origin]: { size: 14, root: log.checkpoint.root } });
        // The cosigned note is still one that pins the log.
        const cosigned = scratch.write("cosigned.note", (JSON.parse(second.stdout) as { note: string }).note);
        const who = `witness.example/audit=${witnessKey}`;
        const verified = await run("audit", "verify", file, "--checkpoint", cosigned, "--witness", who);
        expect([verified.code, verified.stdout]).toEqual([
            0,
            expect.stringMatching(
                /\n {2}witnessed {2}by witness\.example\/audit at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/,
            ),
        ]);
        for (const [checkpoint, other, message] of [
            [note, who, "the witness witness.example/audit did not sign the checkpoint"],
            [cosigned, `other.example=${witnessKey}`, "the witness other.example did not sign the checkpoint"],
            [
                cosigned,
                `witness.example/audit=${publicKey}`,
                "the witness witness.example/audit did not sign the checkpoint",
            ],
        ] as const) {
            const unseen = await run("audit", "verify", file, "--checkpoint", checkpoint, "--witness", other);
            expect([unseen.code, unseen.stderr]).toEqual([1, expect.stringContaining(message)]);
        }
        const none = await run("audit", "verify", file, "--witness", "x");
        expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("--witness: x is not a witness")]);
        expect((await witness(log.checkpoint.note)).code).toBe(0);
    });

    test.each<[string, () => Promise<string> | string, string]>([
        ["an older one", () => earlier.checkpoint.note, "it has 9 records, the witness has seen 14: the log was cut"],
        [
            "another of the same size",
            () => fork(14).checkpoint.note,
            "it is another history: of 14 records the witness has seen another root",
        ],
        [
            "a longer one without proof",
            () => fork(15).checkpoint.note,
            "nothing shows that it extends the 14 records the witness has seen",
        ],
        [
            "a longer one of another history",
            async () => `old 14\n${Buffer.alloc(32).toString("base64")}\n\n${fork(15).checkpoint.note}`,
            "it is another history: its log does not begin with the 14 records the witness has seen",
        ],
        ["one nobody signed", () => log.checkpoint.note.replace("\n14\n", "\n15\n"), "its signature is wrong"],
        ["what is no note", () => "hello", "it has no signatures after an empty line"],
    ])("does not sign %s, and remembers what it saw", async (_what, request, message) => {
        expect((await witness(log.checkpoint.note)).code).toBe(0);
        const before = memory();
        const { code, stdout, stderr } = await witness(await request());
        expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining(message)]);
        expect(memory()).toEqual(before);
    });

    test("that lost its memory to somebody's hand signs nothing", async () => {
        scratch.write("memory.json", "{");
        expect((await witness(log.checkpoint.note)).stderr).toContain("it is not JSON; bring it back from a copy");
    });

    /** The same beginning, another end. */
    function fork(size: number) {
        const entries = grown.lines.slice(1, 10).map(({ capsule: _, ...each }) => each);
        const others = Array.from({ length: size - 10 }, (_, n) => ({ ...entries[0]!, message: `other ${n}` }));
        return makeLog([...entries, ...others]);
    }
});
