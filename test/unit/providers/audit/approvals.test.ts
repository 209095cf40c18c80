import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { approvalName, approvalsFolder, readApprovals } from "../../../../providers/audit/approvals.js";
import { statementOf, textOf } from "../../core/approval/statements.js";
import { scratchProject } from "./scratch.js";

const scratch = scratchProject();

it("reads statements with their signatures, and leaves other files alone", () => {
    const { text, digest } = textOf(statementOf());
    const folder = approvalsFolder("shop");
    expect(folder).toBe(join(process.cwd(), "approvals"));
    expect(readApprovals(folder)).toEqual([]);
    mkdirSync(folder);
    const name = approvalName(digest);
    const files = { [name]: text, [`${name}.sig`]: "one", [`${name}.alice.sig`]: "two", "b.json": "{}", "README.md": "x", "b.json.sig": "y" };
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
    expect(readApprovals(folder)).toEqual([
        { name, text, digest, statement: statementOf(), signatures: ["two", "one"] },
    ]);
}); // prettier-ignore

it("are where the program says, from the project's folder", () => {
    expect(approvalsFolder("shop", "review/signed")).toBe(join(process.cwd(), "review/signed"));
    expect(scratch.folder).not.toBe("");
});
