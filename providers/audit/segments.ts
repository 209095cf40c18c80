import { constants } from "node:fs";
import { dirname, join } from "node:path";

import { AuditError } from "../../core/errors.js";
import { type Disk, openIfThere, realDisk } from "./disk.js";
import { fileSource, type Source } from "./read.js";
import { realFile } from "./realFile.js";
import { segmentFiles, segmentName } from "./segmentNames.js";

/**
 * A log is one sequence of bytes: its closed segments `<log>.jsonl.0001`, `<log>.jsonl.0002`, … and the file that is
 * written, `<log>.jsonl`, one after the other. Offsets, chain, Merkle tree and marks know nothing of the cuts between.
 */
export interface LogBytes extends Source {
    /** Offset of the first byte of the file that is written. */
    readonly base: number;
    /** Number of closed segments. */
    readonly closed: number;
    /** The file that is written, for reading; undefined between the closing of a segment and the first write behind it. */
    readonly active: number | undefined;
    close(): void;
}

/** Opens all of a log for reading; undefined when nothing of it is there. */
export function openLog(named: string, name: string, disk: Disk = realDisk): LogBytes | undefined {
    const path = realFile(named, name);
    for (;;) {
        const closed = closedSegments(path, name, disk);
        const log = openParts(path, closed, disk);
        // A writer that closed a segment meanwhile has taken the file away that was to be read last.
        if (closedSegments(path, name, disk).length === closed.length) return log;
        log?.close();
    }
}

function openParts(path: string, segments: string[], disk: Disk): LogBytes | undefined {
    const files: number[] = [];
    const close = (): void => files.forEach((file) => disk.closeSync(file));
    try {
        const parts: { from: number; source: Source }[] = [];
        let base = 0;
        for (const segment of segments) {
            const file = disk.openSync(segment, constants.O_RDONLY);
            files.push(file);
            const source = fileSource(file, disk);
            parts.push({ from: base, source });
            base += source.size;
        }
        const active = openIfThere(disk, path, constants.O_RDONLY);
        if (active !== undefined) {
            files.push(active);
            parts.push({ from: base, source: fileSource(active, disk) });
        }
        if (parts.length === 0) return undefined;
        return { ...joined(parts), base, closed: segments.length, active, close };
    } catch (error) {
        close();
        throw error;
    }
}

/** Paths of the closed segments, in order. */
function closedSegments(path: string, name: string, disk: Disk = realDisk): string[] {
    const segments = segmentFiles(path, name, disk);
    const gap = segments.findIndex(({ number }, index) => number !== index + 1);
    if (gap >= 0) {
        throw new AuditError(
            name,
            `its segment ${segmentName(path, gap + 1, segments[gap]?.file)} is missing`,
            "restore it from version control or the mirror; archived segments must be next to the log to be verified",
        );
    }
    return segments.map(({ file }) => join(dirname(path), file));
}

/** @param number from 1 */
export function segmentPath(path: string, number: number): string {
    return join(dirname(path), segmentName(path, number));
}

function joined(parts: { from: number; source: Source }[]): Source {
    const last = parts.at(-1);
    const size = last === undefined ? 0 : last.from + last.source.size;
    return {
        size,
        read(offset, length) {
            const end = Math.min(offset + length, size);
            const pieces = parts
                .filter(({ from, source }) => from < end && offset < from + source.size)
                .map(({ from, source }) => {
                    const start = Math.max(offset, from);
                    return source.read(start - from, Math.min(end, from + source.size) - start);
                });
            return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
        },
    };
}
