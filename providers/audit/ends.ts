import type { LogIdentity } from "../../core/audit/capsule.js";
import { checkRotation, type KeyEpoch, ROTATION_ACTION } from "../../core/audit/epochs.js";
import { checkGenesis, checkHash, checkLine, checkSignature, lineError } from "../../core/audit/line.js";
import type { AuditLine } from "../../core/audit/record.js";
import { AuditError } from "../../core/errors.js";
import { nativePrimitives } from "./primitives.js";
import { endOfLines, lineAt, linesBackwards, linesForwards, type RawLine, type Source } from "./read.js";

/** What both ends of a log say, and the keys it was sealed with. */
export interface Ends {
    /** With the key that is in force. */
    log: LogIdentity & { genesis: string };
    keys: KeyEpoch[];
    restartedFrom?: string;
    last: AuditLine;
    lastOffset: number;
    /** Bytes of whole lines. */
    bytes: number;
    /** Bytes behind them: an interrupted write. */
    torn: number;
}

/**
 * Reads and checks a log's first line, its last whole line and every change of its key, and nothing between.
 *
 * @param known what was found before; as long as its last line is where it was, keys are looked for only behind it
 * @returns undefined when there is no whole line
 */
export function readEnds(source: Source, name: string, expect: Partial<LogIdentity>, known?: Ends): Ends | undefined {
    const bytes = endOfLines(source, source.size);
    const firstRaw = bytes === 0 ? undefined : lineAt(source, 0);
    const [lastRaw] = linesBackwards(source, bytes);
    if (firstRaw === undefined || lastRaw === undefined) {
        if (bytes > 0) throw lineError(name, 1, "it is longer than the maximum line");
        return undefined;
    }
    const first = checkLine(firstRaw.bytes, name, 1);
    const { log: begun, restartedFrom } = checkGenesis(first, name, nativePrimitives, expect);
    checkSignature(first, begun, name, 1, nativePrimitives);
    const keys = readKeys(
        source,
        name,
        begun,
        bytes,
        { publicKey: begun.publicKey, from: 0, since: first.timestamp },
        known,
    );
    const log = { ...begun, publicKey: keyFor(keys, Number.MAX_SAFE_INTEGER) };
    const last = lastRaw.offset === 0 ? first : checkLast(source, name, lastRaw, log, keys);
    const ends = { log, keys, last, lastOffset: lastRaw.offset, bytes, torn: source.size - bytes };
    return restartedFrom === undefined ? ends : { ...ends, restartedFrom };
}

/** Checks a line by itself: that it is ours, untouched, and sealed with the key of its place. */
export function checkSealed(
    bytes: Buffer,
    name: string,
    number: number,
    { log, keys }: Pick<Ends, "log" | "keys">,
): AuditLine {
    const line = checkLine(bytes, name, number);
    const { sequence } = line.capsule;
    const sealedAs = { ...log, publicKey: keyFor(keys, sequence), genesis: sequence === 0 ? null : log.genesis };
    checkHash(line, sealedAs, name, number, nativePrimitives);
    checkSignature(line, sealedAs, name, number, nativePrimitives);
    return line;
}

function readKeys(
    source: Source,
    name: string,
    log: LogIdentity & { genesis: string },
    end: number,
    first: KeyEpoch,
    known: Ends | undefined,
): KeyEpoch[] {
    const goesOn = known !== undefined && known.log.genesis === log.genesis && stillHolds(source, known);
    const keys = goesOn ? [...known.keys] : [first];
    for (const { bytes } of rotationsIn(source, goesOn ? known.bytes : 0, end)) {
        const number = lineNumber(bytes);
        const candidate = checkLine(bytes, name, number);
        // The words may also stand in a record's details.
        if (candidate.action !== ROTATION_ACTION) continue;
        const line = checkSealed(bytes, name, number, { log, keys });
        const sealedAs = { ...log, publicKey: keyFor(keys, line.capsule.sequence) };
        keys.push(checkRotation(line, sealedAs, keys, name, number, nativePrimitives));
    }
    return keys;
}

function stillHolds(source: Source, { last, lastOffset }: Ends): boolean {
    const raw = lineAt(source, lastOffset);
    return raw !== undefined && raw.bytes.includes(`"hash":"${last.capsule.hash}"`);
}

/** Lines that may be rotations, found without taking the others apart. */
function* rotationsIn(source: Source, from: number, end: number): Generator<RawLine> {
    for (let offset = from; offset < end;) {
        const piece = source.read(offset, Math.min(PIECE, end - offset));
        const index = piece.indexOf(ROTATION);
        if (index < 0) {
            if (offset + piece.length >= end) return;
            offset += piece.length - ROTATION.length;
            continue;
        }
        const raw = lineAt(source, endOfLines(source, offset + index));
        if (raw === undefined) return;
        yield raw;
        offset = raw.offset + raw.bytes.length;
    }
}

function checkLast(
    source: Source,
    name: string,
    { bytes, offset }: RawLine,
    log: LogIdentity & { genesis: string },
    keys: KeyEpoch[],
): AuditLine {
    try {
        return checkSealed(bytes, name, 0, { log, keys });
    } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        // Only now is it worth counting.
        return checkSealed(bytes, name, [...linesForwards(source, offset)].length + 1, { log, keys });
    }
}

function keyFor(keys: readonly KeyEpoch[], sequence: number): string {
    return (keys.findLast(({ from }) => from <= sequence) as KeyEpoch).publicKey;
}

/** From the record itself, for lines that were not counted. */
export function lineNumber(bytes: Buffer): number {
    const [, sequence] = /"sequence":(\d+)/.exec(bytes.toString("utf8", Math.max(0, bytes.length - 512))) ?? [];
    return Number(sequence ?? NaN) + 1;
}

const ROTATION = Buffer.from(`"action":"${ROTATION_ACTION}"`);
const PIECE = 4 * 1024 * 1024;
