/** The committed pages of docs/compliance/ are what controls/ renders, and what controls/ names is there. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import ts from "typescript";

import { checksIn, namesTest } from "../../core/compliance/checks.js";
import { FRAMEWORKS, lastModified, OSCAL_FILE, readControls, render } from "../../core/compliance/index.js";
import { controlsOf, type TestCheck } from "../../core/compliance/model.js";
import about from "../../package.json";
import { identifiers } from "./complianceIdentifiers.js";

const root = resolve(__dirname, "../..");
const folder = join(root, "docs/compliance");
const textsIn = (path: string, names: RegExp): Record<string, string> =>
    Object.fromEntries(
        readdirSync(path)
            .filter((name) => names.test(name))
            .map((name) => [name, readFileSync(join(path, name), "utf8")]),
    );

const controls = readControls(textsIn(join(root, "controls"), /./));
const committed = textsIn(folder, /./);
const { pages, oscal } = render(controls, about);

describe("docs/compliance", () => {
    it("has the pages that controls/ renders, and no other but the one on how to read them", () => {
        expect(Object.keys(committed).sort()).toEqual([...Object.keys(pages), OSCAL_FILE, "_index.md"].sort());
    });

    it.each(Object.keys(pages))("%s is as controls/ renders it: npm run compliance -- --pages", (name) => {
        expect(committed[name]).toBe(pages[name]);
    });

    it(`${OSCAL_FILE} is as controls/ renders it: npm run compliance -- --pages`, () => {
        const there = committed[OSCAL_FILE];
        expect(there).toBe(oscal(lastModified(there, oscal, "2000-01-01T00:00:00Z")));
    });
});

/** Titles of every test in a file as its source writes them, from the outermost `describe` inwards. */
function titlesIn(file: string): string[][] {
    const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
    const found: string[][] = [];
    const visit = (node: ts.Node, outer: string[]): void => {
        const title = ts.isCallExpression(node) ? titleOf(node) : undefined;
        const name = ts.isCallExpression(node) ? calledName(node.expression) : undefined;
        if (title !== undefined && (name === "test" || name === "it")) found.push([...outer, title]);
        const inner = title !== undefined && name === "describe" ? [...outer, title] : outer;
        ts.forEachChild(node, (child) => visit(child, inner));
    };
    visit(source, []);
    return found;
}

/** Of `test`, `test.each(rows)`, `test.each` with a table and `(condition ? test : test.skip)`: test. */
function calledName(expression: ts.Node): string | undefined {
    if (ts.isIdentifier(expression)) return expression.text;
    if (ts.isParenthesizedExpression(expression)) return calledName(expression.expression);
    if (ts.isConditionalExpression(expression)) return calledName(expression.whenTrue);
    if (ts.isPropertyAccessExpression(expression) || ts.isCallExpression(expression))
        return calledName(expression.expression);
    return ts.isTaggedTemplateExpression(expression) ? calledName(expression.tag) : undefined;
}

function titleOf({ arguments: [title], arguments: { length } }: ts.CallExpression): string | undefined {
    if (title === undefined || length < 2) return undefined;
    if (ts.isStringLiteralLike(title)) return title.text;
    return ts.isTemplateExpression(title) ? title.getText().slice(1, -1) : undefined;
}

const tests = checksIn(controls).filter((check): check is TestCheck => check.kind === "test");
const titles = new Map([...new Set(tests.map(({ file }) => file))].map((file) => [file, titlesIn(file)]));

test("every test that a claim names is in the sources, once", () => {
    const found = (check: TestCheck) => titles.get(check.file)!.filter((path) => namesTest(check, path));
    const wrong = tests.filter((check) => found(check).length !== 1).map(({ file, title }) => `${file} > ${title}`);
    expect(wrong).toEqual([]);
});

test.each(FRAMEWORKS)("%s: every identifier is one of the standard", (id) => {
    const framework = controls.frameworks.find((each) => each.id === id)!;
    const named = controlsOf(framework).flatMap((control) => control.id ?? []);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((each) => !identifiers[id](each))).toEqual([]);
});

/** Rows that the pages had when they were written by hand, and that the project promised from the beginning. */
const ROWS: Record<string, string[]> = {
    "soc2.md": [
        ...["### CC6.1 ", "### CC6.2 ", "### CC6.3 ", "### CC6.6 ", "### CC6.7 ", "### CC6.8 "],
        ...["### CC7.1 ", "### CC7.2 ", "### CC7.3 ", "### CC7.4 ", "### CC8.1 "],
        "### Two layers of encryption for exposed services",
        "### A sealed log that can be verified without this software",
        "### Rebuilding a lost relay with the same keys and addresses",
        ...["| CC1 ", "| CC2 ", "| CC3 ", "| CC4 ", "| CC5 ", "| CC6.4 and CC6.5 ", "| CC9 "],
        ...["| user identity, MFA and roles", "| backups of state and log", "| patches of the operating system"],
    ],
    "iso27001.md": [
        ...["### A.8.1 ", "### A.8.5 ", "### A.8.9 ", "### A.8.15 ", "### A.8.16 ", "### A.8.20 ", "### A.8.21 "],
        ...["### A.8.24 ", "### A.8.25 ", "### A.8.26 ", "### A.5.15 ", "### A.5.23 ", "### A.5.28 "],
        ...["### WireGuard (outer)", "### TLS of services (inner)", "### Internal CA", "### Audit log"],
        "### Preshared keys",
        ...["| A.5.1 to A.5.14 ", "| A.5.29 to A.5.37 ", "| A.6 ", "| A.7 ", "| A.8.2 to A.8.4 ", "| A.8.6 to A.8.8 "],
        ...["| A.8.10 to A.8.12 ", "| user identity and second factors", "| FIPS-validated outer encryption "],
    ],
};

test.each(Object.entries(ROWS))("%s keeps every row that it ever had", (page, rows) => {
    expect(rows.filter((row) => !pages[page]!.includes(`\n${row}`))).toEqual([]);
});

/** What was promised from the beginning beside the rows: words of it on the page of claims. */
test.each([
    ["a registry of active and revoked peers", "The registry of active and revoked peers"],
    ["revocation with an archive", "archives its whole registry in the log"],
    ["two layers of encryption", "X25519MLKEM768 and AES-256-GCM"],
    ["the relay is a managed access point, firewalled", "The relay is the only way into the tunnel"],
    ["structured records with user and time", "a JSON line with time, action, status, message and user"],
    ["no secrets in the log", "No record contains key material"],
    ["tamper-evident sealing", "The chain of hashes and signatures"],
    ["verification by other software", "is verified by independent software"],
    ["rotation with a dry run", "the preview says who is cut off when it ends"],
    ["backup of keys before a rotation", "the key in use is copied to a backup folder"],
    ["key files of mode 0600", "files of mode 0600"],
    ["live connection monitoring", "shows handshakes and traffic per peer"],
    ["no eval, strict input validation", "never evaluates text as code"],
    ["error traps with file and line", "failures carry file and line"],
    ["the relay sees inner packets in clear", "the relay sees requests and responses in clear"],
    ["air gap", "by a signed script without any remote access"],
    ["white label", "`appName` names every path"],
    ["no telemetry", "telemetry"],
    ["split tunnel", "Configurations route only the tunnel's networks"],
])("the claims still say: %s", (_, words) => {
    expect(pages["claims.md"]).toContain(words);
});
