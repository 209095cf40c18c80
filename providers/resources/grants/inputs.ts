import { type PlacedInputs, type PlacedOutputs, readOutputs, readPlaced } from "../relay/placed.js";
import type { Properties, Unknown } from "../resource.js";
import { fields, listOf, mapOf, number, optional, previewed, read, type Shape, text } from "../shape.js";

/** Allowed flows by who opens them. */
export type Rules = Record<string, string[]>;

interface OwnInputs {
    rules?: Rules | Unknown;
}

export type GrantsInputs = PlacedInputs & OwnInputs;

export interface GrantsOwnOutputs {
    /** Set elements in the kernel. */
    elements?: number;
}

export type GrantsOutputs = PlacedOutputs & GrantsOwnOutputs;

const inputsShape: Shape<OwnInputs> = fields<OwnInputs>({ rules: optional(previewed(mapOf(listOf(text)))) });
const outputsShape: Shape<GrantsOwnOutputs> = fields<GrantsOwnOutputs>({ elements: optional(number) });

export function readGrants(inputs: Properties): GrantsInputs {
    return read(inputsShape, readPlaced(inputs));
}

export function readGrantsOutputs(outputs: Properties): GrantsOutputs {
    return read(outputsShape, readOutputs(outputs));
}
