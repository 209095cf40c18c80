import { type AdoptionTerms, termsShape } from "../import/terms.js";
import { type PlacedInputs, type PlacedOutputs, readOutputs, readPlaced } from "../relay/placed.js";
import type { Properties, Unknown } from "../resource.js";
import { fields, flag, listOf, mapOf, optional, previewed, read, type Shape, text } from "../shape.js";

interface OwnInputs {
    subnet: string;
    subnet6?: string;
    /** The relay's own. */
    address: string | Unknown;
    address6?: string | Unknown;
    /** Every interface of this relay. */
    interfaces?: string[];
    /** Networks behind the relay. */
    routes: string[] | Unknown;
    /** There are sets for access that ends. Once there, they stay. */
    timed?: boolean;
    /** Public key of an interface that may be taken over. */
    adopts?: string | Unknown;
    adoption?: AdoptionTerms;
}

export type FirewallInputs = PlacedInputs & OwnInputs;

export interface FirewallOwnOutputs {
    /** Name of the table. */
    table?: string;
    /** Rules as the kernel lists them. */
    chains?: Record<string, string[]>;
    /** Definition of each set; absent in the state of an older version. */
    sets?: Record<string, string>;
}

export type FirewallOutputs = PlacedOutputs & FirewallOwnOutputs;

const inputsShape: Shape<OwnInputs> = fields<OwnInputs>({
    subnet: text,
    subnet6: optional(text),
    address: previewed(text),
    address6: optional(previewed(text)),
    interfaces: optional(listOf(text)),
    routes: previewed(listOf(text)),
    timed: optional(flag),
    adopts: optional(previewed(text)),
    adoption: optional(termsShape),
});

const outputsShape: Shape<FirewallOwnOutputs> = fields<FirewallOwnOutputs>({
    table: optional(text),
    chains: optional(mapOf(listOf(text))),
    sets: optional(mapOf(text)),
});

export function readFirewall(inputs: Properties): FirewallInputs {
    return read(inputsShape, readPlaced(inputs));
}

export function readFirewallOutputs(outputs: Properties): FirewallOutputs {
    return read(outputsShape, readOutputs(outputs));
}
