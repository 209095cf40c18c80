import { type PlacedInputs, type PlacedOutputs, readOutputs, readPlaced } from "../relay/placed.js";
import type { Properties, Unknown } from "../resource.js";
import { fields, known, listOf, mapOf, number, optional, previewed, read, type Shape, text } from "../shape.js";
import { parseTerms, type RuleTerms } from "../../../core/access/terms.js";

/** Allowed flows by who opens them. */
export type Rules = Record<string, string[]>;

interface OwnInputs {
    rules?: Rules | Unknown;
    /** On what conditions, as `renderTerms` has it. Absent: on none. */
    terms?: string | Unknown;
    /** From how many hours before a rule ends a preview warns of it. */
    warnHours?: number;
}

export type GrantsInputs = PlacedInputs & OwnInputs;

export interface GrantsOwnOutputs {
    /** Set elements in the kernel. */
    elements?: number;
    /** Until when the relay knows when windows open. Absent: there are none. */
    calendar?: string;
}

export type GrantsOutputs = PlacedOutputs & GrantsOwnOutputs;

const inputsShape: Shape<OwnInputs> = fields<OwnInputs>({
    rules: optional(previewed(mapOf(listOf(text)))),
    terms: optional(previewed(text)),
    warnHours: optional(number),
});
const outputsShape: Shape<GrantsOwnOutputs> = fields<GrantsOwnOutputs>({
    elements: optional(number),
    calendar: optional(text),
});

export function readGrants(inputs: Properties): GrantsInputs {
    return read(inputsShape, readPlaced(inputs));
}

/** Allowed flows by who opens them, as far as they are known. */
export function rulesOf(inputs: GrantsInputs | undefined): Rules {
    return known(inputs?.rules) ?? {};
}

/** Their terms. */
export function termsOf(inputs: GrantsInputs | undefined): RuleTerms {
    return parseTerms(known(inputs?.terms));
}

export function readGrantsOutputs(outputs: Properties): GrantsOutputs {
    return read(outputsShape, readOutputs(outputs));
}
