import { AuditError } from "../errors.js";
import type { LogIdentity } from "./capsule.js";
import { goesBackwards } from "./entry.js";
import { checkRotation, type KeyEpoch, ROTATION_ACTION } from "./epochs.js";
import { checkGenesis, checkLine, checkSeal, lineError } from "./line.js";
import { MerkleTree } from "./merkle.js";
import { Pins, RootMismatch } from "./pins.js";
import type { AuditLine } from "./record.js";
import { MAX_LINE_BYTES, shortKey } from "./seal.js";
import { Signatures } from "./signatures.js";
import type { Verdict, VerifyOptions } from "./verdict.js";

/**
 * Checks a log byte by byte in one pass.
 *
 * @param name what errors call the file
 * @param open yields the file's bytes from the start; called again only to find the line of a mismatch
 * @throws AuditError naming line and problem; LogBehind when pinned records are missing at the end
 */
export async function verifyLog(
    name: string,
    open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: VerifyOptions,
): Promise<Verdict> {
    try {
        return await run(new LogVerifier(name, options), open());
    } catch (error) {
        if (!(error instanceof RootMismatch) || options.mode === "full") throw error;
        // Some line's signature, which no hash covers, was changed: checking them all tells which.
        await run(new LogVerifier(name, { ...options, mode: "full" }), open());
        throw error;
    }
}

