import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Pulumi project in a temporary folder that is the working directory, and a configuration directory, during each test. */
export function scratchProject(): { readonly folder: string; readonly config: string } {
    const scratch = { folder: "", config: "" };
    const before = { folder: "", env: process.env };
    beforeEach(() => {
        before.folder = process.cwd();
        before.env = process.env;
        scratch.folder = mkdtempSync(join(tmpdir(), "qptunnel-audit-"));
        scratch.config = join(scratch.folder, "config");
        writeFileSync(join(scratch.folder, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
        process.chdir(scratch.folder);
        // Not what runs the tests: a pipeline's variables would show in the records.
        process.env = {
            PATH: before.env["PATH"],
            HOME: scratch.folder,
            XDG_CONFIG_HOME: scratch.config,
            SUDO_USER: "alice",
        };
    });
    afterEach(() => {
        process.chdir(before.folder);
        process.env = before.env;
        rmSync(scratch.folder, { recursive: true });
    });
    return scratch;
}
