import { type Resource } from "../resources/resource.js";

/** Type to its implementation. A function each, because a call of one type must not load the others. */
export type ResourceTable = Record<string, () => Resource>;

/** Every managed resource: `Host` is what `host.ts` exports as `host`. */
export const resources: ResourceTable = Object.fromEntries(
    [
        "KeyPair",
        "Seed",
        "SshKeyPair",
        "HostKey",
        "Registry",
        "CertificateAuthority",
        "Host",
        "Firewall",
        "WireGuard",
        "Proxy",
        "Grants",
        "Script",
        "AuditCheckpoint",
    ].map((type) => [type, () => load(type)]),
);

/** The only exception to "first letter lower": the file is wireguard.ts, as the tool is written. */
function load(type: string): Resource {
    const name = type === "WireGuard" ? "wireguard" : type.charAt(0).toLowerCase() + type.slice(1);
    const exports = require(`../resources/${name}.js`) as Record<string, Resource>;
    const resource = exports[name];
    if (!resource) {
        throw new Error(`providers/resources/${name}.js does not export ${name}`);
    }
    return resource;
}
