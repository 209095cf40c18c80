import { linesOf } from "../protocol/table.js";
import { parseBase } from "../approval/baseSentence.js";
import { parseLogSentence } from "../audit/logSentence.js";
import { accessChanges } from "./access.js";
import type { EffectClass, RelayReview, Review, Sentence } from "./model.js";
import { expiriesOf, peerChanges, peersIn } from "./peers.js";
import { byRelay, type Message, type Plan, type PlannedResource } from "./plan.js";

/** Says what a sentence means. */
export type Classify = (sentence: string) => EffectClass;

/** What a preview means for those who are connected. */
export function reviewOf({ resources, messages }: Plan, classify: Classify, now: Date): Review {
    const texts = (severity: Message["severity"]): string[] => [
        ...new Set(messages.filter((message) => message.severity === severity).flatMap(({ text }) => linesOf(text))),
    ];
    // For which log an approval would be is no effect.
    const told = messages.filter(({ severity, text }) => severity === "info" && parseBase(text) === undefined);
    const logs = told.flatMap(({ text }) => parseLogSentence(text) ?? []);
    const log = logs.at(-1);
    return {
        errors: texts("error"),
        relays: byRelay(resources).map(([relay, own]) => relayReview(relay, own, now)),
        sentences: sentencesIn(told, classify),
        warnings: texts("warning"),
        ...(log === undefined ? {} : { log: { size: log.size, head: log.head } }),
    };
}

function sentencesIn(told: readonly Message[], classify: Classify): Sentence[] {
    const effects = new Map(told.map(({ text }) => [text, classify(text)]));
    return [...effects].map(([text, effect]) => ({ text, effect }));
}

function relayReview(relay: string, resources: readonly PlannedResource[], now: Date): RelayReview {
    const tunnel = resources.find(({ kind }) => kind === "WireGuard" || kind === "Script");
    const listing = tunnel ?? resources.find(({ kind }) => kind === "Registry");
    const after = listing === undefined ? undefined : peersIn(listing.kind, listing.after);
    return {
        relay,
        change: changeOf(tunnel),
        peers: peerChanges(tunnel, now),
        access: accessChanges(resources),
        expiries: expiriesOf(after ?? {}, now),
    };
}

function changeOf(tunnel: PlannedResource | undefined): RelayReview["change"] {
    if (tunnel === undefined || (tunnel.before !== undefined && tunnel.after !== undefined)) return "kept";
    return tunnel.before === undefined ? "created" : "removed";
}
