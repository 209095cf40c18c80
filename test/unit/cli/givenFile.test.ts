import { readGivenFile } from "../../../cli/givenFile.js";
import { scratchFolder } from "./scratch.js";

const scratch = scratchFolder();

it("reads a file that is there", () => {
    expect(readGivenFile(scratch.write("plan.json", "{}\n"), "write it")).toBe("{}\n");
});

it("names one that is not, and says what to do", () => {
    expect(() => readGivenFile("/nowhere/plan.json", "write it")).toThrow(
        "/nowhere/plan.json: there is no such file; write it",
    );
    expect(() => readGivenFile("/nowhere/state.json", "export it", "--state /nowhere/state.json")).toThrow(
        "--state /nowhere/state.json: there is no such file; export it",
    );
});
