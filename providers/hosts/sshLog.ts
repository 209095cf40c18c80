import { createHash } from "node:crypto";

import { HostError, HostUnreachable } from "../../core/errors.js";
import { linesOf } from "../../core/protocol/table.js";
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

/** The machine shows another key than the pinned one: it was rebuilt, or there is a man in the middle. */
export class HostKeyMismatch extends HostError {}

/** What is wrong with a private key's file, as the client says it. */
function identityTrouble(log: string): [problem: string, fix: string] | undefined {
    const open = /Permissions (\d+) for '(.*)' are too open/.exec(log);
    if (open !== null)
        return [`identityFile ${open[2]} is readable by others (mode ${open[1]})`, `run \`chmod 600 ${open[2]}\``];
    if (!/Permission denied \(/.test(log)) return undefined;
    // The public half lies open in the file and is accepted; then the client has nothing to sign with.
    const accepted = /Server accepts key: (.*) [A-Z0-9-]+ SHA256:/.exec(log)?.[1];
    if (accepted !== undefined)
        return [
            `identityFile ${accepted} is encrypted, and its passphrase cannot be entered here`,
            `add it to the agent first: \`ssh-add ${accepted}\``,
        ];
    const bad = /Load key "(.*)": (.*)/.exec(log);
    if (bad === null) return undefined;
    const [, file = "", reason = ""] = bad;
    return [
        `identityFile ${file} is not a private key that OpenSSH reads (${reason.trim()})`,
        "give a private key in OpenSSH or PEM format, with Unix line endings",
    ];
}

const DEBUGGING = /^(?:debug\d: |OpenSSH_)/;

/** What the client says to people, without its debug lines. */
function spoken(log: string): string[] {
    return linesOf(log)
        .map((line) => line.trim())
        .filter((line) => line !== "" && !DEBUGGING.test(line));
}

/** What a program printed, without the debug lines of a jump host's client, which writes to the same place. */
export function withoutDebugging(printed: string): string {
    return printed
        .split("\n")
        .filter((line) => !DEBUGGING.test(line))
        .join("\n");
}

/** Why a stream to an address behind the machine ended at once. */
export function explainStream(host: SshHost, to: string, printed: string): HostError {
    if (/administratively prohibited|Session open refused by peer/.test(printed))
        return new HostError(
            describeHost(host),
            `its sshd does not forward TCP connections, which the check of a service at ${to} needs`,
            `set \`AllowTcpForwarding local\` in its sshd_config for ${host.user}`,
        );
    return new HostError(
        describeHost(host),
        `no connection to ${to} (${spoken(printed).at(-1) ?? "no reason given"})`,
        "check that the service listens there",
    );
}

/** What is in between, by `proxyJump` or by the user's ssh_config, has troubles of its own; its client says them last. */
function explainJump({ user, address, ...host }: SshHost, log: string): HostError {
    const reason = spoken(log).findLast((line) => !/UNKNOWN port 65535|stdio forwarding failed/.test(line));
    const [between, command] =
        host.proxyJump === undefined
            ? ["the jump host or ProxyCommand in ssh_config", `ssh ${user}@${address}`]
            : [`the jump host ${host.proxyJump}`, `ssh -J ${host.proxyJump} ${user}@${address}`];
    return new HostUnreachable(
        describeHost({ user, address, ...host }),
        `${between} does not reach it (${reason ?? "no reason given"})`,
        `check that \`${command}\` works from here; the host key of the jump host must be in your own known_hosts`,
    );
}

/**
 * Why the client gave up, in words that say what to do.
 *
 * @param own the client's log
 * @param printed what else was printed, by the client of a jump host for instance, whose log looks the same
 */
export function explainFailure(host: SshHost, own: string, printed: string, pinned: string | undefined): HostError {
    const where = describeHost(host);
    const log = `${printed}\n${own}`;
    const shown = /Server host key: \S+ (SHA256:\S+)/.exec(own)?.[1];
    const last = spoken(log).at(-1);
    // A failure before the machine showed its key is one of connectivity.
    if (shown === undefined && /UNKNOWN port 65535|stdio forwarding failed|jumphost/i.test(log))
        return explainJump(host, spoken(printed).length > 0 ? printed : own);
    if (/Host key verification failed|HOST IDENTIFICATION HAS CHANGED|No .* host key is known/.test(log)) {
        return new HostKeyMismatch(
            where,
            `the machine shows the host key ${shown ?? "unknown"}, pinned is ${pinned ?? "none"}`,
            "find out why first: this may be a man in the middle. If the machine was rebuilt, pin its new key",
        );
    }
    if (/no matching host key type found/.test(log)) {
        return new HostKeyMismatch(
            where,
            `the machine has no host key of the pinned kind (${pinned ?? "none"})`,
            "pin a key that it has",
        );
    }
    if (/Too many authentication failures/.test(log)) {
        return new HostError(
            where,
            "the machine ended the connection after too many keys were offered",
            "set identityFile to the key that is authorized there, or remove keys from the agent (`ssh-add -d`)",
        );
    }
    const identity = identityTrouble(log);
    if (identity !== undefined) return new HostError(where, ...identity);
    if (/Permission denied/.test(log)) {
        return new HostError(
            where,
            `the machine accepts none of the offered keys for ${host.user}`,
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
            "check address, port and firewall, then apply again",
        );
    }
    return new HostUnreachable(
        where,
        `the connection broke (${last ?? "no reason given"})`,
        "apply again: the next apply completes or undoes the update",
    );
}
