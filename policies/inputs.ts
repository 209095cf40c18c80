import { unpacked } from "../core/packed/index.js";
import { describeRelay } from "../core/wireguard/leaf.js";
import type { AnalyzedResource, StackResource } from "./policy.js";

type Values = Record<string, unknown>;

/** Token of a resource type of the plugin. */
export const token = (type: string): string => `qptunnel:index:${type}`;

/** How messages call the relay of a resource, or the machine of a managed peer. */
export function subjectOf({ props }: AnalyzedResource): string {
    return describeRelay(String(props["relay"]));
}

/** Whether a resource is on the machine of a managed peer. */
export function isLeaf(props: Values): boolean {
    return props["role"] === "leaf";
}

/** The machine, if it is reached over SSH. */
export function sshHost({ props }: AnalyzedResource): Values | undefined {
    const host = mapIn(props, "host");
    return host["kind"] === "ssh" ? host : undefined;
}

/** A property that is a map; empty if it is absent. The engine's marks for values that are not known yet throw when they are read. */
export function mapIn(values: Values, key: string): Values {
    const value = values[key];
    return typeof value === "object" && value !== null ? (value as Values) : {};
}

/** The entries of a property that is a map of maps or of lines: peers or services by name. */
export function entriesIn({ type, props }: AnalyzedResource, key: string): [name: string, entry: Values][] {
    const map = mapIn(props, key);
    return Object.keys(map).map((name) => {
        const entry = unpacked(type.slice(token("").length), { [key]: { [name]: map[name] } });
        return [name, mapIn(mapIn(entry, key), name)];
    });
}

/**
 * The relay that a resource belongs to, by its name: outputs do not repeat it. undefined for what is on the machine of a managed peer, and
 * for any other type of resource.
 */
export function relayOf({ type, name, parent }: StackResource): string | undefined {
    if (parent?.type === token("ManagedPeer")) return undefined;
    const short = type.startsWith(token("")) ? type.slice(token("").length) : "";
    const suffix = short === "AuditCheckpoint" ? "-audit" : `-${short.toLowerCase()}`;
    return short !== "" && name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
}
