/**
 * One difference between a relay and its stack's state, as a refresh finds it. Kinds of which there can be several have a name each.
 * What is to be done about a difference is decided by its kind, never by its sentence.
 */
export type Drift = Difference & {
    /** The interface that it is about, while the relay has two of them. */
    interface?: string;
    sentence: string;
};

type Difference = { kind: Single } | { kind: Named; name: string };
type Single = (typeof SINGLE)[number];
type Named = (typeof NAMED)[number] | typeof OBJECT;
export type DriftKind = Single | Named;

/** A relay's differences as the state and the records of refreshes have them: a sentence each, by key. */
export type StoredDrift = Record<string, string>;

/** Of each of these a relay, or an interface of it, has one. */
const SINGLE = [
    ...(["records", "restored", "machine", "address", "script"] as const),
    ...([
        "interface",
        "private key",
        "listen port",
        "fwmark",
        "addresses",
        "routes",
        "mtu",
        "link",
        "link group",
    ] as const),
    ...(["ip_forward", "ip6_forward", "rp_filter", "send_redirects"] as const),
    ...(["record of peers", "record of preshared keys", "record of the network", "record of elements"] as const),
    ...(["table", "table flags", "proxy", "configuration"] as const),
] as const;

/** The longer one comes first where one begins like another. */
const NAMED = [
    ...(["rogue peer", "expired peer", "peer", "former key", "rule", "service", "sysctl", "rotation"] as const),
    ...(["file", "unit", "process", "chain", "set"] as const),
    ...(["listener", "server", "port", "certificate file", "certificate", "issuer"] as const),
] as const;

/** An element of a set of the firewall, or something unknown in its table: its name alone is its key. */
const OBJECT = "object";

/** Between kind and name. */
const SEPARATORS: Partial<Record<Named, string>> = { rotation: ": " };

function opening(kind: (typeof NAMED)[number]): string {
    return `${kind}${SEPARATORS[kind] ?? " "}`;
}

/** What the state calls a difference. */
export function driftKey(drift: Difference & { interface?: string }): string {
    const place = drift.interface === undefined ? "" : `${drift.interface}: `;
    if (!("name" in drift)) return `${place}${drift.kind}`;
    return `${place}${drift.kind === OBJECT ? "" : opening(drift.kind)}${drift.name}`;
}

/** Differences as the state has them. Of two with one key the later counts. */
export function storeDrift(drift: readonly Drift[]): StoredDrift {
    return Object.fromEntries(drift.map((each) => [driftKey(each), each.sentence]));
}

/** The differences that the state has. */
export function readDrift(stored: StoredDrift = {}): Drift[] {
    return Object.entries(stored).map(([key, sentence]) => ({ ...parseKey(key), sentence }));
}

/** A difference once, also where several resources find it. */
export function withoutRepeated(drift: readonly Drift[]): Drift[] {
    return [...new Map(drift.map((each) => [driftKey(each), each])).values()];
}

/** Whether the state has a difference of one of these kinds. */
export function differsIn(stored: StoredDrift | undefined, ...kinds: DriftKind[]): boolean {
    return readDrift(stored).some(({ kind }) => kinds.includes(kind));
}

function parseKey(key: string): Difference & { interface?: string } {
    const known = parseKnown(key);
    if (known !== undefined) return known;
    const [, device, rest = ""] = /^(\S+): (.*)$/s.exec(key) ?? [];
    const inside = parseKnown(rest);
    return device === undefined || inside === undefined
        ? { kind: OBJECT, name: key }
        : { interface: device, ...inside };
}

function parseKnown(key: string): Difference | undefined {
    const single = SINGLE.find((kind) => kind === key);
    if (single !== undefined) return { kind: single };
    const named = NAMED.find((kind) => key.startsWith(opening(kind)));
    return named === undefined ? undefined : { kind: named, name: key.slice(opening(named).length) };
}
