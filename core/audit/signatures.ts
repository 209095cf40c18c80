import type { AuditError } from "../errors.js";
import type { LogIdentity } from "./capsule.js";
import { checkSignature, wrongSignature } from "./line.js";
import type { Primitives } from "./primitives.js";
import type { AuditLine } from "./record.js";

/** The signatures that a verification checks: at once, or on other threads where there are some. */
export class Signatures {
    private count = 0;
    /** Those on other threads, oldest first; each becomes what is wrong with its line. */
    private readonly pending: Promise<AuditError | undefined>[] = [];

    constructor(
        private readonly name: string,
        private readonly primitives: Primitives,
    ) {}

    /** How many were checked, those on other threads included. */
    get checked(): number {
        return this.count;
    }

    /** Whether some are still being checked on other threads. */
    get unsettled(): boolean {
        return this.pending.length > 0;
    }

    /** @throws AuditError naming the line */
    check(line: AuditLine, number: number, log: LogIdentity): void {
        checkSignature(line, log, this.name, number, this.primitives);
        this.count += 1;
    }

    /** The same on another thread, if there is one: {@link settle} throws what is wrong. */
    checkAside(line: AuditLine, number: number, log: LogIdentity): void {
        const { verifyAside } = this.primitives;
        if (verifyAside === undefined) return this.check(line, number, log);
        this.count += 1;
        this.pending.push(
            verifyAside(log.publicKey, line.capsule.hash, line.capsule.signature).then(
                (valid) => (valid ? undefined : wrongSignature(this.name, number)),
                () => wrongSignature(this.name, number),
            ),
        );
    }

    /**
     * Waits for those on other threads.
     *
     * @param most may still be under way afterwards
     * @throws AuditError naming the first line whose signature is wrong
     */
    async settle(most: number): Promise<void> {
        while (this.pending.length > most) {
            const problem = await this.pending.shift();
            if (problem !== undefined) throw problem;
        }
    }
}
