import type { Duplex } from "node:stream";

import type { Finished } from "./run.js";

/** How a relay's machine is worked on, whatever kind it is. */
export interface Connection {
    /** What the relay's program answers to a bundle, as root; `timeout` in seconds. One request at a time, in one session for all. */
    ask(bundle: string, options?: { newConnection?: boolean; timeout?: number }): Promise<Finished>;
    /** Whether a change can cut off access to the machine, so that it has to be confirmed. */
    readonly remote: boolean;
    /** A TCP stream to an address as the machine itself reaches it. */
    stream(address: string, port: number): Duplex;
    /** Puts a file there, mode 0600; absent where the machine is this one. */
    upload?(path: string, content: Buffer): Promise<void>;
    /** What was negotiated to get there; undefined when nothing had to be. */
    negotiated?(): { keyExchange: string; hostKey: string } | undefined;
}
