/**
 * Our logs before a verifier that knows nothing of us: the capsule command of the Python package qp-capsule, the reference
 * implementation of the Capsule Protocol. Needs Python 3.11 or newer; the package is installed once, into the tools' cache.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";

import { sanitizeEntry } from "../../../core/audit/sanitize.js";
import { anyEntry, entry, makeLog, makeRotatedLog, OTHER_SEED, SEED } from "../../unit/core/audit/logs.js";
import { installPythonPackage } from "../../lab/pythonPackage.js";
import { run } from "../../unit/cli/run.js";

// Installing takes its time, once.
jest.setTimeout(180_000);

const VERSION = "1.5.4";
/** SLOW=1 tries as many as a release demands. */
const RECORDS = process.env["SLOW"] === "1" ? 20_000 : 2_000;

const log = makeLog(fc.sample(anyEntry, RECORDS - 1).map((entry) => sanitizeEntry(entry)));
const folder = mkdtempSync(join(tmpdir(), "qptunnel-capsule-"));
const exported = join(folder, "capsules.json");
const keys = join(folder, "keys");
let capsule: string;

beforeAll(async () => {
    const commands = installPythonPackage("qp-capsule", VERSION, "capsule", "our logs were not verified independently");
    capsule = join(commands, "capsule");
    const file = join(folder, "dev.jsonl");
    writeFileSync(file, log.bytes);
    const result = await run("audit", "export", "--format", "cps-json", file, "-o", exported, "--keyring", keys);
    expect(await run("audit", "verify", file, "--full")).toMatchObject({ code: 0 });
    expect(result).toMatchObject({ code: 0, stdout: "" });
    expect(result.stderr).toContain(`${RECORDS} records, public key ${log.log.publicKey}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

test(`${RECORDS} random records verify with the log's public key`, () => {
    expect(verify(exported, ["--pubkey", log.log.publicKey])).toEqual({ status: 0, ...passed });
});

test("they verify with the keyring that the export writes, and nothing is added to it", () => {
    const copy = join(folder, "copy");
    cpSync(keys, copy, { recursive: true });
    expect(verify(exported, ["--signatures"], { QUANTUMPIPES_DATA_DIR: copy })).toEqual({ status: 0, ...passed });
    expect(readdirSync(copy)).toEqual(["keyring.json"]);
    expect(readFileSync(join(copy, "keyring.json"))).toEqual(readFileSync(join(keys, "keyring.json")));
});

test("a record with one changed character is refused by its number", () => {
    const [before, after] = [`"agent_id":"shop/dev"`, `"agent_id":"shop/dew"`];
    const lines = readFileSync(exported, "utf8").split("\n");
    lines[1_234] = (lines[1_234] as string).replace(before, after);
    const changed = join(folder, "changed.json");
    writeFileSync(changed, lines.join("\n"));
    expect(verify(changed, ["--pubkey", log.log.publicKey])).toMatchObject({
        status: 1,
        valid: false,
        errors: [{ sequence: 1_234, error: "Content hash mismatch at sequence 1234" }],
    });
});

test("a log whose key was rotated verifies with the keyring, each record under the key of its time", async () => {
    const rotated = makeRotatedLog([
        { seed: SEED, entries: [entry(1)] },
        { seed: OTHER_SEED, entries: [entry(51)] },
        { seed: Buffer.alloc(32, 11), entries: [entry(52), entry(53)] },
    ]);
    const file = join(folder, "rotated.jsonl");
    writeFileSync(file, rotated.bytes);
    const [capsules, keyring] = [join(folder, "rotated.json"), join(folder, "rotated-keys")];
    await run("audit", "export", "--format", "cps-json", file, "-o", capsules, "--keyring", keyring);
    expect(verify(capsules, ["--signatures"], { QUANTUMPIPES_DATA_DIR: keyring })).toEqual({
        status: 0,
        ...passed,
        capsules_verified: 7,
        total_capsules: 7,
    });
    // Without the last key it is not: the keyring, not chance, made it pass.
    const path = join(keyring, "keyring.json");
    const known = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...known, active_epoch: 1, epochs: known.epochs.slice(0, 2) }));
    expect(verify(capsules, ["--signatures"], { QUANTUMPIPES_DATA_DIR: keyring })).toMatchObject({ valid: false });
});

test("another key's owner did not seal it", () => {
    const other = makeLog([], { seed: Buffer.alloc(32, 3) }).log.publicKey;
    expect(verify(exported, ["--pubkey", other])).toMatchObject({ status: 1, valid: false, errors: [{ sequence: 0 }] });
});

const passed = { valid: true, level: "signatures", capsules_verified: RECORDS, total_capsules: RECORDS, errors: [] };

function verify(file: string, args: string[], env: Record<string, string> = {}): object {
    const { status, stdout, stderr } = spawnSync(capsule, ["verify", "--json", ...args, file], {
        encoding: "utf8",
        env: { ...process.env, HOME: folder, ...env },
        maxBuffer: 256 * 1024 * 1024,
    });
    try {
        return { status, ...JSON.parse(stdout) };
    } catch (error) {
        throw new Error(`capsule verify ended with ${status}: ${stderr}`, { cause: error });
    }
}

/** Path of the command. */
