import type { PlacedInputs, PlacedOutputs } from "./relay/placed.js";
import type { Change } from "./relay/change.js";

/** What a change of one input means, one sentence an effect, each starting with the relay's name; none where the input is as before. */
export type Effect<I extends PlacedInputs = PlacedInputs, O extends PlacedOutputs = PlacedOutputs> = (
    change: Change<I, O>,
) => string[];

/** Where a relay is: compared for each of its resources. */
export type PlaceInput = "host" | "appName" | "interface";

/**
 * What a change of each input means. An input is compared because it has words here, so nothing is applied that a preview does not
 * speak of. Inputs whose changes mean one thing share one function; it is asked once.
 */
export type Effects<I extends PlacedInputs = PlacedInputs, O extends PlacedOutputs = PlacedOutputs> = Readonly<
    Record<PlaceInput, Effect<I, O>> & Record<string, Effect<I, O>>
>;

/** What the sentences of a resource are made of. */
export interface Wording<I extends PlacedInputs = PlacedInputs, O extends PlacedOutputs = PlacedOutputs> {
    /** Said when the resource is created. */
    created(change: Change<I, O>): string[];
    effects: Effects<I, O>;
    /** Said at the end: what else an apply does, who is not affected, or what it means when there is nothing else to say. */
    closing(change: Change<I, O>, sentences: readonly string[]): string[];
}

/** Every effect of a change, whatever else changes with it. */
export function sentencesOf<I extends PlacedInputs, O extends PlacedOutputs>(
    { created, effects, closing }: Wording<I, O>,
    change: Change<I, O>,
): string[] {
    if (change.before === undefined) return created(change);
    const sentences = [...new Set(Object.values(effects))].flatMap((effect) => effect(change));
    return [...sentences, ...closing(change, sentences)];
}

/** Inputs whose change is a change. */
export function comparedBy({ effects }: { effects: object }): string[] {
    return Object.keys(effects);
}

/** For an input whose effect another resource of the same relay tells. */
export const toldElsewhere: Effect = () => [];
