import type { WireGuardChange } from "./change.js";
import { fingerprint } from "../../../core/keys/index.js";
import type { RegistryPeer } from "../../../core/registry/model.js";
import { routesOf } from "../../../core/registry/defaults.js";
import { same } from "../changes.js";
import { isPast } from "./expiry.js";
import { givenPresharedKey, type PeerChange, peerChanges } from "./peerChanges.js";
import type { Properties } from "../resource.js";
import { count, listNames, nameAll } from "../sentences.js";

/** Above this many of a kind, peers with the same effect are named in one sentence. */
const ONE_BY_ONE = 8;

const KINDS = ["add", "remove", "rename", "rekey", "readdress", "reroute", "expiry", "preshared"] as const;

/**
 * Everything that happens to each peer, without the relay's name.
 *
 * @param interrupted something of the relay itself interrupts every peer, so that nothing of them goes on
 */
export function peerSentencesOf(change: WireGuardChange, now: Date, interrupted: boolean): string[] {
    const changes = peerChanges(change);
    const expired = changes.filter(({ kind, peer }) => kind === "remove" && isPast(peer, now));
    const found = changes.map((each): PeerSentence => {
        if (expired.includes(each)) return expiredSentence(each);
        const others = changes.filter(({ name, kind }) => name === each.name && kind !== each.kind);
        return SENTENCES[each.kind](happeningOf(each, change, others, interrupted));
    });
    const ofKind = (wanted: (each: PeerChange) => boolean): string[] =>
        grouped(found.filter((_, index) => wanted(changes[index]!)));
    return [
        ...ofKind((each) => expired.includes(each)),
        ...KINDS.flatMap((kind) => ofKind((each) => each.kind === kind && !expired.includes(each))),
    ];
}

/** What happens to one peer, as a sentence of its own and as it is said of many. */
interface PeerSentence {
    subject: string;
    one: string;
    many: string;
}

/** Each in a sentence of its own; of more than a few, those with the same effect together, all by name. */
function grouped(sentences: PeerSentence[]): string[] {
    if (sentences.length <= ONE_BY_ONE) return sentences.map(({ one }) => one);
    const groups = new Map<string, PeerSentence[]>();
    for (const each of sentences) groups.set(each.many, [...(groups.get(each.many) ?? []), each]);
    return [...groups].map(([many, group]) =>
        group.length === 1 && group[0] !== undefined
            ? group[0].one
            : `${nameAll(group.map(({ subject }) => subject))} (${count(group.length, "peer")}) ${many}`,
    );
}

/** One change of a peer, with what else happens to it. */
interface Happening {
    each: PeerChange;
    change: WireGuardChange;
    /** Whether something of these kinds happens to the same peer as well. */
    happens(...kinds: PeerChange["kind"][]): boolean;
    /** Whether the peer is cut off by something else: the relay itself, or another address of its own. */
    cutOff: boolean;
    interrupted: boolean;
    /** Behind a change that interrupts nothing. */
    goOn: string;
    /** For how long the peer stays connected with its former preshared key. */
    preshared: Pick<PeerSentence, "one" | "many">;
}

function happeningOf(each: PeerChange, change: WireGuardChange, others: PeerChange[], interrupted: boolean): Happening {
    const { peer } = each;
    const happens = (...kinds: PeerChange["kind"][]): boolean => others.some(({ kind }) => kinds.includes(kind));
    const moves = [each, ...others].some(
        ({ kind, before }) => kind === "readdress" && before?.address !== peer.address,
    );
    const cutOff = interrupted || moves;
    const isOver = cutOff || happens("rekey");
    return {
        ...{ each, change, happens, cutOff, interrupted },
        goOn: isOver ? "" : "; connections continue",
        preshared: isOver
            ? {
                  one: "cut off until the new configuration is in use",
                  many: "cut off until their new configuration is in use",
              }
            : {
                  one: "it stays connected for two to three minutes, then only with the new configuration",
                  many: "they stay connected for two to three minutes, then only with their new configuration",
              },
    };
}

