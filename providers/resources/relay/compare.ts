import type { PlacedInputs, PlacedOutputs } from "./placed.js";
import { type Drift, driftKey, readDrift } from "../../../core/drift.js";
import { isSameMachine } from "../../hosts/descriptors.js";
import { changesOf, join } from "../changes.js";
import { comparedBy, sentencesOf } from "../effects.js";
import type { ChangeKind } from "../resource.js";
import type { Change } from "./change.js";
import type { RelayResourceParts } from "./parts.js";

/** Where it is counts for each of them; how it is reached and recorded does not. */
export function changesIn<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    olds: PlacedInputs,
    news: PlacedInputs,
): Record<string, ChangeKind> {
    const changes = changesOf(
        olds,
        news,
        comparedBy(parts).filter((input) => input !== "host"),
    );
    const moved = !isSameMachine(olds.host, news.host);
    return moved ? { host: "update", ...changes } : changes;
}

export function warn<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    change: Change<I, O>,
): void {
    for (const warning of parts.warnings?.(change) ?? []) change.context.log("warning", warning);
}

export function logSentences(change: Pick<Change, "context">, sentences: string[]): void {
    for (const sentence of sentences) change.context.log("info", sentence);
}

/** Everything that an apply means, a sentence each. */
export function effectsOf<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    change: Change<I, O>,
): string[] {
    return [
        ...driftSentences(change.inputs, readDrift(change.before?.outputs.drift)),
        ...driftSentences(change.inputs, parts.restored?.(change) ?? []),
        ...sentencesOf(parts, change),
    ];
}

export function driftSentences({ relay }: { relay: string }, drift: readonly Drift[]): string[] {
    return drift.map(({ sentence }) => `${relay}: ${sentence}`);
}

export function driftChanges(drift: readonly Drift[]): Record<string, ChangeKind> {
    return Object.fromEntries(drift.map((each) => [join("drift", driftKey(each)), "delete" as const]));
}
