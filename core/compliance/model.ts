/**
 * What the project claims about controls of standards, and what checks each claim. The types make an unchecked claim impossible:
 * what is rendered is a `Claim`, and a `Claim` has at least one check.
 */

/** A jest test of this repository, by its file and its titles from the outermost `describe` inwards. */
export interface TestCheck {
    kind: "test";
    /** Relative to the repository: test/unit/core/keys/index.test.ts */
    file: string;
    /** "outer describe > inner describe > test", as in the source; `%s`, `$name` and `${name}` stand for any text. */
    title: string;
}

/** A qp-tunnel command on a stack of the reader's: status 0 means that the claim holds there. */
export interface CommandCheck {
    kind: "command";
    /** With {stack}, {log} and {state} in place of the reader's own. */
    command: string;
    /** What status 0 means. */
    shows: string;
}

export type Check = TestCheck | CommandCheck;

/** A list that has a first element. */
export type AtLeastOne<T> = [T, ...T[]];

/** One sentence about what this library does, with what checks it and what it leaves open. */
export interface Claim {
    id: string;
    /** Heading under which the page of claims has it. */
    topic: string;
    sentence: string;
    checks: AtLeastOne<Check>;
    /** What shows the same on a running relay, in Markdown, for a person to look at; it decides nothing. */
    evidence: string[];
    notCovered: string;
}

/** A control of a standard, or a row that belongs to no control. */
export interface Control {
    /** As the standard writes it: CC6.1, AC-17(2). Absent for a row of ours. */
    id?: string;
    title: string;
    claims: AtLeastOne<Claim>;
}

export interface Section {
    title: string;
    controls: AtLeastOne<Control>;
}

/** A standard, as far as this library is concerned. */
export interface Framework {
    /** Name of its page and prefix of its identifiers: soc2. */
    id: string;
    title: string;
    /** The edition whose identifiers are used. */
    edition: string;
    /** Where the standard, or its OSCAL catalog, is published. */
    source: string;
    /** What the standard asks and what stays with the reader. Makes no claim about the library. */
    introduction: string;
    sections: AtLeastOne<Section>;
    /** Controls that the library has no part in. */
    outOfScope: { what: string; reason: string }[];
}

/** All of controls/. */
export interface Controls {
    claims: Claim[];
    frameworks: Framework[];
}

/** What is known of one check: `not checked` is never as good as `met`. */
export interface Result {
    state: State;
    /** Why it is not met, in one line. */
    detail?: string;
}

export type State = "met" | "failing" | "not checked";

/** Result of each check, by `checkId`. A check that is missing was not checked. */
export type Results = ReadonlyMap<string, Result>;

/** Every control of a framework. */
export function controlsOf({ sections }: Framework): Control[] {
    return sections.flatMap(({ controls }) => controls);
}
