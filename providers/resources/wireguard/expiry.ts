import { DAY_MS } from "../../../core/time.js";
import { peerKey } from "../../../core/registry/peerKey.js";
import { isMap } from "../changes.js";
import type { WireGuardInputs, WireGuardPlan } from "./inputs.js";
import type { RegistryPeer } from "../../../core/registry/model.js";
import { expired } from "../../../core/protocol/expired.js";
import type { Drift } from "../../../core/drift.js";
import { REPAIR } from "../../../core/repair.js";
import type { PartAnswers } from "../../../core/protocol/steps.js";
import { peersOf } from "./peerChanges.js";
import type { Properties } from "../resource.js";
import { count, listNames } from "../sentences.js";

/** A peer that a relay cut off at its expiry, from the relay's record. */
export interface CutPeer {
    publicKey: string;
    /** Unix seconds. */
    expires: number;
    name: string;
    /** Its former addresses that no other peer has got since, as elements of sets. */
    addresses: string[];
}

/** Reads what a relay answers about expired peers. */
export function expiredOn(answer: PartAnswers<"wireguard">): CutPeer[] {
    return expired.parse(answer.expired);
}

/** Listed peers that the relay has cut off since, at their expiry in the program or later; by name, with that time. */
export function cutNames(args: WireGuardInputs, answer: PartAnswers<"wireguard">): Map<string, string> {
    const known = new Map<string, number>();
    for (const { name, publicKey, expires } of expiredOn(answer))
        for (const of of [name, publicKey]) known.set(of, Math.max(expires, known.get(of) ?? 0));
    return new Map(
        Object.entries(args.peers).flatMap(([name, peer]): [string, string][] => {
            const { expires } = peer;
            const key = peerKey(name, peer, args.publicKeys) ?? "";
            const at = Math.max(known.get(name) ?? 0, known.get(key) ?? 0);
            return expires !== undefined && seconds(expires) <= at ? [[name, expires]] : [];
        }),
    );
}

/** The expected peers, without those that the relay has cut off at their expiry. */
export function withoutCut(args: WireGuardInputs, answer: PartAnswers<"wireguard">): WireGuardInputs {
    const cut = cutNames(args, answer);
    if (cut.size === 0) return args;
    return { ...args, peers: Object.fromEntries(Object.entries(args.peers).filter(([name]) => !cut.has(name))) };
}

/** An expiry that was not enforced: it is more than a moment ago, and the relay has not reported the removal. */
export function overdue(
    args: WireGuardInputs,
    answer: PartAnswers<"wireguard">,
    onWire: ReadonlySet<string>,
    now: Date,
): Drift[] {
    const cut = cutNames(args, answer);
    const drift: Drift[] = [];
    for (const [name, peer] of Object.entries(args.peers)) {
        const { expires } = peer;
        if (expires === undefined || cut.has(name)) continue;
        const isOnWire = onWire.has(peerKey(name, peer, args.publicKeys) ?? "");
        if (now.getTime() < Date.parse(expires) + GRACE_MS || !isOnWire) continue;
        drift.push({
            kind: "expired peer",
            name,
            sentence: `${name} expired on ${expires} but is still on the interface: the relay does not enforce it; ${REPAIR} removes it`,
        });
    }
    return drift;
}

/** Elements that mention what an expired peer left are no longer expected in the kernel. */
export function withoutCutElements<Sets extends Record<string, string[]>>(
    sets: Sets,
    answer: PartAnswers<"wireguard">,
): Sets {
    const gone = new Set(expiredOn(answer).flatMap(({ addresses }) => addresses));
    if (gone.size === 0) return sets;
    const kept = (element: string): boolean => !element.split(" ").some((word) => gone.has(word));
    return Object.fromEntries(Object.entries(sets).map(([set, elements]) => [set, elements.filter(kept)])) as Sets;
}

/** Keys of peers who are not in the registry, because they have expired, are not needed. */
export function withoutUnlisted(inputs: Properties): Properties {
    const { peers } = inputs;
    if (!isMap(peers)) return inputs;
    const listed = (map: unknown): unknown =>
        isMap(map) ? Object.fromEntries(Object.entries(map).filter(([name]) => Object.hasOwn(peers, name))) : map;
    return { ...inputs, publicKeys: listed(inputs.publicKeys), presharedKeys: listed(inputs.presharedKeys) };
}

/** What the calendar brings within two weeks. */
export function expiryWarnings(inputs: WireGuardPlan, now: Date): string[] {
    const { relay } = inputs;
    const soon = Object.entries(peersOf(inputs))
        .flatMap(([name, { expires }]) =>
            expires === undefined ? [] : [{ name, expires, left: Date.parse(expires) - now.getTime() }],
        )
        .filter(({ left }) => left > 0 && left <= WARN_DAYS * DAY_MS)
        .sort((a, b) => a.left - b.left);
    const [first] = soon;
    if (soon.length > ONE_BY_ONE && first !== undefined) {
        const names = listNames(soon.map(({ name }) => name));
        return [
            `${relay}: ${names} expire within ${WARN_DAYS} days, the first on ${first.expires} (${until(first.left)})`,
        ];
    }
    return soon.map(({ name, expires, left }) => `${relay}: ${name} expires on ${expires} (${until(left)})`);
}

/** Whether the peer has expired. */
export function isPast({ expires }: Pick<RegistryPeer, "expires">, now: Date): boolean {
    return expires !== undefined && Date.parse(expires) <= now.getTime();
}

/** In a registry: the peer was not revoked by a person, it expired. */
export const BY_EXPIRY = "the relay, when it expired";

const WARN_DAYS = 14;
const ONE_BY_ONE = 8;
/** A clock and a watcher that are a little late are no fault. */
const GRACE_MS = 30_000;

function until(milliseconds: number): string {
    const minutes = Math.max(1, Math.round(milliseconds / 60_000));
    if (minutes < 120) return `in ${count(minutes, "minute")}`;
    const hours = Math.round(minutes / 60);
    return hours < 48 ? `in ${count(hours, "hour")}` : `in ${count(Math.floor(milliseconds / DAY_MS), "day")}`;
}

function seconds(moment: string): number {
    return Math.floor(Date.parse(moment) / 1000);
}
