import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import * as ts from "typescript";

// Every TypeScript block of the documentation compiles against the library as it is. A fragment speaks of things that the pages
// around it declare; these, and nothing else, are declared here.

const root = resolve(__dirname, "../..");

const LIBRARY = ["AuditSink", "ExposedService", "Peer", "Relay", "getStatus", "hosts", "makeOffer", "readOffer"];

/** What fragments take for granted. */
const KNOWN: Record<string, string> = {
    alice: "Peer",
    bob: "Peer",
    nas: "Peer",
    north: "Peer",
    south: "Peer",
    people: "Peer[]",
    team: "Peer[]",
    peers: "Peer[]",
    audit: "AuditSink",
    wiki: "ExposedService",
    grafana: "ExposedService",
    passwords: "ExposedService",
    relay: "Relay",
    host: 'RelayArgs["host"]',
    machine: '(name: string) => RelayArgs["host"]',
    config: 'import("@pulumi/pulumi").Config',
    fs: 'typeof import("node:fs")',
    yaml: "{ parse(text: string): any }",
};

/** `grants: [...]` is a property out of an argument list. */
const PROPERTY = /^(\w+): /;

const FILE = /^\/\/ (\w+\.ts)\n/;

function pages(): string[] {
    const nested = ["docs", "examples"].flatMap((folder) =>
        (readdirSync(join(root, folder), { recursive: true }) as string[])
            .filter((name) => name.endsWith(".md") && !name.includes("node_modules"))
            .map((name) => join(folder, name)),
    );
    return ["README.md", "CONTRIBUTING.md", ...nested];
}

/** The block as a module of its own: what it does not import or declare itself is there. */
function moduleOf(block: string): string {
    const body = PROPERTY.test(block)
        ? `export const args: Partial<RelayArgs> = {\n${block.trimEnd().replace(/;$/, "")}\n};`
        : block;
    // A fragment may leave out what the page has said before.
    const whole = body.replace(/\/\* and everything as it was \*\//, ", ...before");
    const declared = (name: string): boolean =>
        new RegExp(`(?:const|let|function|class) \\{?[^=\\n]*\\b${name}\\b[^=\\n]*\\}? ?[=:({]|import [^;]*\\b${name}\\b[^;]*from`).test(whole); // prettier-ignore
    const imports = LIBRARY.filter((name) => !declared(name));
    const names = Object.entries(KNOWN).filter(([name]) => new RegExp(`\\b${name}\\b`).test(whole) && !declared(name));
    return [
        `import { type RelayArgs${imports.map((name) => `, ${name}`).join("")} } from "pulumi-qp-tunnel";`,
        ...names.map(([name, type]) => `declare const ${name}: ${type};`),
        ...(whole === body ? [] : ["declare const before: RelayArgs;"]),
        whole,
        "export {};",
    ].join("\n");
}

const blocks = pages().flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block], index) => ({
        // A block that others import says its file's name in its first line.
        name: FILE.exec(block!)?.[1] ?? `${page.replace(/\W/g, "_")}_${index + 1}.ts`,
        text: moduleOf(block!),
    })),
);

test("every TypeScript block compiles", () => {
    expect(blocks.length).toBeGreaterThan(15);
    const virtual = new Map(blocks.map(({ name, text }) => [join(root, "docs-blocks", name), text]));
    const options: ts.CompilerOptions = {
        module: ts.ModuleKind.Node16,
        moduleResolution: ts.ModuleResolutionKind.Node16,
        target: ts.ScriptTarget.ES2023,
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: ["node"],
        paths: {
            "pulumi-qp-tunnel": [join(root, "components/index.ts")],
            "pulumi-qp-tunnel/policies": [join(root, "policies/index.ts")],
            "pulumi-qp-tunnel/testing": [join(root, "testing/index.ts")],
        },
    };
    const host = ts.createCompilerHost(options);
    const { fileExists, readFile, getSourceFile } = host;
    host.directoryExists = (folder) => folder === join(root, "docs-blocks") || ts.sys.directoryExists(folder);
    host.fileExists = (file) => virtual.has(file) || fileExists(file);
    host.readFile = (file) => virtual.get(file) ?? readFile(file);
    host.getSourceFile = (file, version, ...more) => {
        const text = virtual.get(file);
        return text === undefined ? getSourceFile(file, version, ...more) : ts.createSourceFile(file, text, version);
    };
    const program = ts.createProgram([...virtual.keys()], options, host);
    const faults = [...virtual.keys()].flatMap((file) =>
        ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({ messageText, start, file: source }) => {
            const line =
                source === undefined || start === undefined ? "" : source.text.slice(0, start).split("\n").length;
            const text = source?.text.split("\n")[Number(line) - 1] ?? "";
            return `${file.split("/").at(-1)}: ${ts.flattenDiagnosticMessageText(messageText, " ")}: ${text.trim()}`;
        }),
    );
    expect(faults).toEqual([]);
});
