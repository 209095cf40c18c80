/**
 * Every call that reaches the disk in an append, a change of segment and a repair fails once in each way it can. Then a
 * new process looks: no acknowledged record is missing, and the log it goes on with verifies.
 */
import fs from "node:fs";

import type { RecordMark } from "../../../../core/audit/record.js";
import { type Disk, realDisk } from "../../../../providers/audit/disk.js";
import { AuditLog } from "../../../../providers/audit/log.js";
import { verifyFile } from "../../../../providers/audit/verifyFile.js";
import { scratchProject } from "./scratch.js";

scratchProject();

type Fault = "EIO" | "ENOSPC" | "short write" | "exit";
const FAULTS: Fault[] = ["EIO", "ENOSPC", "short write", "exit"];

const SCENARIOS: Record<string, { prepare(): Promise<RecordMark[]>; segmentBytes?: number }> = {
    "the first append": { prepare: () => Promise.resolve([]) },
    "an append": { prepare: () => append(2) },
    "a change of segment": { prepare: () => append(2), segmentBytes: 1_000 },
    "a repair": {
        async prepare() {
            const marks = await append(2);
            fs.appendFileSync("audit/dev.jsonl", '{"timestamp":"20');
            return marks;
        },
    },
    "a repair and a change of segment": {
        async prepare() {
            const marks = await append(2);
            fs.appendFileSync("audit/dev.jsonl", '{"timestamp":"20');
            return marks;
        },
        segmentBytes: 1_000,
    },
};

test.each(Object.entries(SCENARIOS))("every failing call of %s", async (name, { prepare, segmentBytes }) => {
    let tried = 0;
    let refused = 0;
    for (const fault of FAULTS) {
        for (let at = 1; ; at++) {
            fs.rmSync("audit", { recursive: true, force: true });
            const marks = await prepare();
            const disk = failing(at, fault);
            const during = open(disk, segmentBytes).then((log) =>
                log.append({ action: "log_note", message: "during" }),
            );
            const mark = await during.catch((error: unknown) => {
                refused += 1;
                expect(String(error)).toMatch(/EIO|ENOSPC|the process is gone/);
                return undefined;
            });
            if (mark !== undefined) marks.push(mark);
            if (!disk.fired) break;
            tried += 1;
            marks.push(
                await open(restarted(), segmentBytes).then((log) =>
                    log.append({ action: "log_note", message: "after" }),
                ),
            );
            await verifyFile("audit/dev.jsonl", { mode: "full", marks });
        }
    }
    console.log(`${name}: ${tried} failures injected, ${refused} appends refused, 0 acknowledged records lost`);
    // Reads, opens and closes count as well: each scenario makes at least so many calls.
    expect(tried).toBeGreaterThan(30);
    expect(refused).toBeGreaterThan(tried / 2);
});

test("a process whose disk failed writes nothing more, whatever it is asked", async () => {
    await append(1);
    const before = fs.readFileSync("audit/dev.jsonl");
    const calls: string[] = [];
    const disk = { ...restarted(), fdatasyncSync: broken, writeSync: recorded };
    const log = await open(disk);
    await expect(log.append({ action: "log_note", message: "one" })).rejects.toThrow("EIO");
    const written = calls.length;
    await expect(log.append({ action: "log_note", message: "two" })).rejects.toThrow("EIO");
    await expect((await open(disk)).begin({ action: "peer_add", message: "x" })).rejects.toThrow("EIO");
    expect([written, calls.length]).toEqual([1, 1]);
    expect(fs.readFileSync("audit/dev.jsonl").subarray(0, before.length)).toEqual(before);

    function broken(): never {
        throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
    }
    function recorded(...args: unknown[]): number {
        calls.push("write");
        return (fs.writeSync as (...args: unknown[]) => number)(...args);
    }
});

/** No power fails here, so nothing is waited for. */
const unsynced: Disk = { ...realDisk, fsyncSync: () => undefined, fdatasyncSync: () => undefined };

/** A new process: its own memory of the log, which is none. */
function restarted(): Disk {
    return { ...unsynced };
}

function open(disk: Disk, segmentBytes?: number): Promise<AuditLog> {
    const ref = { path: "audit/dev.jsonl", project: "shop", stack: "dev" };
    return AuditLog.open({ ...ref, ...(segmentBytes === undefined ? {} : { segmentBytes }) }, { disk });
}

async function append(count: number): Promise<RecordMark[]> {
    const log = await open(restarted());
    const marks: RecordMark[] = [];
    for (let n = 1; n <= count; n++) marks.push(await log.append({ action: "log_note", message: `before ${n}` }));
    return marks;
}

/** The disk fails at its n-th call; after an exit every later call fails, too. */
function failing(at: number, fault: Fault): Disk & { readonly fired: boolean } {
    const state = { calls: 0, fired: false };
    const calls = Object.keys(TEMPLATE).map((name) => {
        const real = unsynced[name as keyof Disk] as (...args: unknown[]) => unknown;
        const call = (...args: unknown[]): unknown => {
            if (fault === "short write" && name !== "writeSync") return real(...args);
            state.calls += 1;
            const now = state.calls === at;
            state.fired ||= now;
            if (fault === "exit" && state.fired) {
                // Half of a write may have reached the file before.
                if (now && name === "writeSync") real(args[0], args[1], args[2], Math.ceil((args[3] as number) / 2));
                if (name === "closeSync") real(...args);
                throw Object.assign(new Error("the process is gone"), { code: "EEXIT" });
            }
            if (!now) return real(...args);
            if (fault === "short write") {
                const [file, bytes, offset, length] = args as [number, Buffer, number, number];
                real(file, bytes, offset, Math.ceil(length / 2));
                throw Object.assign(new Error("ENOSPC: the rest does not fit"), { code: "ENOSPC" });
            }
            // The descriptor is free even when its close reports an error.
            if (name === "closeSync") real(...args);
            throw Object.assign(new Error(`${fault}: injected into ${name}`), { code: fault });
        };
        return [name, call];
    });
    return Object.defineProperty(Object.fromEntries(calls), "fired", { get: () => state.fired });
}

const TEMPLATE: Record<keyof Disk, true> = {
    openSync: true,
    closeSync: true,
    readSync: true,
    writeSync: true,
    fstatSync: true,
    fsyncSync: true,
    fdatasyncSync: true,
    ftruncateSync: true,
    mkdirSync: true,
    readdirSync: true,
    renameSync: true,
};
