import type { Input } from "@pulumi/pulumi";

import { InvalidArgument } from "../../core/errors.js";
import type { HostDescriptor, LocalHost } from "./descriptors.js";

/** What `hosts.*` returns and `Relay` takes. */
export interface Host {
    /** The descriptor; its address may still be supplied by another resource. */
    descriptor: Record<string, unknown> & { kind: HostDescriptor["kind"] };
    /** A private SSH key, kept apart because it is a secret. */
    credentials?: Input<string>;
    /** What is known of a relay that nothing connects to. */
    carried?: { relayPublicKey?: Input<string>; receipt?: Input<string> };
}

/** The machine the program runs on, or one of its network namespaces (laboratory, demo, tests). */
export function local(options: { namespace?: string } = {}): Host {
    const descriptor: LocalHost = {
        kind: "local",
        ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    };
    return { descriptor: { ...descriptor } };
}

export interface SshOptions {
    /** Host name or address. */
    address: Input<string>;
    /** The machine's public host key, "ssh-ed25519 AAAA…", as `ssh-keyscan` on the machine itself or its console shows it. */
    hostKey?: Input<string>;
    /** Instead of `hostKey`: believe what the machine shows first, warn in every preview, and insist on it from then on. */
    trustOnFirstUse?: boolean;
    /** Default: root. */
    user?: string;
    /** Default: 22. */
    port?: number;
    /** File of a private key. Default: the agent, and what ssh_config says. */
    identityFile?: string;
    /** A private key itself, for pipelines: a secret, handed to an agent of our own, never on disk. */
    privateKey?: Input<string>;
    /** user@host:port of a machine in between. */
    proxyJump?: string;
    /** Become root with `sudo -n`. Default: when the user is not root. */
    sudo?: boolean;
    /** `install` (default) what is missing with the distribution's package manager, or `require` that it is there. */
    packages?: "install" | "require";
}

/** Any Linux machine over the system's OpenSSH client, with its configuration and its agent. */
export function ssh(options: SshOptions): Host {
    const {
        address,
        hostKey,
        trustOnFirstUse,
        user = "root",
        port = 22,
        identityFile,
        privateKey,
        proxyJump,
        sudo,
        packages = "install",
    } = options;
    if (hostKey === undefined && trustOnFirstUse !== true) {
        throw new InvalidArgument(
            "hosts.ssh.hostKey",
            "is missing, and without it anybody in between could be the relay",
            "give the machine's public host key (/etc/ssh/ssh_host_ed25519_key.pub), or say trustOnFirstUse: true",
        );
    }
    if (typeof hostKey === "string" && !/^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/]+=*( .*)?$/.test(hostKey.trim())) {
        throw new InvalidArgument(
            "hosts.ssh.hostKey",
            "is not a public host key",
            'give one line like "ssh-ed25519 AAAA…"',
        );
    }
    if (address === undefined || address === "") {
        throw new InvalidArgument("hosts.ssh.address", "is missing", "give the machine's name or address");
    }
    return {
        descriptor: {
            kind: "ssh",
            address,
            port,
            user,
            sudo: sudo ?? user !== "root",
            packages,
            ...(hostKey === undefined ? {} : { hostKey }),
            ...(trustOnFirstUse === undefined ? {} : { trustOnFirstUse }),
            ...(identityFile === undefined ? {} : { identityFile }),
            ...(proxyJump === undefined ? {} : { proxyJump }),
        },
        ...(privateKey === undefined ? {} : { credentials: privateKey }),
    };
}
