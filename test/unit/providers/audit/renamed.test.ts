import { execFileSync } from "node:child_process";
import fs from "node:fs";

import type { Checkpoint } from "../../../../core/audit/record.js";
import { AuditLog, type AuditRef } from "../../../../providers/audit/log.js";
import { scratchProject } from "./scratch.js";

scratchProject();
const DEV: AuditRef = { path: "audit/dev.jsonl", project: "shop", stack: "dev" };
const PROD: AuditRef = { path: "audit/prod.jsonl", project: "shop", stack: "prod" };

/** The log of a stack that is called prod from now on. */
async function begun(segmentBytes?: number): Promise<Checkpoint> {
    const log = await AuditLog.open({ ...DEV, ...(segmentBytes === undefined ? {} : { segmentBytes }) });
    for (const name of ["a", "b", "c"]) await log.append({ action: "peer_add", message: name });
    return log.checkpoint();
}

const later = (ref: AuditRef): Promise<AuditLog> => AuditLog.open(ref, { expectExisting: true });

/** Carries out what a message says to do. */
function carryOut(message: string): void {
    const commands = [...message.matchAll(/`(mv [^`]+)`/g)].map(([, command = ""]) => command);
    expect(commands).not.toEqual([]);
    for (const command of commands) execFileSync("sh", ["-c", command]);
}

const refused = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
        () => "nothing was refused",
        (error: Error) => error.message,
    );

test.each([
    ["in one file", undefined, 1],
    ["with closed segments", 800, 3],
] as const)(
    "a renamed stack's log %s is found by what the state pins, and goes on once it is moved as the message says",
    async (_what, segmentBytes, files) => {
        const pinned = await begun(segmentBytes);
        expect(fs.readdirSync("audit").filter((file) => !file.endsWith(".lock"))).toHaveLength(files);
        const message = await refused((await later(PROD)).verifyCheckpoint(pinned));
        expect(message).toMatch(/the log that the state remembers is audit\/dev\.jsonl: /);
        carryOut(message);
        const log = await later(PROD);
        expect(await log.verifyCheckpoint(pinned)).toEqual([]);
        const mark = await log.append({ action: "peer_add", message: "after" });
        expect(mark.genesis).toBe(pinned.genesis);
        expect((await log.checkpoint()).genesis).toBe(pinned.genesis);
    },
);

test("it goes on where it is when `path` says so", async () => {
    const pinned = await begun();
    const ref = { ...PROD, path: "audit/dev.jsonl" };
    expect(await refused((await later(PROD)).verifyCheckpoint(pinned))).toContain('`path: "audit/dev.jsonl"`');
    const log = await later(ref);
    expect(await log.verifyCheckpoint(pinned)).toEqual([]);
    await log.append({ action: "relay_rename", message: "r", details: { from: "shop/dev/hub", to: "shop/prod/hub" } });
    // Whoever comes next and has nothing pinned finds the rename in the log.
    fs.cpSync("audit", "elsewhere", { recursive: true });
    const fresh = await AuditLog.open({ ...ref, path: "elsewhere/dev.jsonl" });
    await fresh.append({ action: "peer_add", message: "new" });
    expect((await fresh.status())?.genesis).toBe(pinned.genesis);
});

test("a log that was begun in its stead makes way for it", async () => {
    const pinned = await begun();
    await (await AuditLog.open(PROD)).append({ action: "peer_add", message: "in its stead" });
    const message = await refused((await later(PROD)).verifyCheckpoint(pinned));
    carryOut(message);
    expect(await (await later(PROD)).verifyCheckpoint(pinned)).toEqual([]);
    expect(fs.readFileSync("audit/prod.jsonl.other", "utf8")).toContain("in its stead");
});

test("a stack that has nothing pinned cannot go on with another stack's log", async () => {
    await begun();
    const message = await refused(
        (await AuditLog.open({ ...PROD, path: "audit/dev.jsonl" })).append({ action: "peer_add", message: "x" }),
    );
    expect(message).toMatch(/^line 1 of audit\/dev\.jsonl: it is the log of a different stack: dev, not prod/);
});
