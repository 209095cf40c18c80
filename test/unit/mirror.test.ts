/** The tests mirror the sources: same folder, same name. What has logic of its own has a test of its own. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import ts from "typescript";

const root = resolve(__dirname, "../..");
/** A function of fewer lines, comments and braces included, is wiring. */
const FEW_LINES = 12;

/**
 * Sources that are still tested under another name only, mostly through what calls them; components are all tested so. Whoever gives one a test of its name takes it
 * off this list; nothing is added to it.
 */
const TESTED_ELSEWHERE: Record<string, readonly string[]> = {
    "providers/resources/firewall": ["firewall"],
    "providers/resources/host": ["host"],
    "providers/resources/ledger": ["allocation", "registry"],
    "providers/resources/log": ["anchors", "auditCheckpoint"],
    "providers/resources/proxy": ["issue", "proxy", "render", "renewal"],
};

function sourcesIn(folder: string): string[] {
    return (readdirSync(join(root, folder), { recursive: true }) as string[])
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name));
}

/** Lines of the longest function. */
function longestFunction(file: string): number {
    const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
    const line = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
    let longest = 0;
    const visit = (node: ts.Node): void => {
        if (ts.isFunctionLike(node)) longest = Math.max(longest, line(node.end) - line(node.getStart()) + 1);
        ts.forEachChild(node, visit);
    };
    visit(source);
    return longest;
}

const testOf = (source: string): string => join("test/unit", source.replace(/\.ts$/, ".test.ts"));
const untested = ["cli", "core", "providers", "testing"]
    .flatMap(sourcesIn)
    .filter((source) => longestFunction(source) >= FEW_LINES && !existsSync(join(root, testOf(source))))
    .sort();
const listed = Object.entries(TESTED_ELSEWHERE).flatMap(([folder, names]) =>
    names.map((name) => join(folder, `${name}.ts`)),
);

test("every source with a function of some length has a test of its name", () => {
    expect(untested.filter((source) => !listed.includes(source))).toEqual([]);
});

test("no source is excepted that is gone, or has its test", () => {
    expect(listed.filter((source) => !untested.includes(source))).toEqual([]);
});
