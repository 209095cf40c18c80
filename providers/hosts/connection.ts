import type { Duplex } from "node:stream";

import { HostError } from "../../core/errors.js";
import { describeHost, type HostDescriptor, type LocalHost } from "./descriptors.js";
import { runIn, streamIn } from "./local.js";
import type { Finished } from "./run.js";

/** How a relay's machine is worked on, whatever kind it is. */
export interface Connection {
    /** Runs bash as root with a program and its bundle on standard input; `timeout` in seconds. */
    bash(input: string, options?: { anew?: boolean; timeout?: number }): Promise<Finished>;
    /** Whether a change can cut the way to the machine, so that it has to be confirmed. */
    readonly remote: boolean;
    /** A TCP stream to an address as the machine itself reaches it. */
    stream(address: string, port: number): Duplex;
    /** Puts a file there, mode 0600; absent where the machine is this one. */
    upload?(path: string, content: Buffer): Promise<void>;
    /** What was negotiated to get there; undefined when nothing had to be. */
    negotiated?(): { keyExchange: string; hostKey: string } | undefined;
}

/** One per host and process: whoever needs the machine shares the way to it. */
const open = new Map<string, Connection>();

export function connectionTo(host: HostDescriptor, credentials?: string): Connection {
    const key = JSON.stringify([host, credentials]);
    const connection = open.get(key) ?? connect(host, credentials);
    open.set(key, connection);
    return connection;
}

function connect(host: HostDescriptor, credentials?: string): Connection {
    if (host.kind === "local") return localConnection(host);
    if (host.kind === "script") {
        throw new HostError(describeHost(host), "nothing connects to it", "carry a script there, and its receipt back");
    }
    // Loaded when it is used: a relay on this machine needs no SSH.
    const { SshConnection } = require("./ssh.js") as typeof import("./ssh.js");
    return new SshConnection(host, credentials);
}

function localConnection(host: LocalHost): Connection {
    return {
        remote: false,
        bash: (input, options) => runIn(host, ["bash", "-s"], input, options?.timeout),
        stream: (address, port) => streamIn(host, address, port),
    };
}
