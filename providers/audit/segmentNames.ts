/** What the closed segments of a log are called, and which files in its folder are segments of it. */
import { constants } from "node:fs";
import { basename, dirname, extname, join } from "node:path";

import { AuditError } from "../../core/errors.js";
import { type Disk, openIfThere } from "./disk.js";

interface SegmentFile {
    /** From 1. */
    number: number;
    /** Name in the log's folder. */
    file: string;
}

/**
 * `prod.jsonl.0001` is the first closed segment of `prod.jsonl`. No log is called so: a log's name ends in its extension.
 * Earlier versions wrote `prod.0001.jsonl`, which is also what the log of a stack `prod.0001` is called.
 *
 * @param like a segment in whose manner it is written; default: as new ones are
 */
export function segmentName(path: string, number: number, like?: string): string {
    const { whole, stem, extension } = partsOf(path);
    const digits = String(number).padStart(4, "0");
    const former = like !== undefined && !like.startsWith(`${whole}.`);
    return former ? `${stem}.${digits}${extension}` : `${whole}.${digits}`;
}

/**
 * Segments by number, of both manners.
 *
 * @throws AuditError when two files are the same segment
 */
export function segmentFiles(path: string, name: string, disk: Disk): SegmentFile[] {
    const { whole, stem, extension } = partsOf(path);
    const found = namesIn(dirname(path), disk).flatMap((file): SegmentFile[] => {
        const number = numberIn(file, `${whole}.`, "") ?? numberIn(file, `${stem}.`, extension);
        return number === undefined || file === whole ? [] : [{ number, file }];
    });
    const former = found.filter(({ file }) => !file.startsWith(`${whole}.`));
    const others = former.length === 0 ? [] : former.filter((segment) => isLogOfItsOwn(path, segment, disk));
    const segments = found.filter((segment) => !others.includes(segment)).sort((a, b) => a.number - b.number);
    const twice = segments.find(({ number }, index) => segments[index + 1]?.number === number);
    if (twice === undefined) return segments;
    throw new AuditError(
        name,
        `its segment ${twice.number} exists twice, as ${segmentName(path, twice.number)} and ${segmentName(path, twice.number, ".")}`,
        "compare the two, and move the copy to another folder",
    );
}

/**
 * Whether a file with the name of an earlier version's segment is the log of another stack: its first record begins a log
 * where none can begin or one of that name, or goes on behind a segment of that name.
 */
function isLogOfItsOwn(path: string, { number, file }: SegmentFile, disk: Disk): boolean {
    if (firstRecord(path, disk)?.action === "log_created") return true;
    const { stem } = partsOf(file);
    const first = firstRecord(join(dirname(path), file), disk);
    if (first?.action === "log_created") return number > 1 || first.details.stack === stem;
    if (first?.action !== "log_segment" || typeof first.details.closed !== "string") return false;
    return stemOfSegment(first.details.closed) === stem;
}

function stemOfSegment(file: string): string {
    return file.replace(/(?:\.\d{4,}\.[^.]*|\.[^.]*\.\d{4,})$/, "");
}

/** Not verified: it only identifies the file. undefined when it is not a record. */
function firstRecord(path: string, disk: Disk): { action: string; details: Record<string, unknown> } | undefined {
    const file = openIfThere(disk, path, constants.O_RDONLY);
    if (file === undefined) return undefined;
    try {
        // Both kinds of first records are short.
        const bytes = Buffer.alloc(FIRST_RECORD);
        const text = bytes.toString("utf8", 0, disk.readSync(file, bytes, 0, bytes.length, 0));
        const { action, details } = JSON.parse(text.slice(0, text.indexOf("\n"))) as Record<string, unknown>;
        const whole = typeof action === "string" && typeof details === "object" && details !== null;
        return whole ? { action, details: details as Record<string, unknown> } : undefined;
    } catch (error) {
        if (error instanceof SyntaxError) return undefined;
        throw error;
    } finally {
        disk.closeSync(file);
    }
}

const FIRST_RECORD = 16 * 1024;

function numberIn(file: string, prefix: string, suffix: string): number | undefined {
    if (!file.startsWith(prefix) || !file.endsWith(suffix)) return undefined;
    const middle = file.slice(prefix.length, file.length - suffix.length);
    return /^\d{4,}$/.test(middle) ? Number(middle) : undefined;
}

function namesIn(folder: string, disk: Disk): string[] {
    try {
        return disk.readdirSync(folder);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
    }
}

function partsOf(path: string): { whole: string; stem: string; extension: string } {
    const extension = extname(path);
    return { whole: basename(path), stem: basename(path, extension), extension };
}
