import { joinHostPort } from "./addresses/index.js";
import { InvalidArgument } from "./errors.js";
import type { RelayNames } from "./registry/model.js";

/** What a peer or a service may be called. */
export const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/;

/**
 * A peer's or service's name, checked.
 *
 * Names become keys of outputs (`relay.addresses.alice`), so a name that an Output or an object already answers to
 * would be read as that method instead of as the peer.
 */
export function checkName(name: string, subject: string): string {
    if (TAKEN.has(name)) {
        const problem = `"${name}" is a property of every Output, object or promise, so reading it from an output would return that property`;
        throw new InvalidArgument(subject, problem, "choose another name");
    }
    if (!NAME.test(name)) {
        const fix = "use 1 to 63 letters, digits, hyphens and underscores, beginning with a letter or digit";
        throw new InvalidArgument(subject, `"${name}" cannot be a name`, fix);
    }
    return name;
}

/** A service's name, checked: it is the first label of the name in its certificate, too. */
export function checkServiceName(name: string, subject: string): string {
    checkName(name, subject);
    if (name.endsWith("-")) {
        const problem = `"${name}" ends with a hyphen, and the DNS name made of it would not be valid`;
        throw new InvalidArgument(subject, problem, "remove the hyphen at its end");
    }
    return name;
}

/** Whether `checkName` takes it. */
export function isName(name: string): boolean {
    return NAME.test(name) && !TAKEN.has(name);
}

/** Names that differ only by case would share a file, a domain or a person's memory: one of them has to change. */
export function checkUniqueNames(names: readonly string[], subject: string): void {
    const [first, second] = duplicateName(names) ?? [];
    if (first !== undefined) {
        const problem =
            first === second
                ? `"${first}" is used twice`
                : `"${first}" and "${second}" differ only by upper and lower case`;
        throw new InvalidArgument(subject, problem, "rename one of them");
    }
}

/**
 * Name of a relay's nftables table: `qp_tunnel_wg0`.
 *
 * Only [a-z0-9_], a letter first, and never a word of the nft language (each has a `_` that none of those has).
 * Two different relays never share a table: what cannot stay is escaped as `__` and two hex digits, and
 * a digit at the start gets `t__` before it.
 */
export function tableName(names: RelayNames): string {
    const app = names.appName.replaceAll("-", "_");
    const link = names.interface.replace(
        /[^a-z0-9]/g,
        (char) => `__${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
    return `${/^[0-9]/.test(app) ? "t__" : ""}${app}_${link}`;
}

/** Prefix of a relay's files, units and processes on its host: `qp-tunnel-wg0`. */
export function hostName(names: RelayNames): string {
    return `${names.appName}-${names.interface}`;
}

/** The prefix of everything a relay puts on a host: a DNS label in lower case, at most 32 characters. */
export function checkAppName(name: string, subject: string): string {
    if (!/^[a-z0-9](?:-?[a-z0-9])*$/.test(name) || name.length > 32) {
        const fix = "use 1 to 32 lower-case letters and digits, with single hyphens between them";
        throw new InvalidArgument(subject, `"${name}" cannot be an appName`, fix);
    }
    return name;
}

/** A network interface's name: at most 15 characters (IFNAMSIZ), safe in paths and in the sysctl tree. */
export function checkInterface(name: string, subject: string): string {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/.test(name)) {
        const fix = "use 1 to 15 letters, digits, dots, hyphens and underscores, beginning with a letter or digit";
        throw new InvalidArgument(subject, `"${name}" cannot be an interface`, fix);
    }
    // /proc/sys/net/ipv4/conf/all and .../default are not interfaces: forwarding set there opens the whole machine.
    if (["all", "default", "lo"].includes(name)) {
        throw new InvalidArgument(subject, `"${name}" is reserved by the kernel`, 'choose another name, like "wg0"');
    }
    return name;
}

/** The name a service's certificate carries: `grafana.qp-tunnel.internal`. */
export function serviceDomain(service: string, appName: string): string {
    return `${service.toLowerCase()}.${appName}.internal`;
}

/** Where a service is reached: by the name in its certificate, and by the address of the relay or peer that serves it. */
export function serviceUrls(
    service: { name: string; port: number },
    { appName, addresses }: { appName: string; addresses: readonly string[] },
): { url: string; addressUrl: string } {
    return {
        url: `https://${serviceDomain(service.name, appName)}:${service.port}`,
        addressUrl: `https://${joinHostPort(addresses[0] ?? "", service.port)}`,
    };
}

/** The first two names that are the same without regard to case. */
function duplicateName(names: readonly string[]): [string, string] | undefined {
    const seen = new Map<string, string>();
    for (const name of names) {
        const key = name.toLowerCase();
        const before = seen.get(key);
        if (before !== undefined) {
            return [before, name];
        }
        seen.set(key, name);
    }
    return undefined;
}

/** Members of Pulumi's Output (and names it never lifts), of every object, and of promises. */
const TAKEN: ReadonlySet<string> = new Set([
    ...["allResources", "apply", "get", "isKnown", "isSecret", "promise", "resources", "toJSON"],
    ...["deploymentOnlyModule", "doNotCapture", "catch", "finally", "then"],
    ...Object.getOwnPropertyNames(Object.prototype),
]);
