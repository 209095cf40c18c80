import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary folder for each test. */
export function scratchFolder(): { readonly path: string; write(name: string, content: string | Buffer): string } {
    const scratch = {
        path: "",
        write(name: string, content: string | Buffer): string {
            writeFileSync(join(scratch.path, name), content);
            return join(scratch.path, name);
        },
    };
    beforeEach(() => (scratch.path = mkdtempSync(join(tmpdir(), "qptunnel-cli-"))));
    afterEach(() => rmSync(scratch.path, { recursive: true }));
    return scratch;
}
