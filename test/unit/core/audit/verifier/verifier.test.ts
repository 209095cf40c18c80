/** A verifier that somebody wrote from docs/audit.md alone, in Python, says of every log what ours says. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import type { Authority } from "../../../../../core/audit/authority.js";
import { verifyLog } from "../../../../../core/audit/verify.js";
import { AuditError } from "../../../../../core/errors.js";
import { AuditLog, type AuditRef } from "../../../../../providers/audit/log.js";
import { nativePrimitives } from "../../../../../providers/audit/primitives.js";
import { rotateKey } from "../../../../../providers/audit/rotateKey.js";
import { scratchProject } from "../../../providers/audit/scratch.js";
import { frozenLog } from "../vectors.js";

scratchProject();
const RUNS = process.env["SLOW"] === "1" ? 2_000 : 80;
const VERIFIER = join(__dirname, "verify.py");
const REF: AuditRef = { path: "audit/dev.jsonl", project: "shop", stack: "dev" };

interface Theirs {
    valid: boolean;
    problem?: string;
    root?: string;
    head?: string;
    size?: number;
}

function theirs(logs: Buffer[]): Theirs[] {
    mkdirSync("tried", { recursive: true });
    const files = logs.map((bytes, index) => {
        writeFileSync(`tried/${index}`, bytes);
        return `tried/${index}`;
    });
    const { stdout, stderr, error } = spawnSync("python3", [VERIFIER, ...files], {
        encoding: "utf8",
        env: { ...process.env },
    });
    if (error !== undefined) throw new Error("python3 is needed for this test: install it", { cause: error });
    expect(stderr).toBe("");
    return stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Theirs);
}

async function ours(bytes: Buffer): Promise<Theirs> {
    try {
        const options = { mode: "full", primitives: nativePrimitives } as const;
        const { root, head, size } = await verifyLog("log", () => [bytes], options);
        return { valid: true, root, head, size };
    } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        return { valid: false };
    }
}

const APPROVED: Authority = {
    type: "human_approved",
    approver: "alice@example.com",
    policy_reference: `sha3-256:${"a".repeat(64)}`,
    chain: [{ principal: "alice@example.com", key: "SHA256:x" }],
    escalation_reason: null,
};

/** A log with all that a log may have: approvals, failures, parts of a large record, other scripts, two rotations. */
async function fresh(peers: number): Promise<Buffer> {
    const log = await AuditLog.open(REF);
    const operation = await log.begin({
        action: "peers_apply",
        message: 'Apply 1 peer change to relay 東京 "quoted" \\ 🔑',
    });
    await operation.failure(new Error("it\nfailed"));
    await log.append({
        action: "log_note",
        message: "one",
        details: { list: [1, "two", null, true, { "a.b-c_D": -5 }], Z: 1, a: 2 },
    });
    await (await log.begin({ action: "grants_apply", message: "Approved" }, APPROVED)).success({ message: "Done" });
    await rotateKey(REF);
    const ledger = Object.fromEntries(Array.from({ length: peers }, (_, n) => [`p${n}`, "x".repeat(300)]));
    await (await AuditLog.open(REF)).append({ action: "registry_update", message: "large", details: { ledger } });
    await rotateKey(REF);
    const last = await AuditLog.open(REF);
    await last.append({ action: "log_note", message: "last" });
    await last.writeNote();
    return readFileSync(REF.path);
}

test("it accepts the log that was sealed once and for ever", () => {
    const bytes = Buffer.from(frozenLog.lines.map((line) => (line.endsWith("\n") ? line : `${line}\n`)).join(""));
    const { size, head, root } = frozenLog.checkpoint;
    expect(theirs([bytes])).toEqual([expect.objectContaining({ valid: true, size, head, root })]);
});

test("it accepts a log of today with rotations, and its note", async () => {
    const bytes = await fresh(900);
    const { root, head, size } = await ours(bytes);
    mkdirSync("tried");
    writeFileSync("tried/0.note", readFileSync(`${REF.path}.note`));
    expect(theirs([bytes])).toEqual([expect.objectContaining({ valid: true, root, head, size })]);
    writeFileSync("tried/0.note", readFileSync(`${REF.path}.note`, "utf8").replace(/\n\d+\n/, "\n3\n"));
    expect(theirs([bytes])).toEqual([expect.objectContaining({ valid: false })]);
});

test("it refuses what ours refuses, and accepts what ours accepts, of every change that is made to a log", async () => {
    const good = await fresh(3);
    const lines = good
        .toString("utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => `${line}\n`);
    const signature = (line: string): string => /"signature":"([0-9a-f]{128})"/.exec(line)?.[1] ?? "";
    const line = fc.nat(lines.length - 1);
    const joined = (changed: string[]): Buffer => Buffer.from(changed.join(""));
    const mutation = fc.oneof(
        fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
            const changed = Buffer.from(good);
            changed[at] = byte;
            return changed;
        }),
        fc.nat(good.length).map((end) => good.subarray(0, end)),
        line.map((end) => joined(lines.slice(0, end + 1))),
        line.map((at) => joined(lines.toSpliced(at, 1))),
        fc.tuple(line, line).map(([at, to]) => joined(lines.toSpliced(to, 0, lines[at]!))),
        fc
            .tuple(line, line)
            .map(([at, of]) =>
                joined(lines.with(at, lines[at]!.replace(signature(lines[at]!), signature(lines[of]!)))),
            ),
        fc
            .tuple(
                line,
                fc.constantFrom(["{", "{ "], ['"status"', '"statu\\u0073"'], ["}}", ',"x":1}}'], ['":"', '": "']),
            )
            .map(([at, [from, to]]) => joined(lines.with(at, lines[at]!.replace(from, to)))),
    );
    const tried = fc.sample(mutation, RUNS).filter((bytes) => bytes.length > 0);
    const [said, known] = [theirs(tried), await Promise.all(tried.map(ours))];
    for (const [index, { valid }] of known.entries()) {
        if (said[index]?.valid === valid) continue;
        throw new Error(
            `ours says ${valid}, theirs ${JSON.stringify(said[index])} of ${tried[index]!.toString("utf8").slice(0, 3_000)}`,
        );
    }
    expect(known.filter(({ valid }) => valid).length).toBeGreaterThan(0);
    expect(known.filter(({ valid }) => !valid).length).toBeGreaterThan(RUNS / 2);
}, 600_000);
