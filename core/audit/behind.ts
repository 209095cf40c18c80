import { AuditError } from "../errors.js";

/**
 * The log is a consistent one, only shorter than what was pinned: cut, or an older copy as on a stale branch. From the log
 * alone these two cannot be told apart.
 */
export class LogBehind extends AuditError {
    /** @param size lines that there are; @param pinned lines that there were */
    constructor(
        words: [subject: string, problem: string, fix: string],
        readonly size: number,
        readonly pinned: number,
    ) {
        super(...words);
    }

    /**
     * The same, said by the stack's state: most often it is the branch that is behind.
     *
     * @param name the log's; @param pinned "all" where the state remembers the whole log, or "one" for one record of it
     */
    ofState(name: string, pinned: "all" | "one"): LogBehind {
        const { size } = this;
        const lines = this.pinned - size;
        return new LogBehind(
            [
                name,
                `it is ${pinned === "one" ? "at least " : ""}${lines} ${lines === 1 ? "line" : "lines"} older than the state: line ${size + 1} is missing here`,
                "rebase this branch on the last applied commit, or fetch the newer log with `qp-tunnel audit pull`; if there is no newer one, the log was truncated",
            ],
            size,
            this.pinned,
        );
    }
}
