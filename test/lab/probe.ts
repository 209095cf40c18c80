import type { Program } from "./processes.js";

/** A run of datagrams without an answer. */
export interface Outage {
    /** Number of the first one lost; the first sent is 0. */
    first: number;
    lost: number;
    /** From the first one lost to the next one answered. */
    milliseconds: number;
}

export interface ProbeReport {
    sent: number;
    lost: number;
    /** Milliseconds; 0 when nothing was lost. */
    longestGap: number;
    /** When the last answer came: Unix milliseconds, 0 for never. */
    lastAnswer: number;
    outages: Outage[];
}

/** Numbered datagrams on their way to an echo server and back, at a steady rate. */
export class Probe {
    constructor(private readonly program: Program) {}

    /** Waits until this many datagrams more have been sent than by now: time measured in what could have been lost. */
    async passes(count: number): Promise<void> {
        await this.#further("sent", count);
    }

    /** Waits until this many datagrams more have been answered than by now. */
    async answers(count: number): Promise<void> {
        await this.#further("answered", count);
    }

    /** Ends the sending, waits up to a second for what is still under way. */
    async stop(): Promise<ProbeReport> {
        this.program.tell("stop");
        const { report } = await this.program.next((message) => message["report"] !== undefined);
        await this.program.stop();
        return report as ProbeReport;
    }

    async #further(what: "sent" | "answered", count: number): Promise<void> {
        const target = Number(this.program.messages.findLast((message) => what in message)?.[what] ?? 0) + count;
        await this.program.next((message) => Number(message[what] ?? 0) >= target);
    }
}
