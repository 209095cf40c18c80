import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";

import { refuseOpenOutput, writePrivateFile } from "../../../cli/privateFile.js";
import { scratchFolder } from "./scratch.js";

const scratch = scratchFolder();
const file = (name = "secret"): string => join(scratch.path, name);

it("writes a new file, or over one that nobody else could read, for the owner only", () => {
    for (const content of ["first", Buffer.from("second")]) {
        writePrivateFile(file(), content, "--out");
        expect(readFileSync(file())).toEqual(Buffer.from(content));
        expect(statSync(file()).mode & 0o777).toBe(0o600);
    }
    expect(readdirSync(scratch.path)).toEqual(["secret"]);
});

it.each([0o640, 0o604, 0o644])("refuses a file of mode %o: who has it open would read on", (mode) => {
    writeFileSync(file(), "old");
    chmodSync(file(), mode);
    expect(() => writePrivateFile(file(), "new", "--out")).toThrow(/^--out .*secret: already exists/);
    expect(readFileSync(file(), "utf8")).toBe("old");
});

it("refuses what is no file, a link too", () => {
    mkdirSync(file("folder"));
    symlinkSync(file("elsewhere"), file("link"));
    for (const name of ["folder", "link"])
        expect(() => writePrivateFile(file(name), "new", "--out")).toThrow(`${name}: is not a regular file`);
    expect(readdirSync(scratch.path).sort()).toEqual(["folder", "link"]);
});

it("refuses standard output only where it is a file that others can read", () => {
    const goesTo = (path: string, mode: number) => () => {
        if (path === file()) {
            writeFileSync(path, "");
            chmodSync(path, mode);
        }
        const descriptor = openSync(path, "r");
        try {
            refuseOpenOutput(descriptor, "--out");
        } finally {
            closeSync(descriptor);
        }
    };
    expect(goesTo(file(), 0o644)).toThrow("standard output: goes to a file that other users can read");
    expect(goesTo(file(), 0o600)).not.toThrow();
    expect(goesTo("/dev/null", 0)).not.toThrow();
});
