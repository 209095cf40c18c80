/** Previews as `pulumi preview --json` writes them, of a relay called hub. */

export interface PeerText {
    /** As a peer travels: "10.8.0.2 <key> expires …". */
    [name: string]: string;
}

export interface Side {
    peers: PeerText;
    rules: Record<string, string[]> | string;
    terms?: string;
    services?: Record<string, { port: number }>;
}

export interface Said {
    kind?: string;
    severity?: string;
    message: string;
}

export const NOW = new Date("2027-01-01T00:00:00Z");

const HUB = { address: "10.8.0.1", relay: "hub" };

export function urnOf(kind: string, parent = "qptunnel:index:Relay$"): string {
    return `urn:pulumi:dev::office::${parent}qptunnel:index:${kind}::hub-${kind.toLowerCase()}`;
}

/** @param before undefined: the relay is created @param after undefined: it is removed */
export function stepsOf(before: Side | undefined, after: Side | undefined, relay = "hub"): object[] {
    const op = before === undefined ? "create" : after === undefined ? "delete" : "update";
    const state = (side: Side | undefined, inputs: (side: Side) => object): object | undefined =>
        side === undefined ? undefined : { inputs: { ...HUB, relay, ...inputs(side) }, outputs: {} };
    const step = (kind: string, inputs: (side: Side) => object): object => ({
        op,
        urn: urnOf(kind).replace("::hub-", `::${relay}-`),
        oldState: state(before, inputs),
        newState: state(after, inputs),
        detailedDiff: null,
    });
    return [
        step("WireGuard", ({ peers }) => ({ peers, publicKeys: {} })),
        step("Proxy", ({ services = {} }) => ({ services })),
        step("Grants", ({ rules, terms }) => ({ rules, terms })),
    ];
}

export function digest(steps: object[], said: Said[] = []): string {
    const stack = { op: "same", urn: "urn:pulumi:dev::office::pulumi:pulumi:Stack::office-dev", detailedDiff: null };
    const diagnostics = said.map(({ kind, message, severity = "info" }) => ({
        ...(kind === undefined ? {} : { urn: urnOf(kind) }),
        message: severity === "info" ? message : `${severity}: ${message}`,
        severity,
    }));
    return JSON.stringify({ steps: [stack, ...steps], diagnostics, duration: 1, changeSummary: { update: 3 } });
}

/** Alice leaves, Bob comes with her access and nas until the summer; nas gets another key. */
export const BEFORE: Side = {
    peers: {
        alice: "10.8.0.2 hSDw",
        nas: "10.8.0.3 bmFz routes 192.168.7.0/24",
        old: "10.8.0.9 b2xk expires 2026-12-24T00:00:00Z",
        kim: "10.8.0.5 a2lt",
        console: "10.8.0.6 Y29u expires 2027-02-01T00:00:00Z",
    },
    rules: {
        "(relay)": ["10.8.0.1 -> 10.8.0.3 tcp/3000"],
        alice: ["10.8.0.2 -> 10.8.0.1 tcp/8443", "10.8.0.2 -> 10.8.0.3 tcp/22"],
        console: ["10.8.0.6 -> 10.8.0.3 icmp"],
    },
    services: { wiki: { port: 8443 } },
};
export const AFTER: Side = {
    peers: {
        bob: "10.8.0.4 Ym9i expires 2027-06-01T00:00:00Z",
        nas: "10.8.0.3 bmV3 routes 192.168.7.0/24",
        kimberly: "10.8.0.5 a2lt",
        console: "10.8.0.6 Y29u expires 2027-02-01T00:00:00Z",
    },
    rules: {
        "(relay)": ["10.8.0.1 -> 10.8.0.3 tcp/3000"],
        bob: ["10.8.0.4 -> 10.8.0.1 tcp/8443", "10.8.0.4 -> 192.168.7.0/24 all", "10.8.0.4 -> 0.0.0.0/0 tcp/443"],
        console: ["10.8.0.6 -> 10.8.0.3 icmp"],
    },
    services: { wiki: { port: 8443 } },
};
export const SAID: Said[] = [
    { kind: "AuditCheckpoint", message: "audit log: 18 records, head 065efcf23346b859, verified" },
    { kind: "WireGuard", message: "hub: bob will be added at 10.8.0.4, until 2027-06-01T00:00:00Z" },
    {
        kind: "WireGuard",
        message:
            "hub: alice (10.8.0.2) is cut off at once, running connections included; the address stays reserved, the key SHA256:MAyclgO5Kks57TlY stays revoked",
    },
    { kind: "WireGuard", message: "hub: nas gets a new key: cut off until the new configuration is in use" },
    { kind: "Grants", message: "hub: bob is allowed to reach 10.8.0.1 tcp/8443, 192.168.7.0/24 all and 0.0.0.0/0 tcp/443" },
    { kind: "WireGuard", severity: "warning", message: "hub: console expires on 2027-02-01T00:00:00Z (in 31 days)" },
    { kind: "WireGuard", severity: "warning", message: "hub: console expires on 2027-02-01T00:00:00Z (in 31 days)" },
    { message: "a program's own output" },
]; // prettier-ignore

/** A change with each kind of thing. */
export const EVERYTHING = digest(stepsOf(BEFORE, AFTER), SAID);
