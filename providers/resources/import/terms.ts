import type { Change } from "../relay/change.js";
import type { PlacedInputs } from "../relay/placed.js";
import type { Unknown } from "../resource.js";
import { anything, fields, flag, optional, type Shape, text } from "../shape.js";

/** What else is told to a resource that may take an interface over. */
export interface AdoptionTerms {
    /** Whether the program says the MTU. */
    isMtuGiven: boolean;
    /** Families in which its grants allow traffic through the relay; unknown in a preview if the grants are unknown. */
    forwards: unknown;
    /** The differences that the program accepts. */
    accepts?: string;
}

export const termsShape: Shape<AdoptionTerms> = fields<AdoptionTerms>({
    isMtuGiven: flag,
    forwards: anything,
    accepts: optional(text),
});

/** Of a resource that may take an interface over: whose it then is, and on which terms. */
export interface Adopting {
    adopts?: string | Unknown;
    adoption?: AdoptionTerms;
}

export type AdoptingChange = Change<PlacedInputs & Adopting>;