async function run(verifier: LogVerifier, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Verdict> {
    try {
        for await (const chunk of chunks) {
            verifier.push(chunk);
            await verifier.settle(ASIDE);
        }
    } catch (error) {
        // A line before the one at fault may have a wrong signature: the first one is named.
        await verifier.settle();
        throw error;
    }
    await verifier.settle();
    return verifier.finish();
}

/** Enough to keep all threads busy, and little memory. */
const ASIDE = 512;

/** The same for bytes that arrive bit by bit. */
export class LogVerifier {
    private readonly tree: MerkleTree;
    private readonly pins: Pins;
    private readonly signatures: Signatures;
    private readonly open = new Map<string, Verdict["interrupted"][number]>();
    private readonly warnings: Verdict["warnings"] = [];
    private readonly epochs: KeyEpoch[] = [];
    private rest: Uint8Array = new Uint8Array(0);
    private offset = 0;
    private log: (LogIdentity & { genesis: string }) | undefined;
    private restartedFrom: string | undefined;
    private first: AuditLine | undefined;
    private last: AuditLine | undefined;

    constructor(
        private readonly name: string,
        private readonly options: VerifyOptions,
    ) {
        this.tree = new MerkleTree(options.primitives);
        this.pins = new Pins(name, options.primitives, options);
        this.signatures = new Signatures(name, options.primitives);
    }

    push(chunk: Uint8Array): void {
        let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
        for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
            this.pushLine(bytes.subarray(0, end + 1));
            bytes = bytes.subarray(end + 1);
        }
        if (bytes.length >= MAX_LINE_BYTES) throw this.error(`it is longer than ${MAX_LINE_BYTES} bytes`);
        this.rest = bytes;
    }

    /**
     * Waits for signatures that are checked aside.
     *
     * @param most may still be under way afterwards
     * @throws AuditError naming the first line whose signature is wrong
     */
    settle(most = 0): Promise<void> {
        return this.signatures.settle(most);
    }

    /** All has been pushed, and has settled. */
    finish(): Verdict {
        const { log, first, last } = this;
        if (this.signatures.unsettled) throw new TypeError("signatures are still being checked: settle first");
        const tornBytes = this.rest.length;
        if (tornBytes > 0 && this.options.tail !== "ignore") throw this.torn(tornBytes);
        if (log === undefined || first === undefined || last === undefined)
            throw this.error("it is missing: the log is empty");
        // A rotation's own was checked with the key it retired.
        if (this.options.mode !== "full" && this.tree.size > 1 && last.action !== ROTATION_ACTION) {
            this.signatures.check(last, this.tree.size, log);
        }
        this.pins.checkNothingIsMissing(this.tree.size);
        return {
            log,
            keys: this.epochs,
            size: this.tree.size,
            bytes: this.offset,
            head: last.capsule.hash,
            root: this.tree.root(),
            first: first.timestamp,
            last: last.timestamp,
            ...(this.restartedFrom === undefined ? {} : { restartedFrom: this.restartedFrom }),
            signatures: this.signatures.checked,
            warnings: this.warnings,
            interrupted: [...this.open.values()],
            tornBytes,
        };
    }

    private pushLine(bytes: Uint8Array): void {
        const number = this.tree.size + 1;
        const line = checkLine(bytes, this.name, number);
        const log = this.log === undefined ? this.begin(line) : this.goOn(line, number, this.log);
        const sealedAs: LogIdentity = number === 1 ? { ...log, genesis: null } : log;
        this.log = line.action === ROTATION_ACTION ? this.rotate(line, number, log) : log;
        this.note(line, number);
        this.tree.append(bytes.subarray(0, -1));
        this.pins.checkMarks(line, this.offset, log.genesis);
        this.options.onRecord?.({ line, bytes, offset: this.offset, sealedAs });
        this.offset += bytes.length;
        this.last = line;
        this.pins.checkCheckpoints({ log: this.log, line, tree: this.tree, bytes: this.offset });
    }

    /** The first line, which says what the log is. */
    private begin(line: AuditLine): LogIdentity & { genesis: string } {
        const { log, restartedFrom } = checkGenesis(line, this.name, this.options.primitives, this.options.expect);
        this.restartedFrom = restartedFrom;
        this.first = line;
        this.epochs.push({ publicKey: log.publicKey, from: 0, since: line.timestamp });
        this.signatures.check(line, 1, log);
        return log;
    }

    private goOn<Log extends LogIdentity>(line: AuditLine, number: number, log: Log): Log {
        this.refuseRetired(line, number);
        checkSeal(line, this.last, log, this.name, number, this.options.primitives);
        if (line.action === ROTATION_ACTION) this.signatures.check(line, number, log);
        else if (this.options.mode === "full") this.signatures.checkAside(line, number, log);
        return log;
    }

    /** @returns the log under its next key */
    private rotate<Log extends LogIdentity>(line: AuditLine, number: number, log: Log): Log {
        const epoch = checkRotation(line, log, this.epochs, this.name, number, this.options.primitives);
        this.epochs.push(epoch);
        return { ...log, publicKey: epoch.publicKey };
    }

    /** Otherwise only "another key" could be said of it. */
    private refuseRetired(line: AuditLine, number: number): void {
        const index = this.epochs.findIndex(({ publicKey }) => shortKey(publicKey) === line.capsule.signed_by);
        const next = index < 0 ? undefined : this.epochs[index + 1];
        if (next === undefined) return;
        throw this.error(`it is sealed by the key ${line.capsule.signed_by}, which line ${next.from} retired`, number);
    }

    /** What is no tampering, but worth a person's look. */
    private note(line: AuditLine, number: number): void {
        if (this.last !== undefined && goesBackwards(this.last.timestamp, line.timestamp)) {
            const problem = `time goes backwards, from ${this.last.timestamp} to ${line.timestamp}`;
            this.warnings.push({ line: number, problem });
        }
        const { action, correlation_id } = line;
        if (action.endsWith("_begin")) this.open.set(correlation_id, { line: number, action, correlation_id });
        else this.open.delete(correlation_id);
    }

    private torn(bytes: number): AuditError {
        return new AuditError(
            `line ${this.tree.size + 1} of ${this.name}`,
            `its ${bytes} bytes do not end with a newline: a write was interrupted, or the file was cut`,
            "run `pulumi up`: it moves them aside, records that and continues the log; if no write was interrupted, restore the log from version control or its mirror",
        );
    }

    private error(problem: string, line = this.tree.size + 1): AuditError {
        return lineError(this.name, line, problem);
    }
}

const NEWLINE = 0x0a;
