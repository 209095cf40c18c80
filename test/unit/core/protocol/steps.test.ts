import {
    BOOT_MODES,
    CLAIM_VALUES,
    ENDS,
    PLAN_VALUES,
    RELAY_VALUES,
    SCRIPT_VALUES,
    STEPS,
    type Answers,
    type Manifest,
    type Requests,
    type Step,
} from "../../../../core/protocol/steps.js";
import {
    bootModes,
    everyStep,
    madeInProgram,
    scriptText,
    stepsInProgram,
    valuesInProgram,
} from "../../providers/relay/interface.js";

const NAMES = Object.keys(STEPS) as Step[];
const program = stepsInProgram();
const textOf = (step: Step): ReturnType<typeof everyStep> => program.get(step.replaceAll("-", "_"))!;

/** Whether one of two names is the other, or both can be: each may have `*` in it. */
function fits(one: string, other: string): boolean {
    const matches = (pattern: string, name: string): boolean =>
        new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".+")}$`).test(name);
    return matches(one, other) || matches(other, one);
}

/** Of some names those that no other fits. */
function without(names: Iterable<string>, others: Iterable<string>): string[] {
    const known = [...others];
    return [...names].filter((name) => !known.some((other) => fits(name, other))).sort();
}

const COMMON = [...RELAY_VALUES, ...CLAIM_VALUES, ...PLAN_VALUES, "step"];

describe("the steps of the relay's program", () => {
    it("are those that the library knows, and no others", () => {
        expect([...program.keys()].sort()).toEqual(NAMES.map((name) => name.replaceAll("-", "_")).sort());
    });

    it.each(NAMES)("%s reads the values that it is declared to be given", (step) => {
        const { values } = textOf(step);
        expect(without(values, [...COMMON, ...STEPS[step].values])).toEqual([]);
        expect(without(STEPS[step].values, values)).toEqual([]);
    });

    it.each(NAMES)("%s answers what it is declared to answer", (step) => {
        const { answers } = textOf(step);
        const said = [...answers].filter((name) => !(ENDS as readonly string[]).includes(name));
        expect(without(said, STEPS[step].answers)).toEqual([]);
        expect(without(STEPS[step].answers, said)).toEqual([]);
    });

    it.each(NAMES)("%s reads the files that it is declared to be given, or such as the program makes", (step) => {
        const { files } = textOf(step);
        const made = madeInProgram();
        expect(without(files, [...STEPS[step].requests, ...made])).toEqual([]);
        // Every step that applies is given the program for boots, whether it puts it there or not.
        expect(without(STEPS[step].requests, [...files, "program"])).toEqual([]);
    });

    it("are told where the relay is, on what they were planned, and end in one of four ways", () => {
        const { values, answers } = everyStep();
        expect(without(values, COMMON)).toEqual([]);
        expect(without(CLAIM_VALUES, values)).toEqual([]);
        expect([...answers].sort()).toEqual(ENDS.filter((end) => end !== "done").sort());
    });

    it("and what starts it otherwise read no other value", () => {
        const declared = [...COMMON, ...SCRIPT_VALUES, ...NAMES.flatMap((step): string[] => [...STEPS[step].values])];
        expect(without(valuesInProgram(), declared)).toEqual([]);
        expect(without(declared, valuesInProgram())).toEqual([]);
        expect(without(SCRIPT_VALUES, scriptText().values)).toEqual([]);
    });

    it("are not the modes that it is started with on its machine", () => {
        expect(bootModes().sort()).toEqual([...BOOT_MODES].sort());
    });
});

describe("the extractor", () => {
    it("finds what a step reads and answers through the functions that it calls", () => {
        const { values, files, answers } = textOf("wireguard");
        expect([...values]).toEqual(expect.arrayContaining(["overlap", "table", "auditMark"]));
        expect([...files]).toEqual(expect.arrayContaining(["peers", "key.*", "formers"]));
        expect([...answers]).toEqual(expect.arrayContaining(["dump.*", "proof", "generation"]));
        expect([...answers]).not.toContain("listeners");
    });
});

it("a step, value, file or answer that is not there does not compile", () => {
    const values: Manifest<"mirror"> = { do: "read", offset: 0 };
    const files: Requests<"wireguard"> = { "key.wg0": "k\n", peers: "" };
    const answer: Answers<"status"> = { "dump.wg0": "", nft: "{}" };
    // @ts-expect-error: no step
    const step: Step = "wiregaurd";
    // @ts-expect-error: a value of another step
    const wrongValue: Manifest<"mirror"> = { what: "host" };
    // @ts-expect-error: misspelt
    const wrongFile: Requests<"wireguard"> = { "keys.wg0": "" };
    // @ts-expect-error: the answer of another step
    const wrongAnswer = answer.swept;
    expect([values, files, step, wrongValue, wrongFile, wrongAnswer]).toHaveLength(6);
});
