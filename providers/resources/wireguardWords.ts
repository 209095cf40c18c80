import { routesOf } from "../../core/registry/defaults.js";
import { fingerprint } from "../../core/keys.js";
import { adoptionSentences } from "./adoption.js";
import { isPast } from "./expiry.js";
import { same } from "./changes.js";
import { peerChanges, peersOf, type PeerChange } from "./peerChanges.js";
import { placed } from "./placed.js";
import type { Change } from "./relayResource.js";
import { UNKNOWN, type Properties } from "./resource.js";
import { concernedByStage, epochSentences } from "./wireguardEpochs.js";
import { count, listNames } from "./words.js";

/** Above this many of a kind, they are named in one sentence. */
const ONE_BY_ONE = 8;

/** Who is connected, who is cut off and for how long, who is not disturbed. */
export function peerSentences(change: Change, now: Date): string[] {
    const { before, inputs } = change;
    const { relay } = placed(inputs);
    if (before === undefined && inputs.adopts !== undefined) return adoptionSentences(inputs);
    const changes = peerChanges(change);
    const ofAll = relaySentences(change);
    const expired = changes.filter(({ kind, peer }) => kind === "remove" && isPast(peer, now));
    const sentences = [
        ...ofAll,
        ...expiredSentences(expired),
        ...epochSentences(change),
        ...(["add", "remove", "rename", "rekey", "readdress", "reroute", "expiry", "preshared"] as const).flatMap(
            (kind) =>
                kindSentences(
                    kind,
                    changes.filter((each) => each.kind === kind && !expired.includes(each)),
                    overlapText(inputs),
                ),
        ),
    ];
    const total = Object.keys(peersOf(inputs)).length;
    const touched = new Set([...changes.map(({ name }) => name), ...concernedByStage(change)]);
    const undisturbed = total - [...touched].filter((name) => name in peersOf(inputs)).length;
    if (before !== undefined && undisturbed > 0 && ofAll.length === 0)
        sentences.push(
            `nobody else is disturbed: ${count(undisturbed, "peer")} keep${undisturbed === 1 ? "s" : ""} key, address and session`,
        );
    if (total === 0 && before === undefined) sentences.push("no peers yet");
    return sentences.map((sentence) => `${relay}: ${sentence}`);
}

function kindSentences(kind: PeerChange["kind"], changes: PeerChange[], overlap: string): string[] {
    if (changes.length <= ONE_BY_ONE) return changes.map((change) => sentenceOf(change, overlap));
    const what = `${MANY[kind]}${kind === "rekey" ? `: ${overlap}` : ""}`;
    return [`${listNames(changes.map(({ name }) => name))} (${count(changes.length, "peer")}) ${what}`];
}

/** How long a key that is replaced still works. */
function overlapText({ keyOverlap }: Properties): string {
    const seconds = typeof keyOverlap === "number" ? keyOverlap : 0;
    if (seconds === 0) return "cut off until the new configuration is in use";
    return `the old configuration works until the new one is used, for ${duration(seconds)} at most`;
}

function duration(seconds: number): string {
    for (const [unit, length] of [
        ["day", 86400],
        ["hour", 3600],
        ["minute", 60],
    ] as const)
        if (seconds % length === 0) return count(seconds / length, unit);
    return count(seconds, "second");
}

function expiredSentences(changes: PeerChange[]): string[] {
    if (changes.length > ONE_BY_ONE) {
        const names = listNames(changes.map(({ name }) => name));
        return [`${names} (${count(changes.length, "peer")}) expired and were cut off then by the relay`];
    }
    return changes.map(
        ({ name, peer, publicKey }) =>
            `${name} (${addressesOf(peer)}) expired on ${peer.expires} and was cut off then by the relay; the address stays reserved, the key ${publicKey === undefined ? "" : `${fingerprint(publicKey)} `}does not come back by itself`,
    );
}

