import { readControls } from "../../../../core/compliance/index.js";
import { CLAIMS, EXAMPLE, FILES } from "./example.js";

it("resolves each reference to its claim", () => {
    expect(EXAMPLE.claims.map(({ id, topic }) => [id, topic])).toEqual([
        ["own-key", "Keys"],
        ["stack-intact", "Stack"],
    ]);
    const [soc] = EXAMPLE.frameworks;
    expect(soc?.sections[0].controls.map(({ id, claims }) => [id, claims.map((claim) => claim.id)])).toEqual([
        ["CC6.1", ["own-key", "stack-intact"]],
        [undefined, ["own-key"]],
    ]);
    expect(EXAMPLE.claims[0]?.checks).toEqual([
        { kind: "test", file: "test/unit/keys.test.ts", title: "keys > are *different*" },
        { kind: "test", file: "test/unit/keys.test.ts", title: "keys > of %s are refused" },
    ]);
});

const claims = (from: string | RegExp, to: string) => ({ "claims.yaml": CLAIMS.replace(from, to) });
const soc2 = (from: string, to: string) => ({ "soc2.yaml": FILES["soc2.yaml"]!.replace(from, to) });

it.each<[what: string, files: Record<string, string | undefined>, fault: string]>([
    ["a claim without a check", claims(/checks:\n.*\n.*titles: \[verifies\]\n.*\n.*\n/, "checks: []\n"), "claims.yaml: topics.1.claims.0.checks: must have a check;"],
    ["a claim that names no checks", claims(/ +checks:\n.*\n.*refused"\]\n/, ""), "claims.yaml: topics.0.claims.0.checks: Invalid input: expected array"],
    ["a test without a title", claims('["keys > are *different*", "keys > of %s are refused"]', "[]"), "checks.0.titles: Too small"],
    ["a test elsewhere", claims("test/unit/keys.test.ts", "keys.test.ts"), "claims.0.checks.0.test: must be a test file of this repository;"],
    ["another command", claims("qp-tunnel audit verify {log} --state {state}", "rm -rf {log}"), "checks.1.command: must be a qp-tunnel command"],
    ["a shell's words", claims("{state}\n", "{state}; reboot\n"), "checks.1.command: must be a qp-tunnel command"],
    ["a claim that leaves nothing open", claims("        notCovered: the device\n", ""), "claims.0.notCovered: Invalid input: expected string"],
    ["a claim that is defined twice", claims("id: stack-intact", "id: own-key"), "claims.yaml: own-key: is defined twice;"],
    ["a claim that nothing refers to", claims("  - title: Stack\n    claims:\n", "  - title: Stack\n    claims:\n      - {id: lone, claim: Is alone., checks: [{command: qp-tunnel status, shows: nothing}], notCovered: all of it}\n"), "claims.yaml: lone: is a claim that no standard refers to; refer to it, or remove it"],
    ["a reference to no claim", soc2("[own-key, stack-intact]", "[own-key, lost]"), "soc2.yaml: CC6.1: refers to lost, which is not a claim;"],
    ["a reference made twice", soc2("[own-key, stack-intact]", "[own-key, own-key]"), "soc2.yaml: CC6.1: refers to own-key twice;"],
    ["a control without a claim", soc2("[own-key, stack-intact]", "[]"), "controls.0.claims: must name a claim;"],
    ["a control that is listed twice", soc2("- title: Further", "- id: CC6.1\n        title: Further"), "soc2.yaml: CC6.1: is listed twice;"],
    ["a word too many", soc2("outOfScope", "sentence: It is secure.\noutOfScope"), 'soc2.yaml: : Unrecognized key: "sentence"'],
    ["a standard that is missing", { "cmmc.yaml": undefined }, "cmmc.yaml: is missing; restore controls/cmmc.yaml"],
    ["a file too many", { "nist.yaml": "x" }, "nist.yaml: is not a file of a known standard;"],
    ["text that is not YAML", { "soc2.yaml": "title: [" }, "soc2.yaml: Flow sequence"],
])("refuses %s", (_, files, fault) => {
    const all = Object.entries({ ...FILES, ...files }).filter((entry): entry is [string, string] => entry[1] !== undefined);
    expect(() => readControls(Object.fromEntries(all))).toThrow(fault);
}); // prettier-ignore
