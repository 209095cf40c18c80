import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

// Whatever a user or reader meets uses the words of the field: these turns of phrase are refused, in text and in comments.

const root = resolve(__dirname, "../..");

/** Turns of phrase, each with what to write instead. */
const REFUSED: [phrase: RegExp, instead: string][] = [
    [/\b(?:she|her|hers|herself)\b/i, "a peer is it; people are they"],
    [/\b(?:whoever|whomever|whosoever)\b/i, "name the person, peer or attacker"],
    [/\b(?:somebody|anybody|everybody)\b/i, "name the peer, user or program"],
    [/\bnobody (?:else|is disturbed|is interrupted)\b/i, "no other peer is affected"],
    [/\bwho may (?:reach|do|be|have|connect)\b/i, "access rules; is allowed to reach"],
    [/\bmay reach\b/i, "is allowed to reach"],
    [/\b(?<!there )(?:is|are) no (?:file|key epoch|stage|whole number|JSON|PEM)\b/i, "is not a …"],
    [/\bis another one\b/i, "differs; is a different …"],
    [/\bnext up\b/i, "the next `pulumi up`"],
    [/\b(?:sets|set) (?:it|them) back\b/i, "restores it"],
    [/\b(?:mend|mends|mended)\b/i, "fix, repair"],
    [/\bcalls? (?:its|her|their) peers\b/i, "re-initiates handshakes with its peers"],
    [/\bcame? back by itself\b|\bcomes? back by (?:itself|themselves)\b/i, "stays revoked"],
    [/\banew\b/i, "again; creates"],
    [/\bin \w+ clothing\b/i, "IPv4-mapped"],
    [/\bthe way (?:to|there)\b/i, "connectivity, the route"],
    [/\bsay \w+, \w+;/i, "choose … or …"],
];

/** What is refused and stays, by its exact text. */
const EXCEPTED: string[] = [
    "details: { relay, anew: earlier !== undefined }", // a key of old records
];

const SOURCES: [folder: string, names: RegExp][] = [
    ["docs", /\.md$/],
    ["controls", /\.yaml$/],
    ["examples", /\.(?:md|ts|yaml)$/],
    ...["core", "components", "providers", "cli", "policies", "testing"].map((folder): [string, RegExp] => [
        folder,
        /\.(?:ts|sh)$/,
    ]),
];

const filesIn = ([folder, names]: [string, RegExp]): string[] =>
    (readdirSync(join(root, folder), { recursive: true }) as string[])
        .filter((name) => names.test(name) && !name.includes("node_modules"))
        .map((name) => join(folder, name));

const FILES = [
    ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "package.json", "Pulumi.yaml"],
    ...SOURCES.flatMap(filesIn),
];

test("there is text to read", () => {
    expect(FILES.length).toBeGreaterThan(30);
});

test.each(FILES)("%s is written in plain words", (file) => {
    const text = EXCEPTED.reduce((all, kept) => all.replaceAll(kept, ""), readFileSync(join(root, file), "utf8"));
    const found = text.split("\n").flatMap(
        (line, index) =>
            REFUSED.filter(([phrase]) => phrase.test(line)).map(([, instead]) => `${file}:${index + 1}: ${line.trim()} (${instead})`), // prettier-ignore
    );
    expect(found).toEqual([]);
});
