import { readFileSync } from "node:fs";

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
        [
            "an older one",
            () => earlier.checkpoint.note,
            "it has 9 records, the witness has seen 14: the log was truncated",
        ],
        [
            "another of the same size",
            () => fork(14).checkpoint.note,
            "it is a different history: the witness has seen another root for 14 records",
        ],
        [
            "a longer one without proof",
            () => fork(15).checkpoint.note,
            "there is no proof that it extends the 14 records that the witness has seen",
        ],
        [
            "a longer one of another history",
            async () => `old 14\n${Buffer.alloc(32).toString("base64")}\n\n${fork(15).checkpoint.note}`,
            "it is a different history: its log does not extend the 14 records that the witness has seen",
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
        expect((await witness(log.checkpoint.note)).stderr).toContain("it is not JSON; restore it from a copy");
    });

    /** The same beginning, another end. */
    function fork(size: number) {
        const entries = grown.lines.slice(1, 10).map(({ capsule: _, ...each }) => each);
        const others = Array.from({ length: size - 10 }, (_, n) => ({ ...entries[0]!, message: `other ${n}` }));
        return makeLog([...entries, ...others]);
    }
});
