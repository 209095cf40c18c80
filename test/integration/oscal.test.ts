/**
 * Our OSCAL document before a reader that knows nothing of us: compliance-trestle, whose classes are generated from NIST's JSON schema and
 * take no member that the schema does not have. Installed once, into the tools' cache.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { installPythonPackage } from "../lab/pythonPackage.js";

// Installing takes its time, once.
jest.setTimeout(300_000);

const VERSION = "5.2.0";
const COMMITTED = resolve(__dirname, "../../docs/compliance/component-definition.json");
const READ = `
import pathlib, sys
from trestle.oscal.component import ComponentDefinition
read = ComponentDefinition.oscal_read(pathlib.Path(sys.argv[1]))
assert read is not None
[component] = read.components
print(len(component.control_implementations), sum(len(each.implemented_requirements) for each in component.control_implementations))
`;

const folder = mkdtempSync(join(tmpdir(), "qptunnel-oscal-"));
let python: string;

beforeAll(() => {
    python = join(
        installPythonPackage("compliance-trestle", VERSION, "trestle", "the document was not read independently"),
        "python",
    );
});
afterAll(() => rmSync(folder, { recursive: true }));

const text = readFileSync(COMMITTED, "utf8");

test("the component definition is read, with every standard and control", () => {
    const controls = text.match(/"control-id":/g)!.length;
    expect(read(COMMITTED)).toMatchObject({ status: 0, stdout: `6 ${controls}\n` });
});

test.each([
    ["without an identifier", text.replace(/"uuid": "[^"]+",/, "")],
    ["with a member that OSCAL does not have", text.replace('"oscal-version"', '"author": "x", "oscal-version"')],
    ["with a control that is not a token", text.replace(/"control-id": "[^"]+"/, '"control-id": "1 2"')],
])("one %s is refused", (_, changed) => {
    const file = join(folder, "changed.json");
    writeFileSync(file, changed);
    expect(read(file).status).not.toBe(0);
});

function read(file: string): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(python, ["-c", READ, file], { encoding: "utf8" });
}
