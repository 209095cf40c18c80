import { createHash } from "node:crypto";

import { HostError, HostUnreachable } from "../../core/errors.js";
import { describeHost, type SshHost } from "./descriptors.js";

/** Key exchanges that a recorded connection does not give away to a quantum computer (OpenSSH's names). */
const POST_QUANTUM = /^(sntrup761|mlkem768)/;

export function isPostQuantum(keyExchange: string): boolean {
    return POST_QUANTUM.test(keyExchange);
}

/** What the client's debug log says was negotiated; undefined when the connection was there already. */
export function negotiatedIn(log: string, knownHosts: string): { keyExchange: string; hostKey: string } | undefined {
    const keyExchange = /kex: algorithm: (\S+)/.exec(log)?.[1];
    if (keyExchange === undefined) return undefined;
    return { keyExchange, hostKey: /^\S+ (\S+ \S+)/m.exec(knownHosts)?.[1] ?? "" };
}

/** "SHA256:…" as OpenSSH prints it; undefined without a key. */
export function pinnedFingerprint(hostKey: string | undefined): string | undefined {
    const blob = hostKey?.trim().split(/\s+/)[1];
    if (blob === undefined) return undefined;
    return `SHA256:${createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "")}`;
}

/** The machine shows another key than the pinned one: it was rebuilt, or somebody is in between. */
export class HostKeyMismatch extends HostError {}

/** Why the client gave up, in words that say what to do. */
export function explainFailure(host: SshHost, log: string, pinned: string | undefined): HostError {
    const where = describeHost(host);
    const shown = /Server host key: \S+ (SHA256:\S+)/.exec(log)?.[1];
    const last = log
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("debug"))
        .slice(-1)[0]
        ?.trim();
    if (/Host key verification failed|HOST IDENTIFICATION HAS CHANGED|No .* host key is known/.test(log)) {
        return new HostKeyMismatch(
            where,
            `the machine shows the host key ${shown ?? "unknown"}, pinned is ${pinned ?? "none"}`,
            "find out why before anything else: somebody may be in between. If the machine was rebuilt, pin its new key",
        );
    }
    if (/no matching host key type found/.test(log)) {
        return new HostKeyMismatch(
            where,
            `the machine has no host key of the pinned kind (${pinned ?? "none"})`,
            "pin the key it has",
        );
    }
    if (/Permission denied/.test(log)) {
        return new HostError(
            where,
            `the machine lets ${host.user} in with none of the keys offered`,
            "check user, identityFile and the agent (`ssh-add -l`)",
        );
    }
    if (
        /Could not resolve hostname|Connection refused|Connection timed out|No route to host|Network is unreachable|Operation timed out|Connection closed|kex_exchange_identification/.test(
            log,
        )
    ) {
        return new HostUnreachable(
            where,
            `it cannot be reached (${last ?? "no answer"})`,
            "check address, port and firewall; the relay was not changed",
        );
    }
    return new HostUnreachable(
        where,
        `the connection broke (${last ?? "no reason given"})`,
        "apply again: what was begun is finished or undone by the next apply",
    );
}
