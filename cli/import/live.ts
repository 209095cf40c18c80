import { spawnSync } from "node:child_process";

import type { LiveRelay } from "../../core/adoption/live.js";
import { HostError } from "../../core/errors.js";
import { parseDump } from "../../core/wireguard/index.js";

/** The place of the interface that a file describes. */
export interface Place {
    device: string;
    /** A network namespace of this machine. */
    namespace?: string | undefined;
}

/**
 * The interface as it is on this machine.
 *
 * @returns undefined when it does not exist; "unreadable" when this user may not read it with `wg`
 */
export function liveRelay(place: Place): LiveRelay | "unreadable" | undefined {
    const mtu = outputOf(place, ["cat", `/sys/class/net/${place.device}/mtu`]);
    if (mtu === undefined) return undefined;
    const dump = outputOf(place, ["wg", "show", place.device, "dump"]);
    if (dump === undefined) return "unreadable";
    try {
        const { publicKey, listenPort, peers } = parseDump(dump);
        return { publicKey, listenPort, peers, mtu: Number(mtu), forwards: forwards(place) };
    } catch (error) {
        if (error instanceof HostError) return "unreadable";
        throw error;
    }
}

function forwards(place: Place): boolean {
    const [four, six] = [`ipv4/conf/${place.device}/forwarding`, "ipv6/conf/all/forwarding"];
    return [four, six].some((key) => outputOf(place, ["cat", `/proc/sys/net/${key}`])?.trim() === "1");
}

/** What a command prints; undefined when it cannot be run or fails. */
function outputOf({ namespace }: Place, command: string[]): string | undefined {
    const [program = "", ...args] = namespace === undefined ? command : ["ip", "netns", "exec", namespace, ...command];
    const { status, stdout } = spawnSync(program, args, {
        encoding: "utf8",
        timeout: 10_000,
        stdio: ["ignore", "pipe", "ignore"],
    });
    return status === 0 ? stdout : undefined;
}
