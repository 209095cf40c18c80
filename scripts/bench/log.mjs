// How fast records are sealed and synced, and how fast a log is verified.

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { secondsSince, timed } from "./processes.mjs";
import { row } from "./rows.mjs";

const require = createRequire(import.meta.url);

/** @param {{ root: string, quick: boolean, add: (row: import("./rows.mjs").Row) => void }} bench */
export async function measureLog({ root, quick, add }) {
    const folder = mkdtempSync(join(tmpdir(), "qptunnel-bench-"));
    try {
        const records = quick ? 500 : 2000;
        const disk = [];
        const rates = [];
        for (let turn = 0; turn < 3; turn++) {
            disk.push(syncRate(join(folder, `${turn}.raw`), records));
            rates.push(await appendRate(root, join(folder, `${turn}.jsonl`), records));
        }
        add(row("writing and syncing as many bytes, and nothing else", "/s", disk));
        add(row("sealing and syncing records", "/s", rates, { atLeast: 500 }));

        const lines = quick ? 10_000 : 100_000;
        const file = writeLog(root, join(folder, "long.jsonl"), lines);
        const share = lines / 100_000;
        const [every, fast] = [[], []];
        for (let turn = 0; turn < 3; turn++) {
            every.push(await timed(verify(root, file), { cwd: root, watch: file }));
            fast.push(await timed([...verify(root, file), "--fast"], { cwd: root, watch: file }));
        }
        const seconds = (runs) => runs.map((run) => run.seconds);
        const megabytes = (runs) => runs.map((run) => run.megabytes);
        const cpu = (runs) => runs.map((run) => run.cpu);
        const subject = `${lines} records`;
        add(row(`verifying ${subject}, every signature`, "s", seconds(every), { atMost: 8 * share }, cpu(every)));
        add(row(`memory of that`, "MB", megabytes(every), { atMost: 200 }));
        add(row(`verifying ${subject}, --fast`, "s", seconds(fast), { atMost: 15 * share }, cpu(fast)));
        add(row(`memory of that`, "MB", megabytes(fast), { atMost: 200 }));
    } finally {
        rmSync(folder, { recursive: true });
    }
}

const origin = { project: "bench", stack: "dev" };
const details = { relay: "relay", name: "alice", tunnel_ip: "10.8.0.2", fingerprint: "SHA256:AAAAAAAAAAAAAAAA" };

/** What the disk allows. */
function syncRate(path, records) {
    const file = openSync(path, "w");
    const bytes = Buffer.alloc(700, "x");
    const started = process.hrtime.bigint();
    for (let record = 0; record < records; record++) {
        writeSync(file, bytes);
        fdatasyncSync(file);
    }
    closeSync(file);
    return records / secondsSince(started);
}

/** Records a second, each on the disk before the next begins. */
async function appendRate(root, path, records) {
    const { AuditLog } = require(join(root, "dist/providers/audit/log.js"));
    const log = await AuditLog.open({ ...origin, path, signingKey: `file:${path}.key` });
    const spec = { action: "peer_add", message: "Added peer alice (10.8.0.2) on relay relay", details };
    await log.append(spec);
    const started = process.hrtime.bigint();
    for (let record = 0; record < records; record++) await log.append(spec);
    return records / secondsSince(started);
}

function verify(root, file) {
    return [process.execPath, join(root, "dist/cli/main.js"), "audit", "verify", file];
}

/** A true log, written at once: a hundred thousand syncs would take minutes and measure the disk. */
function writeLog(root, path, lines) {
    const { sealEntry, sealGenesis } = require(join(root, "dist/core/audit/seal.js"));
    const { nativePrimitives, nativeSigner } = require(join(root, "dist/providers/audit/primitives.js"));
    const signer = nativeSigner(Buffer.alloc(32, 7));
    const entry = (sequence) => ({
        timestamp: new Date(1.7e12 + sequence * 1000).toISOString().replace(".000Z", "Z"),
        action: "peer_add",
        status: "success",
        message: "Added peer alice (10.8.0.2) on relay relay",
        user: "alice",
        details,
        correlation_id: uuid(sequence),
    });
    const genesis = sealGenesis(entry(0), origin, uuid(0), signer, nativePrimitives);
    const texts = [genesis.text];
    let previous = genesis.line.capsule;
    for (let sequence = 1; sequence < lines; sequence++) {
        const place = { id: uuid(sequence), sequence, previous_hash: previous.hash };
        const { line, text } = sealEntry(entry(sequence), place, genesis.log, signer, nativePrimitives);
        texts.push(text);
        previous = line.capsule;
    }
    writeFileSync(path, texts.join(""));
    return path;
}

function uuid(number) {
    return `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}
