import { MAX_LINE_BYTES } from "../../core/audit/seal.js";
import { type Disk, realDisk } from "./disk.js";

const NEWLINE = 0x0a;
const CHUNK = 256 * 1024;

/** Bytes that can be read anywhere: a file, or the segments of a log one after the other. */
export interface Source {
    readonly size: number;
    /** Exactly that many bytes, fewer only at the end. */
    read(offset: number, length: number): Buffer;
}

/** One line with its newline, and where it begins. */
export interface RawLine {
    bytes: Buffer;
    offset: number;
}

/** An open file as it is now; what is appended meanwhile is not read. */
export function fileSource(file: number, disk: Disk = realDisk): Source {
    const { size } = disk.fstatSync(file);
    return {
        size,
        read(offset, length) {
            const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
            let filled = 0;
            while (filled < buffer.length) {
                const count = disk.readSync(file, buffer, filled, buffer.length - filled, offset + filled);
                if (count === 0) break;
                filled += count;
            }
            return buffer.subarray(0, filled);
        },
    };
}

/** The bytes in pieces, from an offset to an end. */
export function* bytesOf(source: Source, from = 0, to: number = source.size): Generator<Buffer> {
    for (let offset = from; offset < to; offset += CHUNK) {
        yield source.read(offset, Math.min(CHUNK, to - offset));
    }
}

/** The line that begins at an offset; undefined when no line ends within the longest line's length. */
export function lineAt(source: Source, offset: number): RawLine | undefined {
    for (let length = 4096; ; length *= 8) {
        const bytes = source.read(offset, Math.min(length, MAX_LINE_BYTES));
        const end = bytes.indexOf(NEWLINE);
        if (end >= 0) return { bytes: bytes.subarray(0, end + 1), offset };
        if (bytes.length < length) return undefined;
    }
}

/** Offset behind the last newline before `end`; 0 when there is none. */
export function endOfLines(source: Source, end: number): number {
    for (let to = end; to > 0; to -= CHUNK) {
        const from = Math.max(0, to - CHUNK);
        const index = source.read(from, to - from).lastIndexOf(NEWLINE);
        if (index >= 0) return from + index + 1;
    }
    return 0;
}

/** Whole lines from the newest to the oldest; bytes behind the last newline are left out. */
export function* linesBackwards(source: Source, size: number = source.size): Generator<RawLine> {
    let from = endOfLines(source, size);
    let rest: Buffer = Buffer.alloc(0);
    while (from > 0) {
        const start = Math.max(0, from - CHUNK);
        rest = Buffer.concat([source.read(start, from - start), rest]);
        from = start;
        for (let before = previousNewline(rest); before >= 0; before = previousNewline(rest)) {
            yield { bytes: rest.subarray(before + 1), offset: from + before + 1 };
            rest = rest.subarray(0, before + 1);
        }
    }
    if (rest.length > 0) yield { bytes: rest, offset: 0 };
}

/** Whole lines from the oldest to the newest. */
export function* linesForwards(source: Source, size: number = source.size): Generator<RawLine> {
    let offset = 0;
    let rest: Buffer = Buffer.alloc(0);
    for (const piece of bytesOf(source, 0, size)) {
        rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
        for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
            yield { bytes: rest.subarray(0, end + 1), offset };
            rest = rest.subarray(end + 1);
            offset += end + 1;
        }
    }
}

/** Index of the newline that ends the line before the last one. */
function previousNewline(lines: Buffer): number {
    return lines.length < 2 ? -1 : lines.lastIndexOf(NEWLINE, lines.length - 2);
}
