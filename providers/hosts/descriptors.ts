/** This machine, or one of its network namespaces. */
export interface LocalHost {
    kind: "local";
    namespace?: string;
}

/** A Linux machine that the system's OpenSSH client reaches. */
export interface SshHost {
    kind: "ssh";
    address: string;
    port: number;
    user: string;
    /** One authorized_keys-style line, "ssh-ed25519 AAAA…": the only key the machine may show. */
    hostKey?: string;
    /** Accept whatever key the machine shows first, and only that one ever after. */
    trustOnFirstUse?: boolean;
    identityFile?: string;
    /** user@host:port, as ssh_config's ProxyJump. */
    proxyJump?: string;
    /** Become root with `sudo -n`. Default: when the user is not root. */
    sudo: boolean;
    /** Install what is missing, or only say so. */
    packages: "install" | "require";
    /** Of a machine that the program itself makes: which one is behind the address now. */
    instance?: Instance;
}

/** A cloud machine. It is made, and deleted when it is replaced, by its cloud's own resource. */
interface Instance {
    provider: "digitalocean";
    id: string;
    /** Its own address, which still leads to it when the relay's address leads to the machine that took its place. */
    address?: string;
}

/** A machine that no connection leads to: a script is carried there. */
export interface ScriptHost {
    kind: "script";
    /** Where the script is written, relative to the project. */
    path: string;
}

/** Where a relay runs: plain data, as it travels through the engine. */
export type HostDescriptor = LocalHost | SshHost | ScriptHost;

/** A host as it is called in messages. */
export function describeHost(host: HostDescriptor): string {
    if (host.kind === "ssh") {
        if (!isKnown(host.address)) return "a machine that does not exist yet";
        const user = isKnown(host.user) ? `${host.user}@` : "";
        return `${user}${host.address}${portOf(host)}`;
    }
    if (host.kind === "script") return `the machine that ${host.path} is run on`;
    return host.namespace === undefined ? "this machine" : `namespace ${host.namespace} of this machine`;
}

/**
 * Whether both mean the same place: how it is entered may change quietly. A cloud machine is the same under another
 * address; an address that is not known yet counts as different.
 */
export function isSameMachine(a: HostDescriptor, b: HostDescriptor): boolean {
    if (a.kind === "ssh" && b.kind === "ssh" && a.instance !== undefined && a.instance.id === b.instance?.id)
        return true;
    return hostKeyOf(a) === hostKeyOf(b);
}

/** Whether it is a cloud machine, which its cloud's own resource makes and deletes. */
export function isInstance(host: HostDescriptor): boolean {
    return host.kind === "ssh" && host.instance !== undefined;
}

/** A host with the key that it showed: what was seen at first use is as binding as what was given. */
export function pinned(host: HostDescriptor, hostKey: string | undefined): HostDescriptor {
    const isSeen = host.kind === "ssh" && host.hostKey === undefined && hostKey !== undefined && hostKey !== "";
    return isSeen ? { ...host, hostKey } : host;
}

/** Whether two ways, which differ, may lead to one machine: only that machine can tell. A cloud machine is known by its cloud's id. */
export function mayBeSameMachine(a: HostDescriptor, b: HostDescriptor): boolean {
    return a.kind === "ssh" && b.kind === "ssh" && a.instance === undefined && b.instance === undefined;
}

/** Whether there is a different machine at the same address: a cloud instance with a kept address. */
export function isOtherInstance(a: HostDescriptor, b: HostDescriptor): boolean {
    return a.kind === "ssh" && b.kind === "ssh" && a.instance?.id !== b.instance?.id;
}

/** What names a host, in QPTUNNEL_ABANDON_UNREACHABLE too: its address, its namespace, or "local". */
export function hostKeyOf(host: HostDescriptor): string {
    if (host.kind === "ssh") {
        const address = isKnown(host.address) ? host.address : "(not known yet)";
        return `${address}${portOf(host)}`;
    }
    if (host.kind === "script") return host.path;
    return host.namespace ?? "local";
}

function portOf({ port }: SshHost): string {
    if (port === 22) return "";
    return `:${typeof port === "number" ? port : "(port not known yet)"}`;
}

/**
 * Whether the person said to go on without this host when it cannot be reached, by naming it in the environment.
 */
export function isAbandoned(host: HostDescriptor): boolean {
    return process.env[ABANDON] === hostKeyOf(host);
}

export const ABANDON = "QPTUNNEL_ABANDON_UNREACHABLE";

/** In a preview, what another resource supplies may be a mark that stands for it. */
export function isKnown(address: unknown): address is string {
    return typeof address === "string";
}
