/** One log of a project in a scratch folder, as the tests of this folder open and change it. */
import fs from "node:fs";

import type { AuditLine, RecordMark } from "../../../../core/audit/record.js";
import { AuditError } from "../../../../core/errors.js";
import { AuditLog, type AuditRef, type OpenOptions } from "../../../../providers/audit/log.js";

export const path = "audit/dev.jsonl";
export const REF: AuditRef = { path, project: "shop", stack: "dev" };

export function open(changes: Partial<AuditRef> = {}, options?: OpenOptions): Promise<AuditLog> {
    return AuditLog.open({ ...REF, ...changes }, options);
}

/** A log with a genesis record and `count` more. */
export async function written(count: number): Promise<{ log: AuditLog; marks: RecordMark[] }> {
    const log = await open();
    const marks: RecordMark[] = [];
    for (let n = 1; n <= count; n++) {
        marks.push(await log.append({ action: "peer_add", message: `Added p${n}`, details: { name: `p${n}` } }));
    }
    return { log, marks };
}

export function lines(): AuditLine[] {
    return texts().map((text) => JSON.parse(text) as AuditLine);
}

export function texts(): string[] {
    return fs.readFileSync(path, "utf8").split("\n").slice(0, -1);
}

export function rewrite(change: (texts: string[]) => string[]): void {
    fs.writeFileSync(
        path,
        change(texts())
            .map((text) => `${text}\n`)
            .join(""),
    );
}

export async function problem(promise: Promise<unknown>): Promise<AuditError> {
    const outcome = await promise.catch((error: unknown) => error);
    if (!(outcome instanceof AuditError)) throw new Error("nothing was refused", { cause: outcome });
    return outcome;
}
