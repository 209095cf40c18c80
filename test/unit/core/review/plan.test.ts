import { parsePlan } from "../../../../core/review/plan.js";
import { digest, EVERYTHING, stepsOf, BEFORE, urnOf } from "./plans.js";

it("reads resources and messages of this library, and what warns or fails besides", () => {
    const { resources, messages } = parsePlan(EVERYTHING, "plan.json");
    expect(resources.map(({ kind, parent, before, after }) => [kind, parent, before !== undefined, after !== undefined])).toEqual(
        ["WireGuard", "Proxy", "Grants"].map((kind) => [kind, "Relay", true, true]),
    ); // prettier-ignore
    expect(messages.map(({ kind, severity }) => `${kind} ${severity}`)).toEqual([
        "AuditCheckpoint info",
        ...["WireGuard info", "WireGuard info", "WireGuard info", "Grants info"],
        ...["WireGuard warning", "WireGuard warning"],
    ]);
    const failed = digest([], [{ severity: "error", message: "no such stack" }]);
    expect(parsePlan(failed, "plan.json").messages).toEqual([{ severity: "error", text: "no such stack" }]);
});

it("takes the steps of a replacement as one change", () => {
    const state = (address: string): object => ({ inputs: { relay: "hub", address } });
    const step = (op: string, oldState?: object, newState?: object): object => ({
        op,
        urn: urnOf("WireGuard"),
        oldState,
        newState,
    });
    const { resources } = parsePlan(
        digest([
            step("create-replacement", state("10.8.0.1"), state("10.9.0.1")),
            step("replace", state("10.8.0.1"), state("10.9.0.1")),
            step("delete-replaced", state("10.8.0.1")),
        ]),
        "plan.json",
    ); // prettier-ignore
    expect(resources).toHaveLength(1);
    expect([resources[0]?.before?.inputs["address"], resources[0]?.after?.inputs["address"]]).toEqual([
        "10.8.0.1",
        "10.9.0.1",
    ]);
});

it("knows what is deleted and what is created", () => {
    const [gone] = parsePlan(digest(stepsOf(BEFORE, undefined)), "plan.json").resources;
    expect([gone?.before !== undefined, gone?.after]).toEqual([true, undefined]);
    const [come] = parsePlan(digest(stepsOf(undefined, BEFORE)), "plan.json").resources;
    expect([come?.before, come?.after !== undefined]).toEqual([undefined, true]);
});

it("knows whether it has what does not change", () => {
    const said = (changeSummary: object): boolean =>
        parsePlan(JSON.stringify({ ...(JSON.parse(EVERYTHING) as object), changeSummary }), "plan.json").complete;
    // The step of the stack is one that does not change.
    expect([said({ update: 3 }), said({ same: 1 }), said({ same: 2 })]).toEqual([true, true, false]);
});

it.each([
    ["", "it is not JSON"],
    ["{", "it is not JSON"],
    ["[]", "it is not a preview of Pulumi"],
    ["null", "it is not a preview of Pulumi"],
    ["{}", "it is not a preview of Pulumi"],
    ['{"version":3,"deployment":{"resources":[]}}', "it is not a preview of Pulumi"],
    ['{"steps":[{"op":"same","urn":"other"}]}', "it is not a preview of Pulumi"],
    ['{"steps":{"a":1}}', "it is not a preview of Pulumi"],
    ['{"resourcePlans":{}}', "it is a saved plan, which has the differences alone"],
    ['{"format_version":"1.2","resource_changes":[]}', "it is not a preview of Pulumi"],
])("refuses %s in one sentence", (text, problem) => {
    expect(() => parsePlan(text, "plan.json")).toThrow(
        `plan.json: ${problem}; write it with pulumi preview --json --show-sames > plan.json`,
    );
});
