import type { Output } from "./output.js";

const QUIET_MS = 2_000;
const EVERY_MS = 1_000;

/** Shows the progress of a long operation on standard error; short ones print nothing. */
export class Progress {
    private done = 0;
    private readonly start = performance.now();
    private reportedAt = this.start + QUIET_MS - EVERY_MS;

    /**
     * @param what the operation, for instance "verifying audit/prod.jsonl"
     * @param total in the unit that {@link add} counts
     */
    constructor(
        private readonly what: string,
        private readonly total: number,
        private readonly output: Output,
    ) {}

    add(amount: number): void {
        this.done += amount;
        const now = performance.now();
        if (now < this.reportedAt + EVERY_MS || this.done >= this.total) return;
        this.reportedAt = now;
        this.output.stderr.write(`${this.what}: ${Math.floor((100 * this.done) / this.total)} %\n`);
    }
}
