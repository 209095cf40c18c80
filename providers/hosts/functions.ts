import type { Input } from "@pulumi/pulumi";

import { digitalOceanArgs, localArgs, refuseSupplied, sshArgs, validate } from "../../core/arguments/index.js";
import { InvalidArgument } from "../../core/errors.js";
import type { HostDescriptor, LocalHost } from "./descriptors.js";

/** What `hosts.*` returns and `Relay` takes. */
export interface Host {
    /** The descriptor; its address may still be supplied by another resource. Of a machine yet to be made: how to make it. */
    descriptor: Record<string, unknown> & { kind: HostDescriptor["kind"] | "digitalocean" };
    /** A private SSH key, kept apart because it is a secret. */
    credentials?: Input<string>;
    /** What is known of a relay that nothing connects to. */
    carried?: { relayPublicKey?: Input<string>; receipt?: Input<string> };
    setup?: Setup;
}

/** Scripts of the operator's own, for sh on the machine, as the user that logs in there. */
export interface Setup {
    /** Runs once, before anything of the relay is put on the machine, and again on another machine. */
    create: Input<string>;
    /** Runs once, after everything of the relay is gone from it. */
    delete?: Input<string>;
}

/** The machine the program runs on, or one of its network namespaces (laboratory, demo, tests). */
export function local(options: { namespace?: string; setup?: Setup } = {}): Host {
    refuseSupplied("local", options, "hosts.local");
    const { namespace, setup } = validate(localArgs, options, "hosts.local");
    const descriptor: LocalHost = { kind: "local", ...(namespace === undefined ? {} : { namespace }) };
    return { descriptor: { ...descriptor }, ...(setup === undefined ? {} : { setup: setup as Setup }) };
}

export interface SshOptions {
    /** Host name or address. */
    address: Input<string>;
    /** The machine's public host key, "ssh-ed25519 AAAA…", as `ssh-keyscan` on the machine itself or its console shows it. */
    hostKey?: Input<string>;
    /** Instead of `hostKey`: believe what the machine shows first, warn in every preview, and insist on it from then on. */
    trustOnFirstUse?: boolean;
    /** Default: root. */
    user?: Input<string>;
    /** Default: 22. */
    port?: Input<number>;
    /** File of a private key. Default: the agent, and what ssh_config says. */
    identityFile?: Input<string>;
    /** A private key itself, for pipelines: a secret, handed to an agent of our own, never on disk. */
    privateKey?: Input<string>;
    /** user@host:port of a machine in between. */
    proxyJump?: Input<string>;
    /** Become root with `sudo -n`. Default: when the user is not root. */
    sudo?: Input<boolean>;
    /** `install` (default) what is missing with the distribution's package manager, or `require` that it is there. */
    packages?: Input<"install" | "require">;
    /** Scripts of your own; needs `hostKey` and `privateKey`. */
    setup?: Setup;
}

/** Any Linux machine over the system's OpenSSH client, with its configuration and its agent. */
export function ssh(options: SshOptions): Host {
    refuseSupplied("ssh", options, "hosts.ssh");
    const checked = validate(sshArgs, options, "hosts.ssh");
    const { address, hostKey, trustOnFirstUse, user, port, identityFile, privateKey, proxyJump, sudo } = checked;
    if (hostKey === undefined && trustOnFirstUse !== true) {
        throw new InvalidArgument(
            "hosts.ssh.hostKey",
            "is missing, and without it a man in the middle could impersonate the relay",
            "give the machine's public host key (/etc/ssh/ssh_host_ed25519_key.pub), or set trustOnFirstUse: true",
        );
    }
    refuseSetup(options);
    return {
        ...(checked.setup === undefined ? {} : { setup: checked.setup as Setup }),
        descriptor: {
            kind: "ssh",
            address,
            port,
            user,
            sudo: sudo ?? isNotRoot(user),
            packages: checked.packages,
            ...(hostKey === undefined ? {} : { hostKey }),
            ...(trustOnFirstUse === undefined ? {} : { trustOnFirstUse }),
            ...(identityFile === undefined ? {} : { identityFile }),
            ...(proxyJump === undefined ? {} : { proxyJump }),
        },
        ...(privateKey === undefined ? {} : { credentials: privateKey as Input<string> }),
    };
}

export interface DigitalOceanOptions {
    /** Default: sfo3. */
    region?: Input<string>;
    /** Default: s-1vcpu-512mb-10gb. Another one resizes the Droplet. */
    size?: Input<string>;
    /** Default: ubuntu-24-04-x64. Another one is another Droplet. */
    image?: Input<string>;
    /** Ids or fingerprints of keys in the account that may log in as well. Default: none. */
    sshKeys?: Input<Input<string>[]>;
    /** Networks from which SSH is let in by the cloud firewall, CIDR. Default: any. */
    sshSources?: Input<Input<string>[]>;
    /** An address that stays when the Droplet is replaced. Default: false. */
    reservedIp?: boolean;
    /** Besides the relay's `appName`. Default: none. */
    tags?: Input<Input<string>[]>;
    /** Default: the region's own VPC. */
    vpcUuid?: Input<string>;
    setup?: Setup;
}

/** A Droplet that the program makes, with its firewall and keys. It is reached over SSH, pinned from the first connection on. */
export function digitalOcean(options: DigitalOceanOptions = {}): Host {
    refuseSupplied("digitalOcean", options, "hosts.digitalOcean");
    const { setup, ...plain } = validate(digitalOceanArgs, options, "hosts.digitalOcean");
    return {
        descriptor: { kind: "digitalocean", ...plain },
        ...(setup === undefined ? {} : { setup: setup as Setup }),
    };
}

/** Another user than root needs sudo. */
function isNotRoot(user: unknown): Input<boolean> {
    if (typeof user === "string") return user !== "root";
    const { output } = require("@pulumi/pulumi") as typeof import("@pulumi/pulumi");
    return output(user as Input<string>).apply((known) => known !== "root");
}

/** What runs a setup script has no ssh_config and no known_hosts: without a pinned key it would accept any machine. */
function refuseSetup({ setup, hostKey, privateKey, proxyJump }: SshOptions): void {
    if (setup === undefined) return;
    const refuse = (problem: string, fix: string): never => {
        throw new InvalidArgument("hosts.ssh.setup", problem, fix);
    };
    if (hostKey === undefined) refuse("does not run on a machine whose host key is not known", "give hostKey");
    if (privateKey === undefined) refuse("cannot use the agent or an identityFile", "give privateKey, a secret");
    if (proxyJump !== undefined)
        refuse("cannot go through proxyJump", "run the script in another way, or connect directly");
}
