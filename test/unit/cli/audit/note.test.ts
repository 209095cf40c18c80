import { readFileSync } from "node:fs";

import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { forgetSeeds, proofFiles } from "./proofFiles.js";
import { story } from "../story.js";

const scratch = scratchFolder();
const log = story();
let file: string;
let note: string;
beforeEach(() => ({ file, note } = proofFiles(scratch, log)));
afterEach(forgetSeeds);

test("audit note prints the note of what pins the log, or signs one now, and writes it for git", async () => {
    expect(await run("audit", "note", file, "--checkpoint", note)).toEqual({
        code: 0,
        stdout: log.checkpoint.note,
        stderr: "",
    });
    expect((await run("audit", "note", file)).stderr).toContain("there is no signed checkpoint of it");
    const written = `${scratch.path}/audit.note`;
    const signed = await run("audit", "note", file, "--signing-key", "env:SEED", "-o", written, "--json");
    const { size, root } = log.checkpoint;
    expect(JSON.parse(signed.stdout)).toEqual({ size, root, note: log.checkpoint.note });
    expect(readFileSync(written, "utf8")).toBe(log.checkpoint.note);
});
