/** The tests mirror the sources: same folder, same name. What has logic of its own has a test of its own. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import ts from "typescript";

const root = resolve(__dirname, "../..");
/** A function of fewer lines, comments and braces included, is wiring. */
const FEW_LINES = 12;

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
const untested = ["cli", "components", "core", "policies", "providers", "testing"]
    .flatMap(sourcesIn)
    .filter((source) => longestFunction(source) >= FEW_LINES && !existsSync(join(root, testOf(source))))
    .sort();
test("every source with a function of some length has a test of its name", () => {
    expect(untested).toEqual([]);
});
