import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { canonicalJson, CAPSULE_DECIMALS } from "../../../../core/audit/canonical.js";
import { entry, makeLog } from "../../core/audit/logs.js";
import { run } from "../run.js";

const good = makeLog([1, 2, 3].map((number) => entry(number)));
const { log, checkpoint } = good;

let folder: string;
let file: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-cli-"));
    file = join(folder, "dev.jsonl");
    writeFileSync(file, good.bytes);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("audit verify", () => {
    const summary = (checked: string) => [
        `${file}: intact, 4 records in ${good.bytes.length} bytes`,
        `  log        shop/dev, ${log.genesis}`,
        `  key        ${log.publicKey}`,
        "  time       2026-04-04T14:00:00Z to 2026-04-04T14:00:03Z",
        `  head       ${checkpoint.head}`,
        `  root       ${checkpoint.root}`,
        `  checked    every line, hash and link, ${checked}`,
    ];

    test("says what it checked, and what it could not", async () => {
        const note = "note: without --checkpoint or --state, missing records at the end cannot be detected";
        const [fast, full] = [summary("the first and the last signature"), summary("every signature")];
        expect(await run("audit", "verify", file)).toEqual({
            code: 0,
            stdout: [...full, note, ""].join("\n"),
            stderr: "",
        });
        expect(await run("audit", "verify", file, "--fast", "--key", log.publicKey)).toEqual({
            code: 0,
            stdout: [...fast, note, ""].join("\n"),
            stderr: "",
        });
    });

    test.each([
        ["JSON", () => JSON.stringify(checkpoint)],
        ["a file of JSON", () => written("checkpoint.json", JSON.stringify(checkpoint, undefined, 2))],
        ["a file with the note", () => written("checkpoint.note", checkpoint.note)],
    ])("takes the checkpoint as %s", async (_form, give) => {
        const { code, stdout } = await run("audit", "verify", file, "--checkpoint", give());
        expect(stdout.split("\n")).toEqual([...summary("every signature, and the checkpoint"), ""]);
        expect(code).toBe(0);
        const cut = written("cut.jsonl", good.texts.slice(0, 2).join(""));
        expect(await run("audit", "verify", cut, "--checkpoint", give())).toEqual({
            code: 1,
            stdout: "",
            stderr:
                `error: line 3 of ${cut}: it is missing: the log ends after 2 lines, 4 were pinned; ` +
                "the log was truncated, or is an older copy: restore the newer one\n",
        });
    });

    test("names what is odd without being wrong", async () => {
        const odd = makeLog([entry(5, { action: "peer_add_begin" }), entry(2)]);
        writeFileSync(file, odd.bytes);
        expect(
            (await run("audit", "verify", file, "--checkpoint", JSON.stringify(odd.checkpoint))).stdout
                .split("\n")
                .slice(7),
        ).toEqual([
            "warning: line 3: time goes backwards, from 2026-04-04T14:00:05Z to 2026-04-04T14:00:02Z",
            "warning: line 2: peer_add_begin has no outcome record: the operation was interrupted",
            "",
        ]);
    });

    test("answers in JSON, good or bad", async () => {
        const { code, stdout } = await run("audit", "verify", file, "--json");
        expect([code, JSON.parse(stdout)]).toEqual([
            0,
            {
                valid: true,
                file,
                log,
                keys: [{ publicKey: log.publicKey, from: 0, since: "2026-04-04T14:00:00Z" }],
                size: 4,
                bytes: good.bytes.length,
                head: checkpoint.head,
                root: checkpoint.root,
                first: "2026-04-04T14:00:00Z",
                last: "2026-04-04T14:00:03Z",
                signatures: 4,
                warnings: [],
                interrupted: [],
                tornBytes: 0,
            },
        ]);
        writeFileSync(file, String(good.bytes).replace("Added peer p2", "Added peer p9"));
        const bad = await run("audit", "verify", file, "--json");
        expect([bad.code, JSON.parse(bad.stdout), bad.stderr]).toEqual([
            1,
            {
                valid: false,
                file,
                error: {
                    subject: `line 3 of ${file}`,
                    problem: "its content does not match its hash",
                    fix: "restore the log from version control or its mirror, and find out who changed it",
                },
            },
            "",
        ]);
    });

    test("demands the key it was told", async () => {
        const other = makeLog([], { seed: Buffer.alloc(32, 1) }).log.publicKey;
        expect(await run("audit", "verify", file, "--key", other)).toEqual({
            code: 1,
            stdout: "",
            stderr: `error: line 1 of ${file}: it is the log of a different key: ${log.publicKey}, not ${other}; point to the log of this stack\n`,
        });
    });

    test.each([
        [
            "a file that is not there",
            ["missing.jsonl"],
            "error: ENOENT: no such file or directory, open 'missing.jsonl'",
        ],
        [
            "a key that is none",
            ["x", "--key", "00"],
            "error: --key: it is not an Ed25519 public key; give 64 lowercase hex characters",
        ],
        [
            "a checkpoint that is not there",
            ["x", "--checkpoint", "gone"],
            "error: --checkpoint gone: there is no such file",
        ],
        ["a checkpoint that lacks something", ["x", "--checkpoint", "{}"], "error: --checkpoint: size: "],
        ["a checkpoint that is no JSON", ["x", "--checkpoint", "{"], "error: --checkpoint: it: "],
    ])("%s is wrong usage", async (_what, args, message) => {
        const { code, stdout, stderr } = await run("audit", "verify", ...args);
        expect([code, stdout]).toEqual([2, ""]);
        expect(stderr).toContain(message);
    });

    test("a file that is neither checkpoint nor note is wrong usage", async () => {
        const { code, stderr } = await run("audit", "verify", file, "--checkpoint", written("x", "hello"));
        expect(code).toBe(2);
        expect(stderr).toContain("it is not a signed note: it has no signatures after an empty line");
    });
});

