import type { ValuePath } from "./step.js";

/** What the engine writes in a preview for a value that it does not know yet, and for a secret. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SECRET = "[secret]";

/** A value that a preview does not show. */
export interface HiddenValue {
    urn: string;
    /** Type of its resource. */
    kind: string;
    path: ValuePath;
}

/** Where values are that a preview does not show, and whether they are not even known. */
export function hiddenIn(value: unknown, path: ValuePath = []): { path: ValuePath; isUnknown: boolean }[] {
    if (value === UNKNOWN || value === SECRET) return [{ path, isUnknown: value === UNKNOWN }];
    if (Array.isArray(value)) return value.flatMap((each, index) => hiddenIn(each, [...path, index]));
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, each]) => hiddenIn(each, [...path, key]));
}

/** "publicKeys.alice of WireGuard relay-wireguard" */
export function describeHidden({ urn, kind, path }: HiddenValue): string {
    return `${path.join(".")} of ${kind} ${urn.replace(/^.*::/s, "")}`;
}

/**
 * What the library itself makes: keys and secrets that it generates, and what it finds on a machine. Of these an approver knows all
 * that there is to know. Anything else that is hidden comes from the program or from another resource, and could be anything.
 *
 * @param keyOwners whose key pairs the same plan makes
 */
export function isOurs({ kind, path }: HiddenValue, keyOwners: ReadonlySet<string>): boolean {
    const [input, name] = path;
    if (input === "publicKeys" || (input === "peers" && path.at(-1) === "publicKey"))
        return typeof name === "string" && keyOwners.has(name);
    return OWN.has(String(input)) || STATE_ONLY.has(kind);
}

const OWN: ReadonlySet<string> = new Set([
    ...[
        "relayId",
        "machine",
        "hostKey",
        "credentials",
        "seed",
        "privateKeys",
        "presharedKeys",
        "adopts",
        "kept",
        "leaves",
    ],
    // How a managed peer reaches the relay, which it recognizes by its key.
    "leaf",
    ...["authorities", "authorityKeys", "publicKey", "privateKey", "relayPublicKey", "missing"],
]);

/** They write to no relay and no log: what becomes of them is compared where it is used. */
const STATE_ONLY: ReadonlySet<string> = new Set(["KeyPair", "Seed", "SshKeyPair", "AuditCheckpoint"]);
