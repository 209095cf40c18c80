import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import type { Authority } from "../../core/audit/authority.js";
import type { AuditEntry, RecordMark } from "../../core/audit/record.js";
import { scrubText } from "../../core/audit/scrub.js";

/** What a caller says of a record; who, when and under which correlation id is added. */
export interface RecordSpec {
    action: string;
    status?: AuditEntry["status"];
    message: string;
    details?: Record<string, unknown>;
}

/** Seals one record and returns its mark once it is on disk. */
type Append = (spec: Required<RecordSpec>, correlationId: string) => Promise<RecordMark>;

/**
 * One operation in the log: its begin record is on disk before the first effect, its outcomes carry the same
 * correlation id. An operation without outcome was interrupted; verifiers say so.
 */
export class Operation {
    private lastMark: RecordMark;

    private constructor(
        private readonly append: Append,
        readonly action: string,
        readonly correlationId: string,
        begun: RecordMark,
        private readonly authority: Authority | undefined,
    ) {
        this.lastMark = begun;
    }

    /**
     * Writes `<action>_begin`. When it throws, nothing may be done.
     *
     * @param authority on whose word it is done, which each of its records says
     */
    static async begin(append: Append, spec: RecordSpec, authority?: Authority): Promise<Operation> {
        const id = randomUUID();
        const { action, status = "success", message, details = {} } = spec;
        const begin = { action: `${action}_begin`, status, message, details: under(authority, details) };
        return new Operation(append, action, id, await append(begin, id), authority);
    }

    /** The last record written. */
    get mark(): RecordMark {
        return this.lastMark;
    }

    /** What was done. `action` is the operation's own unless given. */
    success(spec: Partial<RecordSpec> & Pick<RecordSpec, "message">): Promise<RecordMark> {
        return this.record({ action: this.action, ...spec, status: "success" });
    }

    /** What failed, as `<action>_error`, with the file and line of ours that the error came from. */
    failure(error: unknown, spec: { message?: string; details?: Record<string, unknown> } = {}): Promise<RecordMark> {
        const message = scrubText(error instanceof Error ? error.message : String(error));
        const name = error instanceof Error ? { error: error.name } : {};
        return this.record({
            action: `${this.action}_error`,
            status: "failure",
            message: spec.message ?? message,
            details: {
                ...name,
                ...(spec.message === undefined ? {} : { reason: message }),
                ...placeOf(error),
                ...spec.details,
            },
        });
    }

    /** One outcome of several, for instance one per peer. Status is success unless given. */
    async record(spec: RecordSpec): Promise<RecordMark> {
        const { action, status = "success", message, details = {} } = spec;
        const whole = { action, status, message, details: under(this.authority, details) };
        this.lastMark = await this.append(whole, this.correlationId);
        return this.lastMark;
    }
}

function under(authority: Authority | undefined, details: Record<string, unknown>): Record<string, unknown> {
    return authority === undefined ? details : { ...details, authority };
}

/** File and line of the innermost frame within this package, relative to it; nothing when there is none. */
export function placeOf(error: unknown): { file?: string; line?: number } {
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    for (const frame of stack.split("\n").slice(1)) {
        const [, location, line] = FRAME.exec(frame) ?? [];
        if (location === undefined) continue;
        const file = relative(PACKAGE, location.startsWith("file:") ? fileURLToPath(location) : location);
        if (!file.startsWith("..") && !file.includes("node_modules")) return { file, line: Number(line) };
    }
    return {};
}

/** "    at name (/path/file.js:12:34)" or without the name. */
const FRAME = /^\s+at (?:.* \()?((?:file:\/\/)?\/.*?):(\d+):\d+\)?$/u;

const PACKAGE = packageFolder(__dirname);

/** The sources lie one folder deeper below dist than in the repository. */
function packageFolder(from: string): string {
    for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
        const manifest = join(folder, "package.json");
        if (
            existsSync(manifest) &&
            (JSON.parse(readFileSync(manifest, "utf8")) as { name?: string }).name === "pulumi-qp-tunnel"
        ) {
            return folder;
        }
    }
    return from;
}