describe("audit export", () => {
    test("writes one array of capsules whose content hashes to their hash", async () => {
        const { code, stdout, stderr } = await run("audit", "export", "--format", "cps-json", file);
        expect([code, stderr]).toEqual([0, `4 records, public key ${log.publicKey}\n`]);
        const capsules = JSON.parse(stdout);
        expect(capsules.map(({ hash }: { hash: string }) => hash)).toEqual(
            good.lines.map(({ capsule }) => capsule.hash),
        );
        for (const line of stdout.trim().split("\n")) {
            const { hash, signature, signature_pq, signed_at, signed_by, ...content } = JSON.parse(
                line.replace(/^\[|[\],]$/g, ""),
            );
            expect(line.replace(/^\[|[\],]$/g, "")).toBe(
                canonicalJson(content, CAPSULE_DECIMALS).slice(0, -1) +
                    `,"hash":"${hash}","signature":"${signature}","signature_pq":"${signature_pq}","signed_at":"${signed_at}","signed_by":"${signed_by}"}`,
            );
        }
    });

    test("writes to a file and a keyring with the public key only", async () => {
        const out = join(folder, "capsules.json");
        const keys = join(folder, "keys");
        const { code, stdout } = await run(
            "audit",
            "export",
            "--format",
            "cps-json",
            file,
            "-o",
            out,
            "--keyring",
            keys,
        );
        expect([code, stdout]).toEqual([0, ""]);
        expect(JSON.parse(readFileSync(out, "utf8"))).toHaveLength(4);
        expect((statSync(out).mode & 0o777).toString(8)).toBe("600");
        expect(JSON.parse(readFileSync(join(keys, "keyring.json"), "utf8"))).toEqual({
            version: 1,
            active_epoch: 0,
            epochs: [
                {
                    epoch: 0,
                    algorithm: "ed25519",
                    public_key_hex: log.publicKey,
                    fingerprint: `qp_key_${log.publicKey.slice(0, 4)}`,
                    created_at: "2026-04-04T14:00:00+00:00",
                    rotated_at: null,
                    status: "active",
                },
            ],
        });
    });

    test("does not export what is not intact", async () => {
        writeFileSync(file, String(good.bytes).replace("alice", "mallory"));
        const { code, stdout, stderr } = await run("audit", "export", "--format", "cps-json", file);
        expect([code, stdout]).toEqual([1, ""]);
        expect(stderr).toContain(`error: line 1 of ${file}: its content does not match its hash`);
    });

    test("knows no other format", async () => {
        const { code, stderr } = await run("audit", "export", "--format", "xml", file);
        expect([code, stderr]).toEqual([2, "error: --format: xml is unknown; choose cps-json, csv, ocsf, cef\n"]);
    });
});

function written(name: string, content: string): string {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
}
