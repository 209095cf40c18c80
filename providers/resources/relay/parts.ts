import type { PlacedInputs, PlacedOutputs } from "./placed.js";
import type { Facts } from "../../hosts/facts.js";
import type { Drift } from "../../../core/drift.js";
import type { Fault } from "../../../core/fault.js";
import type { Answers, Observing, Part } from "../../../core/protocol/steps.js";
import type { Wording } from "../effects.js";
import type { Found } from "../import/importing.js";
import type { Announcement } from "./announcement.js";
import type { ChangeKind, Properties, ResourceSchema } from "../resource.js";
import type { Change, Desired, Outcome, Running } from "./change.js";

/**
 * The five resources that live on a relay differ in what they say, send and read; how they are checked, compared,
 * recorded, applied, read and removed is the same and stands here.
 */
export interface RelayResourceParts<
    I extends PlacedInputs = PlacedInputs,
    O extends PlacedOutputs = PlacedOutputs,
    P extends Part = Part,
> extends Wording<I, O> {
    type: string;
    description: string;
    schema: ResourceSchema;
    /** The relay's program step; "<step>-delete" removes. */
    step: P;
    /** Inputs as they are read at the border; in a preview some are not known yet. */
    parse(inputs: Properties): I;
    /** Outputs as the state has them, also one that an older version wrote. */
    parseOutputs(outputs: Properties): O;
    /** Inputs as they count, before they are checked and compared. */
    complete?(inputs: Properties, olds: Properties | undefined): Properties;
    /** What the program gave unseen, as an Output or a secret, and is not fit: looked at before it is read. */
    unfit?(inputs: Properties): Fault[];
    check?(inputs: I, olds: Properties | undefined): Fault[];
    /** Leaves out what says the same twice, adds what the calendar asks for, throws to refuse. */
    adjust?(change: Change<I, O>, changes: Record<string, ChangeKind>): Record<string, ChangeKind>;
    /** What is said whether or not anything changes, as a warning: what the calendar brings, what is weaker than it could be. */
    warnings?(change: Change<I, O>): string[];
    /** Throws in a preview what can be known there of what an apply refuses. */
    foresee?(change: Change<I, O>): Promise<void>;
    begin(change: Change<I, O>): Announcement;
    /** What goes before anything else that can fail. */
    first?(change: Change<I, O>, running: Running): Promise<void>;
    /** Of what was taken away first, what is to be there all the same, as differences. */
    restored?(change: Change<I, O>): Drift[];
    /** Refuses what the machine's facts forbid, before anything is changed. */
    guard?(change: Change<I, O>, facts: Facts): void;
    desired(change: Change<I, O>): Promise<Desired>;
    /** Outputs as read back, and in what the wire does not say what was asked. */
    outputs(change: Change<I, O>, answer: Answers<P>, keep: Properties): Outcome<O> | Promise<Outcome<O>>;
    /** What is known before the apply. */
    previewOutputs(change: Change<I, O>): Properties;
    outcomes(change: Change<I, O>, outputs: O, answer: Answers<P>): Announcement[];
    /** Differences between the wire and the state. */
    drift(inputs: I, outputs: O, answer: Answers<Observing>): Drift[];
    /** Outputs that a refresh brings up to date. */
    observed?(inputs: I, outputs: O, answer: Answers<"read">): Properties;
    /** What a removal is about to do, first of all; with the relay's answer, what it did. */
    ending(inputs: I, outputs: O, answer?: Answers<`${P}-delete`>): Announcement[];
    /** Inputs and outputs of a relay that is on a machine and in no state. Absent: it is not imported, but made again. */
    imported?(found: Found, answer: Answers<"read">): Promise<{ inputs: Properties; outputs: Properties }>;
}
