import { join } from "node:path";

import type { SshHost } from "./descriptors.js";

/** What the pinned key is called in our known_hosts file: the same for every address and port of the machine. */
export const ALIAS = "relay";

const CONNECT_SECONDS = 15;

/** What the client is started for, which decides a few of its options. */
export type Use =
    /** The session of all requests, whose connection is shared. */
    | "session"
    /** A session for one file on the shared connection, or on its own where the server lets there be only one. */
    | "upload"
    /** A session over a connection of its own. */
    | "fresh"
    /** A TCP stream (`-W`) over the shared connection. */
    | "stream";

/**
 * Every option of the OpenSSH client that changes what is trusted, executed, asked or printed. ssh_config(5) is for what is
 * left: names, jump hosts, identities, algorithms. Options on the command line win over every configuration file.
 *
 * Not settable from here are SendEnv and SetEnv, which only add up; a server takes from them what its AcceptEnv names.
 *
 * @param folder private, with the control socket and `known_hosts`
 * @param ownAgent whether the keys to offer are those of an agent of ours, and no others
 */
export function sshOptions(host: SshHost, folder: string, use: Use, ownAgent: boolean): string[] {
    const { port, identityFile, proxyJump, trustOnFirstUse, hostKey } = host;
    const shared = use === "fresh" ? "none" : join(folder, "control");
    const settings: Record<string, string | number> = {
        // Older clients lack some of these options, and a configuration that cannot set them needs no answer to them.
        IgnoreUnknown: "*",
        // What is trusted: the pinned key under its alias, in our file, and nothing else.
        HostKeyAlias: ALIAS,
        UserKnownHostsFile: join(folder, "known_hosts"),
        GlobalKnownHostsFile: "/dev/null",
        KnownHostsCommand: "none",
        StrictHostKeyChecking: hostKey === undefined && trustOnFirstUse === true ? "accept-new" : "yes",
        CheckHostIP: "no",
        VerifyHostKeyDNS: "no",
        NoHostAuthenticationForLocalhost: "no",
        UpdateHostKeys: "no",
        HashKnownHosts: "no",
        // What is executed and forwarded.
        RemoteCommand: "none",
        PermitLocalCommand: "no",
        ForwardAgent: "no",
        ForwardX11: "no",
        Tunnel: "no",
        AddKeysToAgent: "no",
        // What is asked and printed.
        BatchMode: "yes",
        RequestTTY: "no",
        EscapeChar: "none",
        EnableEscapeCommandline: "no",
        VisualHostKey: "no",
        FingerprintHash: "sha256",
        // How long anything may take.
        ConnectTimeout: CONNECT_SECONDS,
        ConnectionAttempts: 1,
        ServerAliveInterval: 5,
        ServerAliveCountMax: 3,
        // One connection for all, which ends with the session that opened it.
        ControlMaster: use === "session" ? "yes" : "no",
        ControlPath: shared,
        ControlPersist: "no",
        ...(use === "stream"
            ? {}
            : {
                  ClearAllForwardings: "yes",
                  SessionType: "default",
                  StdinNull: "no",
                  ForkAfterAuthentication: "no",
              }),
        ...(ownAgent ? { IdentityAgent: "SSH_AUTH_SOCK", IdentitiesOnly: "no", IdentityFile: "none" } : {}),
    };
    return [
        ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
        ...["-p", String(port)],
        // Not -i, which leaves a file out that it cannot find by its unexpanded name; the client expands "%" in it.
        ...(identityFile === undefined
            ? []
            : [...["-o", `IdentityFile="${identityFile.replaceAll("%", "%%")}"`], ...["-o", "IdentitiesOnly=yes"]]),
        ...(proxyJump === undefined ? [] : ["-J", proxyJump]),
    ];
}
