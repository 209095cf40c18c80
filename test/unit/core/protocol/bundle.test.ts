import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";

import { formatBundle, parseBundle } from "../../../../core/protocol/bundle.js";

/** Any text of whole lines; a carriage return is no line break of ours. */
const content = fc
    .array(fc.string({ unit: "binary" }).map((line) => line.replaceAll("\n", "")))
    .map((lines) => lines.map((line) => `${line}\n`).join(""));
const name = fc.stringMatching(/^[a-z][a-zA-Z0-9._-]{0,20}$/).filter((each) => !(each in {}));
const files = fc.dictionary(name, content, { noNullPrototype: true });

describe("a bundle", () => {
    it("looks like this", () => {
        expect(formatBundle({ manifest: "step\thost\n", empty: "", "wg.conf": "[Interface]\n\n@not a file\n" })).toBe(
            ["@manifest", " step\thost", "@empty", "@wg.conf", " [Interface]", " ", " @not a file", ""].join("\n"),
        );
    });

    it("comes back as it was", () => {
        fc.assert(
            fc.property(files, (each) => {
                expect(parseBundle(formatBundle(each))).toEqual(each);
            }),
        );
    });

    it("gives a last line its line break", () => {
        expect(parseBundle(formatBundle({ a: "no line break" }))).toEqual({ a: "no line break\n" });
    });

    it("may come after a login shell's greeting", () => {
        fc.assert(
            fc.property(files, fc.array(fc.string().filter((line) => !/^@|\n/.test(line))), (each, greeting) => {
                const text = greeting.map((line) => `${line}\n`).join("") + formatBundle(each);
                expect(parseBundle(text)).toEqual(each);
            }),
        );
    });

    it("joins what a name says in two places, and drops lines that are not indented", () => {
        expect(parseBundle("@a\n one\nstray\n@b\n two\n@a\n three\n")).toEqual({ a: "one\nthree\n", b: "two\n" });
    });

    it("is read alike by the relay's awk", () => {
        const [, unpack] =
            /awk -v dir="\$work" '([^']*)'/.exec(
                readFileSync(join(__dirname, "../../../../providers/relay/lib.sh"), "utf8"),
            ) ?? [];
        expect(unpack).toBeDefined();
        // No NUL: awk's strings may end there, and no text of ours has one.
        const text = fc.dictionary(
            name,
            fc.array(fc.string()).map((lines) => lines.map((line) => `${line}\n`).join("")),
            {
                noNullPrototype: true,
                minKeys: 1,
            },
        );
        fc.assert(
            fc.property(text, (each) => {
                const folder = mkdtempSync(join(tmpdir(), "qptunnel-bundle-"));
                try {
                    const { status } = spawnSync("awk", ["-v", `dir=${folder}`, unpack!], {
                        input: formatBundle(each),
                    });
                    expect(status).toBe(0);
                    const found = readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]);
                    expect(Object.fromEntries(found)).toEqual(each);
                } finally {
                    rmSync(folder, { recursive: true });
                }
            }),
            { numRuns: 25 },
        );
    });
});

it("refuses a file's name that would be another line", () => {
    expect(() => formatBundle({ "a\n@manifest": "" })).toThrow("a bundle: a file's name holds");
});
