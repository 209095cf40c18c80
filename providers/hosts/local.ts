import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { Duplex } from "node:stream";

import { HostError, HostUnreachable } from "../../core/errors.js";
import type { LocalHost } from "./descriptors.js";
import { run, type Finished } from "./run.js";

/** Runs a command where the relay is: in its network namespace, or right here. */
export function runIn(host: LocalHost, command: string[], input: string, timeout?: number): Promise<Finished> {
    return run([...enter(host), ...command], input, timeout);
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
    const file = `/run/netns/${host.namespace}`;
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
