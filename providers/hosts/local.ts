import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { connect } from "node:net";
import { Duplex } from "node:stream";

import { HostError, HostUnreachable } from "../../core/errors.js";
import type { LocalHost } from "./descriptors.js";
import type { Connection } from "./connectionTypes.js";
import { programOnInput, relayProgram } from "./program.js";
import { closeAtExit, type Finished, PATIENCE_SECONDS } from "./run.js";
import { Session, Sessions } from "./session.js";

/** The relay's program where the relay is: in its network namespace, or right here. */
export class LocalConnection implements Connection {
    private readonly sessions = new Sessions(() => Promise.resolve(this.open()));
    /** Of the namespace that the session is in. */
    private inode: number | undefined;

    constructor(
        private readonly host: LocalHost,
        private readonly program = relayProgram(),
    ) {
        closeAtExit(() => this.sessions.close());
    }

    readonly remote = false;

    async ask(bundle: string, { timeout = PATIENCE_SECONDS }: { timeout?: number } = {}): Promise<Finished> {
        enter(this.host);
        // One of the same name may have been made again: its session would be in the former one.
        if (this.inode !== this.namespaceInode()) this.sessions.close();
        return this.sessions.ask(bundle, timeout, ({ code, stdout, stderr }) => ({ code, stdout, stderr }));
    }

    stream(address: string, port: number): Duplex {
        return streamIn(this.host, address, port);
    }

    private open(): Session {
        this.inode = this.namespaceInode();
        const [command = "", ...args] = [...enter(this.host), "bash", "-s"];
        const child = spawn(command, args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
        return new Session(child, command, programOnInput(this.program));
    }

    private namespaceInode(): number | undefined {
        const { namespace } = this.host;
        return namespace === undefined ? undefined : statSync(fileOf(namespace)).ino;
    }
}

/** A TCP stream as the relay's network sees it: a process in there hands the bytes on. */
export function streamIn(host: LocalHost, address: string, port: number): Duplex {
    if (host.namespace === undefined) return connect(port, address);
    const script =
        "const s = require('net').connect(+process.argv[1], process.argv[2]); process.stdin.pipe(s).pipe(process.stdout)";
    const [program = "", ...args] = [...enter(host), process.execPath, "-e", script, String(port), address];
    const child = spawn(program, args, { detached: true, stdio: ["pipe", "pipe", "ignore"] });
    return Duplex.from({ readable: child.stdout, writable: child.stdin });
}

function enter(host: LocalHost): string[] {
    if (host.namespace === undefined) return [];
    const file = fileOf(host.namespace);
    if (!existsSync(file)) {
        throw new HostUnreachable(
            `namespace ${host.namespace}`,
            "there is no such network namespace on this machine",
            `create it with \`ip netns add ${host.namespace}\`, or correct hosts.local({ namespace })`,
        );
    }
    if (process.getuid?.() !== 0) {
        throw new HostError(
            "this machine",
            "entering a network namespace needs root",
            "run as root, for instance with sudo",
        );
    }
    return ["nsenter", `--net=${file}`, "--"];
}

function fileOf(namespace: string): string {
    return `/run/netns/${namespace}`;
}
