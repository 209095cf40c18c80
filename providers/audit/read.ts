import { createReadStream, fstatSync, readSync } from "node:fs";

import { MAX_LINE_BYTES } from "../../core/audit/seal.js";

const NEWLINE = 0x0a;
const CHUNK = 256 * 1024;

/** One line of a file with its newline, and where it begins. */
export interface RawLine {
    bytes: Buffer;
    offset: number;
}

/** The file's bytes as they are now; what is appended meanwhile is not read. */
export async function* fileBytes(path: string, size: number): AsyncGenerator<Buffer> {
    if (size === 0) return;
    yield* createReadStream(path, { end: size - 1, highWaterMark: CHUNK }) as AsyncIterable<Buffer>;
}

/** Exactly that many bytes, fewer only at the end of the file. */
export function readAt(file: number, offset: number, length: number): Buffer {
    const buffer = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
        const count = readSync(file, buffer, filled, length - filled, offset + filled);
        if (count === 0) break;
        filled += count;
    }
    return buffer.subarray(0, filled);
}

/** The line that begins at an offset; undefined when no line ends within the longest line's length. */
export function lineAt(file: number, offset: number): RawLine | undefined {
    for (let length = 4096; ; length *= 8) {
        const bytes = readAt(file, offset, Math.min(length, MAX_LINE_BYTES));
        const end = bytes.indexOf(NEWLINE);
        if (end >= 0) return { bytes: bytes.subarray(0, end + 1), offset };
        if (bytes.length < length) return undefined;
    }
}

/** Offset behind the last newline before `end`; 0 when there is none. */
export function endOfLines(file: number, end: number): number {
    for (let to = end; to > 0; to -= CHUNK) {
        const from = Math.max(0, to - CHUNK);
        const index = readAt(file, from, to - from).lastIndexOf(NEWLINE);
        if (index >= 0) return from + index + 1;
    }
    return 0;
}

/** Whole lines from the newest to the oldest; bytes behind the last newline are left out. */
export function* linesBackwards(file: number, size = fstatSync(file).size): Generator<RawLine> {
    let from = endOfLines(file, size);
    let rest: Buffer = Buffer.alloc(0);
    while (from > 0) {
        const start = Math.max(0, from - CHUNK);
        rest = Buffer.concat([readAt(file, start, from - start), rest]);
        from = start;
        for (let before = previousNewline(rest); before >= 0; before = previousNewline(rest)) {
            yield { bytes: rest.subarray(before + 1), offset: from + before + 1 };
            rest = rest.subarray(0, before + 1);
        }
    }
    if (rest.length > 0) yield { bytes: rest, offset: 0 };
}

/** Whole lines from the oldest to the newest. */
export function* linesForwards(file: number, size = fstatSync(file).size): Generator<RawLine> {
    let offset = 0;
    let rest: Buffer = Buffer.alloc(0);
    for (let from = 0; from < size; from += CHUNK) {
        rest = Buffer.concat([rest, readAt(file, from, Math.min(CHUNK, size - from))]);
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
