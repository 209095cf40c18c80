import type { PlacedInputs, PlacedOutputs } from "./placed.js";
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

export function say(change: Pick<Change, "context">, sentences: string[]): void {
    for (const sentence of sentences) change.context.log("info", sentence);
}

/** Everything that an apply means, a sentence each. */
export function effectsOf<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    change: Change<I, O>,
): string[] {
    return [
        ...driftSentences(change.inputs, change.before?.outputs ?? {}),
        ...driftSentences(change.inputs, { drift: parts.restored?.(change) }),
        ...sentencesOf(parts, change),
    ];
}

/** What bears differences, by name, each with a sentence. */
interface Differing {
    drift?: Record<string, string> | undefined;
}

export function driftSentences({ relay }: { relay: string }, { drift = {} }: Differing): string[] {
    return Object.values(drift).map((sentence) => `${relay}: ${sentence}`);
}

export function driftChanges({ drift = {} }: Differing): Record<string, ChangeKind> {
    return Object.fromEntries(Object.keys(drift).map((name) => [join("drift", name), "delete" as const]));
}
