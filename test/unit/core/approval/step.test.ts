import fc from "fast-check";

import {
    describeStep,
    type PlannedStep,
    stableText,
    stepName,
    stepText,
    type ValuePath,
} from "../../../../core/approval/step.js";
import { STEP, URN } from "./statements.js";

const withInputs = (inputs: Record<string, unknown>): PlannedStep => ({ ...STEP, inputs });

it("has one text for one value, whatever the order of its members", () => {
    fc.assert(
        fc.property(fc.jsonValue(), (value) => {
            const shuffled: unknown = JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
                typeof each === "object" && each !== null && !Array.isArray(each)
                    ? Object.fromEntries(Object.entries(each).reverse())
                    : each,
            );
            expect(stableText(shuffled)).toBe(stableText(value));
            expect(JSON.parse(stableText(value))).toEqual(JSON.parse(JSON.stringify(value)));
        }),
    );
});

it("leaves out what is undefined", () => {
    expect(stableText({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}');
});

it("differs with every value that is shown, and with none that is hidden", () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean());
    const inputs = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), leaf, { minKeys: 1 }), { minKeys: 1 });
    fc.assert(
        fc.property(inputs, leaf, fc.nat(), (given, other, at) => {
            fc.pre(!Object.keys(given).some((key) => ["moved", "reached", "records"].includes(key)));
            const paths = Object.entries(given).flatMap(([key, members]) => Object.keys(members).map((name): ValuePath => [key, name]));
            const path = paths[at % paths.length]!;
            const [key, name] = path as [string, string];
            fc.pre(given[key]![name] !== other);
            const changed = { ...given, [key]: { ...given[key], [name]: other } };
            expect(stepText(withInputs(changed), [])).not.toBe(stepText(withInputs(given), []));
            expect(stepText(withInputs(changed), [path])).toBe(stepText(withInputs(given), [path]));
            expect(stepText(withInputs(given), [path])).not.toBe(stepText(withInputs(given), []));
        }),
    );
}); // prettier-ignore

it("hides entries of lists, and what turned out to be nothing", () => {
    const listed = (second: unknown): string => stepText(withInputs({ list: [1, { key: second }] }), [["list", 1, "key"]]);
    expect(listed("a")).toBe(listed({ b: 1 }));
    const given = (inputs: Record<string, unknown>): string => stepText(withInputs(inputs), [["host", "address"]]);
    expect(given({ host: { kind: "ssh" } })).toBe(given({ host: { kind: "ssh", address: "192.0.2.1" } }));
    expect(given({ host: "none" })).not.toBe(given({ host: { address: "192.0.2.1" } }));
}); // prettier-ignore

it("does not compare what no preview knows", () => {
    const text = stepText(withInputs({ relay: "hub" }), []);
    expect(stepText(withInputs({ relay: "hub", moved: 1, reached: 2, records: 3 }), [])).toBe(text);
});

it("differs with the record and the differences that the state has", () => {
    const text = stepText(STEP, []);
    const after = (outputs: object): string => stepText({ ...STEP, outputs: { ...STEP.outputs, ...outputs } }, []);
    expect(after({ record: { hash: "c".repeat(64) } })).not.toBe(text);
    expect(after({ drift: { table: "was changed" } })).not.toBe(text);
    expect(after({ elements: 7 })).toBe(text);
    expect(stepText({ urn: URN, operation: "delete" }, [])).not.toBe(stepText({ urn: URN, operation: "create" }, []));
});

it("names a step for records and for people", () => {
    expect(stepName(STEP)).toBe(`update ${URN}`);
    expect(describeStep(STEP)).toBe("the update of Grants hub-grants");
    expect(describeStep({ ...STEP, operation: "delete" })).toBe("the removal of Grants hub-grants");
});
