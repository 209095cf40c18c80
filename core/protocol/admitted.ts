import type { AccessRule, RegistryPeer, RegistryService } from "../registry/model.js";
import { parseTerms, renderTerms } from "../access/terms.js";
import { renderElements, ruleElements, withoutEnded } from "../nftables/index.js";
import { keyEpochOf } from "../registry/defaults.js";
import { linesOf, list, number, optional, table, text, word, type RowOf } from "./table.js";
import { fromAllowedIps } from "../wireguard/index.js";

/**
 * Who is on a relay, what is let through and what is served, as the program alone says it: without what other resources supply, so
 * that a removal waits for none of them. Lines of text, which cost the engine less than values.
 */
export interface Admitted {
    /** "name public-key allowed-ips key-epoch" lines; "-" for a key that is generated or comes from elsewhere. */
    peers: string;
    /** Access rules, a line each. */
    rules: string;
    /** When rules end, as `renderTerms` has it. Absent: none does. */
    terms?: string;
    /** "name port" lines of what the relay's own proxy serves. */
    services: string;
    /** Seconds in which a peer's replaced key still works. Absent: none. */
    keyOverlap?: number;
    /** Sources whose rules other resources decide as well: they are left alone. */
    undecided?: string[];
}

const PEER = {
    name: text,
    publicKey: optional(text, "-"),
    allowedIps: list(","),
    keyEpoch: { ...number, read: (cell: string) => (cell === "" ? 1 : Number(cell)) },
};

/** A peer as a line has it. */
type AdmittedPeer = RowOf<typeof PEER>;

/**
 * Peers as the program has them, in the state; `-` for a key that is not known yet.
 *
 *     laptop 7UQw…FAw= 10.8.0.2/32,192.168.7.0/24 1
 */
const admittedPeers = table("admitted", PEER, " ");

const ADMITTED = { name: text, publicKey: optional(text, "-"), allowedIps: list(","), keeps: word("own", "-") };

/**
 * Peers that are still to be on the relay, for the step `removals`. `own`: whatever keys the relay has under the name stay, because
 * the key is not known here, or one that it replaces works for a while.
 *
 *     name      public key    allowed IPs    own
 *     laptop    7UQw…FAw=     10.8.0.2/32    -
 */
export const admitted = table("admitted", ADMITTED);

/** What is still to be served, as the program has it: "name port" lines. */
const admittedServices = table("admitted", { name: text, port: number }, " ");

export const parseAdmittedPeers = admittedPeers.parse;
export const parseAdmittedServices = admittedServices.parse;

export function renderAdmittedPeers(peers: Record<string, RegistryPeer>): string {
    return admittedPeers.render(
        names(peers).map((name) => {
            const peer = peers[name]!;
            return { name, publicKey: peer.publicKey, allowedIps: fromAllowedIps(peer), keyEpoch: keyEpochOf(peer) };
        }),
    );
}

export function renderAdmittedRules(rules: Record<string, string[]>): string {
    return [...new Set(Object.values(rules).flat())]
        .sort()
        .map((rule) => `${rule}\n`)
        .join("");
}

export function renderAdmittedServices(services: Record<string, RegistryService>): string {
    return admittedServices.render(names(services).map((name) => ({ name, port: services[name]!.port })));
}

/** Of what one program admitted, what the next does not. */
interface Narrowing {
    /** Peers that go, and names of peers whose former key goes at once. */
    peers: AdmittedPeer[];
    rekeyed: AdmittedPeer[];
    rules: string[];
    services: string[];
}

export function narrowing(then: Admitted, now: Admitted): Narrowing {
    const peers = parseAdmittedPeers(now.peers);
    const keys = new Set(peers.flatMap(({ publicKey }) => publicKey ?? []));
    const listed = new Map(peers.map((peer) => [peer.name, peer]));
    const before = parseAdmittedPeers(then.peers);
    const former = before.filter(({ publicKey }) => !keys.has(publicKey ?? ""));
    const renamed = renames(former, peers, before);
    const rekeyed = former.filter((peer) => {
        const next = listed.get(peer.name);
        return next !== undefined && (now.keyOverlap ?? 0) === 0 && !keepsKey(peer, next);
    });
    return {
        peers: former.filter(({ name }) => !listed.has(name) && !renamed.has(name)),
        rekeyed,
        rules: missing(then.rules, now.rules),
        services: missing(then.services, now.services),
    };
}

export function isNarrower(then: Admitted | undefined, now: Admitted): boolean {
    if (then === undefined) return false;
    return Object.values(narrowing(then, now)).some((list: unknown[]) => list.length > 0);
}