const MANY: Record<PeerChange["kind"], string> = {
    add: "will be connected",
    remove: "are cut off at once, running connections included",
    rename: "are renamed and keep their addresses; preshared keys belong to names: connected for two to three minutes more, then only with their new configuration",
    rekey: "get new keys",
    readdress: "get new addresses and are cut off until they use their new configuration",
    reroute: "have other networks behind them; their own connections go on",
    expiry: "have another expiry; their connections go on",
    preshared:
        "get new preshared keys: connected for two to three minutes more, then only with their new configuration",
};

function sentenceOf({ kind, name, peer, before, publicKey, formerly }: PeerChange, overlap: string): string {
    switch (kind) {
        case "add":
            return `${name} will be connected at ${addressesOf(peer)}${routesOf(peer).length > 0 ? `, with ${listNames(routesOf(peer))} behind` : ""}`;
        case "remove":
            return `${name} (${addressesOf(peer)}) is cut off at once, running connections included; the address stays reserved, the key ${publicKey === undefined ? "" : `${fingerprint(publicKey)} `}does not come back by itself`;
        case "rename":
            return `${formerly} is now called ${name} and keeps ${addressesOf(peer)}; the preshared key belongs to the name: connected for two to three minutes more, then only with the new configuration`;
        case "rekey":
            return `${name} gets a new key: ${overlap}`;
        case "readdress":
            return `${name} moves from ${before === undefined ? "" : addressesOf(before)} to ${addressesOf(peer)}: cut off until the new configuration is in use`;
        case "reroute":
            return `${name} has ${routesOf(peer).length > 0 ? listNames(routesOf(peer)) : "no networks"} behind; connections to the tunnel address go on`;
        case "expiry":
            return `${name} ${peer.expires === undefined ? "does not expire any more" : `expires on ${peer.expires}${before?.expires === undefined ? "" : `, not on ${before.expires}`}`}; connections go on`;
        case "preshared":
            return `${name} gets a new preshared key: connected for two to three minutes more, then only with the new configuration`;
    }
}

function relaySentences(change: Change): string[] {
    const { before, inputs } = change;
    if (before === undefined) return [`listens on UDP port ${String(inputs.listenPort)}`];
    const sentences: string[] = [];
    if (relayRekeyed(change))
        sentences.push("the relay's own key changes: every peer is cut off until it uses its new configuration");
    if (before.inputs.identity !== "host" && inputs.identity === "host")
        sentences.push(
            "the relay keeps its key to itself from now on: nobody is disturbed, the state forgets it, and a lost machine can not be rebuilt as the same relay",
        );
    for (const [key, what] of [
        ["listenPort", "UDP port"],
        ["address", "address"],
        ["prefix", "prefix length"],
    ] as const) {
        if (!same(before.inputs[key], inputs[key]))
            sentences.push(
                `the relay's ${what} changes from ${String(before.inputs[key])} to ${String(inputs[key])}: every peer needs its new configuration`,
            );
    }
    if (!same(before.inputs.machine, inputs.machine) && inputs.machine !== UNKNOWN)
        sentences.push("the machine is another one: it is filled again with the same keys and addresses");
    return sentences;
}

/** Whether a key epoch that stays gets another key: also the one that is not made yet, when a key moves from the relay to the state. */
function relayRekeyed({ before, inputs }: Change): boolean {
    if (before === undefined || inputs.identity === "host") return false;
    const then = (before.inputs.privateKeys ?? {}) as Record<string, unknown>;
    const now = (inputs.privateKeys ?? {}) as Record<string, unknown>;
    if (before.inputs.identity === "host")
        return ((inputs.epochs ?? []) as number[]).some((epoch) =>
            ((before.inputs.epochs ?? []) as number[]).includes(epoch),
        );
    return Object.keys(now).some((epoch) => epoch in then && then[epoch] !== now[epoch]);
}

function addressesOf(peer: { address: string; address6?: string }): string {
    return peer.address6 === undefined ? peer.address : `${peer.address} and ${peer.address6}`;
}
