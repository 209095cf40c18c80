import { isSameMachine } from "../../hosts/descriptors.js";
import { changesOf, join } from "../changes.js";
import { comparedBy, sentencesOf } from "../effects.js";
import { placed } from "./placed.js";
import type { ChangeKind, Properties } from "../resource.js";
import { type Change } from "./change.js";
import { type RelayResourceParts } from "./parts.js";

/** Where it is counts for each of them; how it is reached and recorded does not. */
export function changesIn(parts: RelayResourceParts, olds: Properties, news: Properties): Record<string, ChangeKind> {
    const changes = changesOf(
        olds,
        news,
        comparedBy(parts).filter((input) => input !== "host"),
    );
    const moved = olds.host !== undefined && !isSameMachine(placed(olds).host, placed(news).host);
    return moved ? { host: "update", ...changes } : changes;
}

export function warn(parts: RelayResourceParts, change: Change): void {
    for (const warning of parts.warnings?.(change) ?? []) change.context.log("warning", warning);
}

export function say(change: Change, sentences: string[]): void {
    for (const sentence of sentences) change.context.log("info", sentence);
}

/** Everything that an apply means, a sentence each. */
export function effectsOf(parts: RelayResourceParts, change: Change): string[] {
    return [
        ...driftSentences(change.inputs, change.before?.outputs ?? {}),
        ...driftSentences(change.inputs, { drift: parts.restored?.(change) }),
        ...sentencesOf(parts, change),
    ];
}

export function driftSentences(inputs: Properties, outputs: Properties): string[] {
    return Object.values(driftOf(outputs)).map((sentence) => `${placed(inputs).relay}: ${sentence}`);
}

export function driftOf(outputs: Properties): Record<string, string> {
    return (outputs.drift ?? {}) as Record<string, string>;
}

export function driftChanges(outputs: Properties): Record<string, ChangeKind> {
    return Object.fromEntries(Object.keys(driftOf(outputs)).map((name) => [join("drift", name), "delete" as const]));
}
