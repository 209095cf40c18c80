import { daysLeft, expiresSoon } from "../certificates/validity.js";
import type { PeerStatus, RelayStatus } from "./model.js";

export type ProblemKind =
    "unreachable" | "rogue" | "drift" | "conflict" | "stale" | "certificate" | "service" | "expiry";

/** A problem for a monitor to report. */
export interface Problem {
    relay: string;
    kind: ProblemKind;
    /** The peer or the service. */
    name?: string;
    /** A sentence without full stop. */
    message: string;
}

/** What a monitor was told to expect. */
export interface Thresholds {
    /** Peers who must be connected; undefined: all that are listed, if `stale` is given. */
    required?: string[];
    /** Seconds a handshake of theirs may be old. Default: 180. */
    stale?: number;
    /** Days before its end from which a certificate is a problem, and before its expiry a peer. */
    expiring: number;
}

/**
 * All problems. A peer that is not connected is a problem only if it was required.
 *
 * @param standard seconds a handshake may be old when only names are given
 */
export function problemsOf(status: RelayStatus, thresholds: Thresholds, standard: number): Problem[] {
    const { relay } = status;
    if (!status.reachable) return [{ relay, kind: "unreachable", message: status.problem ?? "it did not answer" }];
    return [
        ...status.peers.filter(({ state }) => state === "rogue").map((peer) => rogue(relay, peer)),
        ...status.drift.map((message): Problem => ({ relay, kind: "drift", message })),
        ...(status.conflicts ?? []).map((message): Problem => ({ relay, kind: "conflict", message })),
        ...stalePeers(status, thresholds, standard),
        ...servicesOf(status, thresholds),
        ...leavingPeers(status, thresholds),
    ];
}

function rogue(relay: string, { name, fingerprint, addresses, revokedAt }: PeerStatus): Problem {
    const where = `${addresses.join(", ") || "no address"}, is configured on the interface`;
    const message =
        name === undefined
            ? `unknown peer ${fingerprint}, ${where} but not declared in the program`
            : `revoked peer ${name} (${fingerprint}), ${where}${revokedAt === undefined ? "" : `; it was revoked on ${revokedAt}`}`;
    return { relay, kind: "rogue", ...(name === undefined ? {} : { name }), message };
}

function stalePeers({ relay, peers }: RelayStatus, thresholds: Thresholds, standard: number): Problem[] {
    const { required, stale } = thresholds;
    if (required === undefined && stale === undefined) return [];
    const most = stale ?? standard;
    return peers
        .filter(({ name, state }) => name !== undefined && state !== "revoked" && state !== "rogue")
        .filter(({ name = "", state }) => required?.includes(name) ?? state !== "expired")
        .filter(({ age }) => age === null || age > most)
        .map(({ name = "", age, state }) => ({
            relay,
            kind: "stale",
            name,
            message: `${name} is not connected: ${reason(state, age)}`,
        }));
}

function reason(state: PeerStatus["state"], age: number | null): string {
    if (age !== null) return `its last handshake was ${age} s ago`;
    return state === "never" ? "no handshake yet" : state;
}

/** An expired peer is not a problem. */
function leavingPeers({ relay, peers, time }: RelayStatus, { expiring }: Thresholds): Problem[] {
    const now = new Date(time ?? 0);
    return peers.flatMap(({ name, expires }): Problem[] => {
        if (name === undefined || expires === undefined) return [];
        const days = daysLeft(expires, now);
        if (days < 0 || !expiresSoon(expires, now, expiring)) return [];
        const left = days === 0 ? "less than a day" : days === 1 ? "1 day" : `${days} days`;
        const message = `${name} expires on ${expires} (in ${left}): the relay cuts it off at that moment; a later \`expires\` keeps it connected`;
        return [{ relay, kind: "expiry", name, message }];
    });
}

function servicesOf({ relay, services, time }: RelayStatus, { expiring }: Thresholds): Problem[] {
    const now = new Date(time ?? 0);
    return services.flatMap(({ name, certificate, problem }): Problem[] => [
        ...(certificate === null
            ? [{ relay, kind: "certificate" as const, name, message: `${name} has no certificate on the relay` }]
            : expiresSoon(certificate.notAfter, now, expiring)
              ? [{ relay, kind: "certificate" as const, name, message: ending(name, certificate) }]
              : []),
        ...(problem === undefined
            ? []
            : [{ relay, kind: "service" as const, name, message: `service ${name}: ${problem}` }]),
    ]);
}

function ending(name: string, { daysLeft, notAfter }: { daysLeft: number; notAfter: string }): string {
    return daysLeft < 0
        ? `the certificate of ${name} ended on ${notAfter}`
        : `the certificate of ${name} ends in ${daysLeft} days; the next \`pulumi up\` renews it`;
}
