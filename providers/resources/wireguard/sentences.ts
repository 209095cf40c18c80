import { known } from "../shape.js";
import type { WireGuardPlan } from "./inputs.js";
import type { WireGuardOutputs } from "./outputs.js";
import type { WireGuardChange } from "./change.js";
import { adoptionSentences } from "../import/adoption.js";
import { same } from "../changes.js";
import { type Effect, sentencesOf, toldElsewhere, type Wording } from "../effects.js";
import { awaitedPeers, awaitedSentences } from "../ledger/supplied.js";
import { isOtherInstance } from "../../hosts/descriptors.js";
import { changed, placeEffects } from "../inputSentences.js";
import { peerChanges, peersOf } from "./peerChanges.js";
import { peerSentencesOf } from "./peerSentences.js";
import { UNKNOWN } from "../resource.js";
import { concernedByStage, epochSentences } from "./epochs.js";
import { isLeaf, leafEffects, leafSentences } from "./leaf.js";
import { asUpdate } from "./replaced.js";
import { count } from "../sentences.js";

/** Said of a relay, and not of a managed peer's end of it. */
function ofRelay(words: Effect<WireGuardPlan, WireGuardOutputs>): Effect<WireGuardPlan, WireGuardOutputs> {
    return (change) => {
        if (isLeaf(change.inputs)) return [];
        const { relay } = change.inputs;
        return words(change).map((sentence) => `${relay}: ${sentence}`);
    };
}

const NEW_CONFIGURATION = "every peer needs its new configuration";
const NEW_CONFIGURATION6 = "IPv6 needs new configurations";

/** An input of the relay with one value: from what to what, and what that means. */
function ofInput(key: string, what: string, means: string): Effect<WireGuardPlan, WireGuardOutputs> {
    return ofRelay(({ before, inputs }) => changed(before?.inputs[key], inputs[key], what, means));
}

const place = ofRelay((change) => placeEffects(change));
const ownKey = ofRelay(keyEffects);

/** Which peers are added, cut off and for how long, or not affected; what changes on the relay, and for which peers. */
export const wireguardWording = wordingAt(() => new Date());

/** The sentences of a change as of a moment: who is past its expiry was cut off then. */
export function peerSentences(change: WireGuardChange, now: Date): string[] {
    return sentencesOf(
        wordingAt(() => now),
        change,
    );
}

function wordingAt(now: () => Date): Wording<WireGuardPlan, WireGuardOutputs> {
    const peers = ofRelay((change) => peerSentencesOf(change, now(), interruptsAll(change)));
    const wording: Wording<WireGuardPlan, WireGuardOutputs> = {
        created(change) {
            if (isLeaf(change.inputs)) return leafSentences(change);
            const update = asUpdate(change);
            if (update !== undefined) return sentencesOf(wording, update);
            const { inputs } = change;
            const { relay } = inputs;
            if (inputs.adopts !== undefined) return adoptionSentences(inputs);
            return [
                `listens on UDP port ${String(inputs.listenPort)}`,
                ...peerSentencesOf(change, now(), false),
                ...awaitedSentences(inputs.supplied),
                ...(inputs.supplied?.peers !== UNKNOWN && Object.keys(peersOf(inputs)).length === 0
                    ? ["no peers yet"]
                    : []),
            ].map((sentence) => `${relay}: ${sentence}`);
        },

        effects: {
            host: place,
            appName: place,
            interface: place,
            machine: place,
            moved: place,
            privateKeys: ownKey,
            listenPort: ofInput("listenPort", "UDP port", NEW_CONFIGURATION),
            address: ofInput("address", "address", NEW_CONFIGURATION),
            address6: ofInput("address6", "IPv6 address", NEW_CONFIGURATION6),
            prefix: ofInput("prefix", "prefix length", NEW_CONFIGURATION),
            prefix6: ofInput("prefix6", "IPv6 prefix length", NEW_CONFIGURATION6),
            mtu: ofInput("mtu", "MTU", "sessions continue, and new configurations have the new value"),
            epochs: ofRelay((change) => epochSentences(change, interruptsAll(change))),
            peers,
            publicKeys: peers,
            presharedKeys: peers,
            seed: peers,
            // What is forwarded Firewall tells.
            routes: toldElsewhere,
            supplied: ofRelay(({ inputs }) => awaitedSentences(inputs.supplied)),
            leaf: leafEffects,
        },

        closing: closingSentences,
    };
    return wording;
}

/** What is said behind everything else: who is not affected. */
function closingSentences(change: WireGuardChange, effects: readonly string[]): string[] {
    const { before, inputs } = change;
    const { relay, interface: device } = inputs;
    if (isLeaf(inputs))
        return effects.length > 0 ? [] : [`${relay}: ${device} is configured again; connections continue`];
    if (before === undefined || interruptsAll(change)) return [];
    if (inputs.machine === UNKNOWN && isOtherInstance(before.inputs.host, inputs.host)) return [];
    if (inputs.machine === UNKNOWN) {
        return [
            `${relay}: the update will determine which machine this is: a different one is set up from scratch, with the same keys and addresses, and every peer reconnects`,
        ];
    }
    const listed = Object.keys(peersOf(inputs));
    const touched = new Set([
        ...peerChanges(change).map(({ name }) => name),
        ...concernedByStage(change),
        ...awaitedPeers(inputs.supplied),
    ]);
    const untouched = listed.filter((name) => !touched.has(name)).length;
    if (untouched === 0) return [];
    const whom = untouched === listed.length && effects.length === 0 ? "no peer" : "no other peer";
    return [
        `${relay}: ${whom} is affected: ${count(untouched, "peer")} keep${untouched === 1 ? "s its" : " their"} key, address and session`,
    ];
}

function keyEffects(change: WireGuardChange): string[] {
    const { before, inputs } = change;
    if (before === undefined) return [];
    return [
        ...(isRekeyed(change)
            ? ["the relay's own key changes: every peer is cut off until it uses its new configuration"]
            : []),
        ...(before.inputs.identity !== "host" && inputs.identity === "host"
            ? [
                  "the relay's key stays only on the relay from now on: it is removed from the state, and a lost machine cannot be rebuilt as the same relay",
              ]
            : []),
    ];
}

/** Whether something of the relay itself interrupts every peer. */
export function interruptsAll(change: WireGuardChange): boolean {
    const { before, inputs } = change;
    if (before === undefined) return false;
    return (
        placeEffects(change).length > 0 ||
        isRekeyed(change) ||
        ["listenPort", "address", "prefix"].some((input) => !same(before.inputs[input], inputs[input]))
    );
}

/** Whether a key epoch that stays gets another key: also the one that is not made yet, when a key moves from the relay to the state. */
function isRekeyed({ before, inputs }: WireGuardChange): boolean {
    if (before === undefined || inputs.identity === "host") return false;
    const then = known(before.inputs.privateKeys) ?? {};
    const now = known(inputs.privateKeys) ?? {};
    if (before.inputs.identity === "host") return inputs.epochs.some((epoch) => before.inputs.epochs.includes(epoch));
    return Object.keys(now).some((epoch) => epoch in then && then[epoch] !== now[epoch]);
}
