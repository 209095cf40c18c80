import type { Facts } from "../../hosts/facts.js";
import type { Answers, Part } from "../../../core/protocol/steps.js";
import type { Wording } from "../effects.js";
import type { Found } from "../import/importing.js";
import type { Announcement } from "./announcement.js";
import type { ChangeKind, CheckFailure, Properties, ResourceSchema } from "../resource.js";
import { type Change, type Desired, type Outcome, type Running } from "./change.js";

/**
 * The five resources that live on a relay differ in what they say, send and read; how they are checked, compared,
 * recorded, applied, read and removed is the same and stands here.
 */
export interface RelayResourceParts extends Wording {
    type: string;
    description: string;
    schema: ResourceSchema;
    /** The relay's program step; "<step>-delete" removes. */
    step: Part;
    /** Inputs as they count, before they are checked and compared. */
    complete?(inputs: Properties, olds: Properties | undefined): Properties;
    check?(inputs: Properties, olds: Properties | undefined): CheckFailure[];
    /** Leaves out what says the same twice, adds what the calendar asks for, throws to refuse. */
    adjust?(change: Change, changes: Record<string, ChangeKind>): Record<string, ChangeKind>;
    /** What is said whether or not anything changes, as a warning: what the calendar brings, what is weaker than it could be. */
    warnings?(change: Change): string[];
    /** Throws in a preview what can be known there of what an apply refuses. */
    foresee?(change: Change): Promise<void>;
    begin(change: Change): Announcement;
    /** What goes before anything else that can fail. */
    first?(change: Change, running: Running): Promise<void>;
    /** Of what was taken away first, what is to be there all the same, by name with a sentence. */
    restored?(change: Change): Record<string, string>;
    /** Refuses what the machine's facts forbid, before anything is changed. */
    guard?(change: Change, facts: Facts): void;
    desired(change: Change): Promise<Desired>;
    /** Outputs as read back, and in what the wire does not say what was asked. */
    outputs(change: Change, answer: Answers, keep: Properties): Outcome | Promise<Outcome>;
    /** What is known before the apply. */
    previewOutputs(change: Change): Properties;
    outcomes(change: Change, outputs: Properties, answer: Answers): Announcement[];
    /** Differences between the wire and the state, by name, each with a sentence. */
    drift(inputs: Properties, outputs: Properties, answer: Answers): Record<string, string>;
    /** Outputs that a refresh brings up to date. */
    observed?(inputs: Properties, outputs: Properties, answer: Answers): Properties;
    /** What a removal is about to do, first of all; with the relay's answer, what it did. */
    ending(inputs: Properties, outputs: Properties, answer?: Answers): Announcement[];
    /** Inputs and outputs of a relay that is on a machine and in no state. Absent: it is not imported, but made again. */
    imported?(found: Found, answer: Answers): Promise<{ inputs: Properties; outputs: Properties }>;
}