/** Who is still to be on the relay. */
export function renderAdmitted(then: Admitted | undefined, now: Admitted): string {
    const peers = parseAdmittedPeers(now.peers);
    const before = then === undefined ? [] : parseAdmittedPeers(then.peers);
    const known = new Map(before.map((peer) => [peer.name, peer]));
    const overlap = (now.keyOverlap ?? 0) > 0;
    const row = ({ publicKey, ...peer }: AdmittedPeer, name: string): RowOf<typeof ADMITTED> => {
        const former = known.get(name);
        const keepsOwn = publicKey === undefined && (former === undefined || keepsKey(former, { publicKey, ...peer }));
        return { name, publicKey, allowedIps: peer.allowedIps, keeps: overlap || keepsOwn ? "own" : "-" };
    };
    return admitted.render([
        ...peers.map((peer) => row(peer, peer.name)),
        // The relay has its key under the name that it had.
        ...[...renames(before, peers, before)].map(([name, peer]) => row(peer, name)),
    ]);
}

/**
 * The elements of the relay's sets that are still to be there, one "SET ELEMENT" a line. A rule that begins to end, or ends no more, keeps
 * its element of before until it has the other one.
 */
export function renderAdmittedElements(now: Admitted, then?: Admitted): string {
    const elements = (rules: string[], terms: string | undefined): string[] => {
        const { sets, timed } = ruleElements(rules, parseTerms(terms));
        return linesOf(renderElements(sets, timed));
    };
    const all = elements(linesOf(now.rules), now.terms);
    const kept = new Set(linesOf(now.rules));
    const former =
        then === undefined || then.terms === now.terms
            ? []
            : elements(
                  linesOf(then.rules).filter((rule) => kept.has(rule)),
                  then.terms,
              );
    return [...new Set([...all, ...former])].map((line) => `${line}\n`).join("");
}

/** The same without rules that have ended. */
export function admittedNow(admitted: Admitted, now: Date): Admitted {
    if (admitted.terms === undefined) return admitted;
    const left = withoutEnded({ all: linesOf(admitted.rules) }, parseTerms(admitted.terms), now);
    return { ...admitted, rules: renderAdmittedRules(left.rules), terms: renderTerms(left.terms) };
}

/** Whether an element of a set ("acl4 10.8.0.2 . 10.8.0.1 . tcp . 22") lets through what a rule allows, or a part of it. */
export function isOfRule(element: string, rule: AccessRule): boolean {
    const [set = "", from, , to, , protocol, , ports = ""] = element.split(" ");
    const bare = (address: string): string => address.replace(/\/(32|128)$/, "");
    if (from !== bare(rule.from) || to !== bare(rule.to)) return false;
    if (rule.ports.protocol === "all") return set.startsWith("any");
    if (rule.ports.protocol === "icmp") return set.startsWith("ping");
    const [first = 0, last = first] = ports.split("-").map(Number);
    const { first: low = 0, last: high = low } = rule.ports;
    return protocol === rule.ports.protocol && first <= high && low <= last;
}

/** The key of a name is the one that it had: brought and the same, or generated in the same epoch. */
function keepsKey(then: AdmittedPeer, now: AdmittedPeer): boolean {
    if (then.publicKey !== undefined || now.publicKey !== undefined) return then.publicKey === now.publicKey;
    return then.keyEpoch === now.keyEpoch;
}

/** Former name → the newly listed peer that has its address, where both keys are generated: it is the same peer under another name. */
function renames(former: AdmittedPeer[], peers: AdmittedPeer[], before: AdmittedPeer[]): Map<string, AdmittedPeer> {
    const listed = new Set(peers.map(({ name }) => name));
    const known = new Set(before.map(({ name }) => name));
    const added = peers.filter(({ name, publicKey }) => publicKey === undefined && !known.has(name));
    return new Map(
        former
            .filter(({ name, publicKey }) => publicKey === undefined && !listed.has(name))
            .flatMap((peer): [string, AdmittedPeer][] => {
                const successor = added.find(
                    ({ allowedIps, keyEpoch }) => keyEpoch >= peer.keyEpoch && sharesHost(allowedIps, peer.allowedIps),
                );
                return successor === undefined ? [] : [[peer.name, successor]];
            }),
    );
}

function sharesHost(some: string[], others: string[]): boolean {
    return some.some((cidr) => /\/(32|128)$/.test(cidr) && others.includes(cidr));
}

function missing(then: string, now: string): string[] {
    const kept = new Set(linesOf(now));
    return linesOf(then).filter((line) => !kept.has(line));
}

function names(record: Record<string, unknown>): string[] {
    return Object.keys(record).sort();
}