const SENTENCES: Record<PeerChange["kind"], (happening: Happening) => PeerSentence> = {
    add({ each: { name, peer } }) {
        const more = `${routesOf(peer).length > 0 ? `, routing ${listNames(routesOf(peer), ALL)}` : ""}${peer.expires === undefined ? "" : `, until ${peer.expires}`}`;
        return sentence(name, `will be added at ${addressesOf(peer)}${more}`, `will be added${more}`);
    },
    remove: ({ each }) =>
        sentence(
            each.name,
            `(${addressesOf(each.peer)}) is cut off at once, running connections included; ${keyStays(each)}`,
            "are cut off at once, running connections included; their addresses stay reserved, their keys stay revoked",
        ),
    rename: renamed,
    rekey({ each: { name }, change: { before, inputs }, cutOff }) {
        const overlap = overlapText(inputs, cutOff);
        return same(givenPresharedKey(before?.inputs ?? {}, name), givenPresharedKey(inputs, name))
            ? sentence(name, `gets a new key: ${overlap}`, `get new keys: ${overlap}`)
            : sentence(
                  name,
                  `gets a new key and a new preshared key: ${overlap}`,
                  `get new keys and new preshared keys: ${overlap}`,
              );
    },
    readdress: ({ each: { name, peer, before }, happens, interrupted }) =>
        readdressed(name, peer, before ?? peer, interrupted || happens("rekey")),
    reroute({ each: { name, peer, before }, goOn }) {
        const routes = rerouted(routesOf(before ?? peer), routesOf(peer));
        const own = goOn === "" ? "" : "; connections to the tunnel address continue";
        const theirs = goOn === "" ? "" : "; connections to their tunnel addresses continue";
        return sentence(name, `${routes.one}${own}`, `${routes.many}${theirs}`);
    },
    expiry({ each: { name, peer, before }, goOn }) {
        if (peer.expires === undefined) return sentence(name, `no longer expires${goOn}`, `no longer expire${goOn}`);
        const until = `on ${peer.expires}${before?.expires === undefined ? "" : `, not on ${before.expires}`}`;
        return sentence(name, `expires ${until}${goOn}`, `expire ${until}${goOn}`);
    },
    preshared: ({ each: { name }, preshared }) =>
        sentence(name, `gets a new preshared key: ${preshared.one}`, `get new preshared keys: ${preshared.many}`),
};

function sentence(subject: string, one: string, many: string): PeerSentence {
    return { subject, one: `${subject} ${one}`, many };
}

function renamed({ each, change, happens, goOn, preshared }: Happening): PeerSentence {
    const { name, before, formerly = "" } = each;
    const keeps = happens("readdress") || before === undefined ? "" : ` and keeps ${addressesOf(before)}`;
    const given = givenPresharedKey(change.inputs, name);
    const isKept = typeof given === "string" && given === givenPresharedKey(change.before?.inputs ?? {}, formerly);
    const one = `${formerly} is now called ${name}${keeps}`;
    return {
        subject: `${formerly} to ${name}`,
        one: isKept ? `${one}${goOn}` : `${one}; the preshared key depends on the name: ${preshared.one}`,
        many: isKept ? `are renamed${goOn}` : `are renamed; preshared keys depend on names: ${preshared.many}`,
    };
}

/** A new IPv4 address is another place; an IPv6 address that comes or goes leaves IPv4 alone. */
function readdressed(name: string, peer: RegistryPeer, before: RegistryPeer, interrupted: boolean): PeerSentence {
    if (peer.address !== before.address) {
        return sentence(
            name,
            `moves from ${addressesOf(before)} to ${addressesOf(peer)}: cut off until the new configuration is in use`,
            "get new addresses and are cut off until they use their new configuration",
        );
    }
    const goOn = interrupted ? "" : "; IPv4 connections continue";
    const [then, now] = [before.address6, peer.address6];
    if (then === undefined)
        return sentence(
            name,
            `also gets ${now}, for its next configuration${goOn}`,
            `also get IPv6 addresses, for their next configurations${goOn}`,
        );
    return now === undefined
        ? sentence(name, `loses ${then}${goOn}`, `lose their IPv6 addresses${goOn}`)
        : sentence(name, `moves from ${then} to ${now}${goOn}`, `get new IPv6 addresses${goOn}`);
}

function rerouted(then: string[], now: string[]): { one: string; many: string } {
    const added = now.filter((route) => !then.includes(route));
    const removed = then.filter((route) => !now.includes(route));
    const list = (routes: string[]): string => listNames(routes, ALL);
    if (removed.length === 0)
        return { one: `routes ${list(added)} from now on`, many: `route ${list(added)} from now on` };
    return added.length === 0
        ? { one: `no longer routes ${list(removed)}`, many: `no longer route ${list(removed)}` }
        : {
              one: `routes ${list(added)} instead of ${list(removed)}`,
              many: `route ${list(added)} instead of ${list(removed)}`,
          };
}

function expiredSentence(each: PeerChange): PeerSentence {
    const { name, peer } = each;
    return {
        subject: name,
        one: `${name} (${addressesOf(peer)}) expired on ${peer.expires} and was cut off then by the relay; ${keyStays(each)}`,
        many: "expired and were cut off then by the relay",
    };
}

function keyStays({ publicKey }: PeerChange): string {
    return `the address stays reserved, the key ${publicKey === undefined ? "" : `${fingerprint(publicKey)} `}stays revoked`;
}

/** How long a key that is replaced still works. */
function overlapText({ keyOverlap }: Properties, ends: boolean): string {
    const seconds = typeof keyOverlap === "number" && !ends ? keyOverlap : 0;
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

function addressesOf(peer: { address: string; address6?: string }): string {
    return peer.address6 === undefined ? peer.address : `${peer.address} and ${peer.address6}`;
}

/** Networks are never left out: each is a way to somewhere. */
const ALL = Number.MAX_SAFE_INTEGER;
