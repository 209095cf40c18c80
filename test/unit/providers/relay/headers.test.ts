import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { CLAIM_VALUES, PLAN_VALUES, RELAY_VALUES, SCRIPT_VALUES, STEPS } from "../../../../core/protocol/steps.js";

const root = join(__dirname, "../../../..");
const folder = join(root, "providers/relay");
const files = readdirSync(folder).filter((name) => name.endsWith(".sh"));

interface Header {
    gives: string[];
    values: string[];
    tables: string[];
    code: string;
}

/** What a part of the relay's program says of itself, and the rest of it. */
function headerOf(file: string): Header {
    const lines = readFileSync(join(folder, file), "utf8").split("\n");
    const end = lines.findIndex((line) => !line.startsWith("#"));
    const head = lines
        .slice(0, end)
        .join("\n")
        .replace(/,\n# {3}/g, ", ");
    const list = (title: string): string[] =>
        new RegExp(`^# ${title}: (.*)\\.$`, "m").exec(head)?.[1]?.split(", ") ?? [];
    return {
        gives: list("Gives"),
        values: list("Needs, of the manifest"),
        tables: list("Needs, of core/protocol"),
        code: lines
            .slice(end)
            .join("\n")
            .replace(/^\s*#.*$/gm, ""),
    };
}

const headers = new Map(files.map((file) => [file, headerOf(file)]));
const definedIn = (file: string): string[] =>
    [...headers.get(file)!.code.matchAll(/^([a-z_][a-z0-9_]*)\(\)/gm)].map(([, name = ""]) => name);

describe.each(files)("the head of %s", (file) => {
    const { gives, values, tables, code } = headers.get(file)!;

    it("names what others call, and nothing that is not there", () => {
        expect(gives.filter((name) => !definedIn(file).includes(name))).toEqual([]);
        // A name of one word can be a word of another language's text.
        const called = definedIn(file).filter((name) => {
            if (!name.includes("_")) return false;
            const call = new RegExp(`(?<![\\w$/.-])${name}(?![\\w=/.-])`);
            return files.some((other) => other !== file && call.test(headers.get(other)!.code));
        });
        expect(called.filter((name) => !gives.includes(name))).toEqual([]);
    });

    it("names the values of the manifest that it reads", () => {
        const read = [...code.matchAll(/\bwant\[([a-zA-Z0-9]{2,})\]/g)].map(([, name = ""]) => name);
        expect([...new Set(read)].sort()).toEqual([...values].sort());
    });

    it("names files that define tables", () => {
        expect(tables.filter((name) => !existsSync(join(root, "core/protocol", name)))).toEqual([]);
    });
});

it("lib.sh lists every value of the manifest, and no other", () => {
    const head = readFileSync(join(folder, "lib.sh"), "utf8");
    const listed = [...head.matchAll(/^# {3}([a-zA-Z0-9 ]+?) {2,}\S/gm)].flatMap(([, names = ""]) => names.split(" "));
    const known = [
        ...["step", ...RELAY_VALUES, ...CLAIM_VALUES, ...PLAN_VALUES, ...SCRIPT_VALUES],
        ...Object.values(STEPS).flatMap(({ values }): string[] => [...values]),
    ];
    expect(listed.sort()).toEqual([...new Set(known)].sort());
});
