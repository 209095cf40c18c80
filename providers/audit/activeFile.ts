import { constants } from "node:fs";
import { basename } from "node:path";

import { AuditError } from "../../core/errors.js";
import { type Disk, openIfThere } from "./disk.js";
import { keepAside, stampOf, syncFolder, writeAll } from "./durable.js";
import { openLog, segmentPath } from "./segments.js";

/** Where a log is, what messages call it, and how it is reached. */
interface LogPlace {
    readonly path: string;
    readonly name: string;
    readonly disk: Disk;
}

/** Where the file that is written begins, as long as no other program wrote to it. */
export interface Cut {
    /** Offset of its first byte in the log. */
    base: number;
    /** Number of closed segments before it. */
    closed: number;
    /** Of the file then. */
    stamp: string;
}

/** The file of a log that is written, open: the one behind its closed segments. Its owner holds the log's lock. */
export class ActiveFile {
    private constructor(
        private readonly place: LogPlace,
        private file: number,
        private base: number,
        private closed: number,
    ) {}

    /**
     * Makes the file when it is not there.
     *
     * @param known spares reading the closed segments
     * @param beforeFirst called before the first file of a log is made; may throw
     */
    static open(place: LogPlace, known: Cut | undefined, beforeFirst: () => void): ActiveFile {
        const existing = openIfThere(place.disk, place.path, constants.O_RDWR | constants.O_APPEND);
        try {
            if (existing !== undefined) refuseOtherNames(place, existing);
            const unchanged = existing !== undefined && known?.stamp === stampOf(existing, place.disk);
            const { base, closed } = unchanged ? known : cutOf(place);
            if (existing === undefined && closed === 0) beforeFirst();
            return new ActiveFile(place, existing ?? create(place), base, closed);
        } catch (error) {
            if (existing !== undefined) place.disk.closeSync(existing);
            throw error;
        }
    }

    get stamp(): string {
        return stampOf(this.file, this.place.disk);
    }

    get cut(): Cut {
        return { base: this.base, closed: this.closed, stamp: this.stamp };
    }

    /** Offset of the file's first byte in the log. */
    get begin(): number {
        return this.base;
    }

    /** Bytes of this file alone. */
    get size(): number {
        return this.place.disk.fstatSync(this.file).size;
    }

    /**
     * Writes and syncs.
     *
     * @param expected bytes of the whole log afterwards
     */
    append(bytes: Buffer, expected: number): void {
        writeAll(this.file, bytes, this.place.disk);
        this.place.disk.fdatasyncSync(this.file);
        const size = this.base + this.size;
        if (size === expected) return;
        throw new AuditError(
            this.place.name,
            `it has ${size} bytes after a write that should have made it ${expected}: another program writes to it`,
            "find the other writer, then verify the log with qp-tunnel audit verify",
        );
    }

    /**
     * Moves an interrupted write into a file beside the log and cuts it off.
     *
     * @param end offset behind the last whole line
     * @param torn bytes behind it
     */
    cutOff(end: number, torn: number): { bytes: Buffer; side: string } {
        const { path, name, disk } = this.place;
        const log = openLog(path, name, disk);
        const bytes = log?.read(end, torn) ?? Buffer.alloc(0);
        log?.close();
        const side = keepAside(path, bytes, disk);
        disk.ftruncateSync(this.file, end - this.base);
        disk.fsyncSync(this.file);
        return { bytes, side };
    }

    /**
     * Gives the file that was written its number and begins the next; between the two the log is whole, too.
     *
     * @param bytes of the whole log
     * @returns name of the closed segment
     */
    closeSegment(bytes: number): string {
        const { path, disk } = this.place;
        const closed = segmentPath(path, this.closed + 1);
        // Nothing is ever put over a segment: the lock is held, so there is none of that number.
        disk.renameSync(path, closed);
        syncFolder(path, disk);
        const old = this.file;
        this.file = create(this.place);
        this.base = bytes;
        this.closed += 1;
        disk.closeSync(old);
        return basename(closed);
    }

    close(): void {
        this.place.disk.closeSync(this.file);
    }
}

/** Two names of one file have two locks. */
function refuseOtherNames({ path, name, disk }: LogPlace, file: number): void {
    const { nlink } = disk.fstatSync(file);
    if (nlink <= 1) return;
    throw new AuditError(
        name,
        `the file has ${nlink} names (hard links), and there is no lock for the others`,
        `keep one of them: find the others with \`find FOLDER -samefile ${path}\``,
    );
}

function cutOf({ path, name, disk }: LogPlace): Omit<Cut, "stamp"> {
    const log = openLog(path, name, disk);
    log?.close();
    return log ?? { base: 0, closed: 0 };
}

function create({ path, disk }: LogPlace): number {
    const { O_RDWR, O_APPEND, O_CREAT, O_EXCL } = constants;
    const file = disk.openSync(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL, 0o600);
    syncFolder(path, disk);
    return file;
}
