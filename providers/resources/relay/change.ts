import type { PlacedInputs, PlacedOutputs } from "./placed.js";
import type { Operation } from "../../audit/log.js";
import type { Target } from "../../hosts/host.js";
import type { Facts } from "../../hosts/facts.js";
import type { Manifest, Part, Requests, Step } from "../../../core/protocol/steps.js";
import type { Announcement } from "./announcement.js";
import type { RemovedFirst } from "./removedFirst.js";
import type { Context, Properties } from "../resource.js";

/** A change as the parts of a resource see it. `before` is absent when it is created. */
export interface Change<I extends PlacedInputs = PlacedInputs, O extends PlacedOutputs = PlacedOutputs> {
    before?: { inputs: I; outputs: O };
    inputs: I;
    context: Context;
    /** What the machine said before anything of it was changed. Only in an apply. */
    facts?: Facts;
    /** What updates that did not come to their end took away since this resource was applied last. */
    removed?: RemovedFirst;
}

/** An apply that has begun. */
export interface Running {
    operation: Operation;
    facts: Facts | undefined;
    target: Target;
}

/** What a step sends to the relay. */
export interface Desired<S extends Step = Part> {
    values?: Manifest<S>;
    files?: Requests<S>;
    /** Handed on to `outputs`, for what is decided while rendering (certificates). Never secret. */
    keep?: Properties;
}

export interface Outcome<O extends PlacedOutputs = PlacedOutputs> {
    outputs: O;
    problems: string[];
    /** What the apply found on the wire and overwrote, though no refresh had reported it; a sentence each. */
    foreign?: string[];
    /** What else happened, recorded before the outcomes. */
    records?: Announcement[];
}
