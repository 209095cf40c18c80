import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { compileFunction } from "node:vm";

import * as ts from "typescript";
import { parseAllDocuments } from "yaml";

import * as library from "../../components/index.js";
import { scripts } from "../../package.json";
import { run } from "./cli/run.js";
import { runProgram } from "./program.js";

const root = resolve(__dirname, "../..");

/** Every page: README and CHANGELOG, docs, and what lies beside the examples. */
const pages = [
    ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"],
    ...["docs", "examples"].flatMap((folder) =>
        (readdirSync(join(root, folder), { recursive: true }) as string[])
            .filter((name) => name.endsWith(".md") && !name.includes("node_modules"))
            .map((name) => join(folder, name)),
    ),
];
const textOf = (page: string) => readFileSync(join(root, page), "utf8");

/** Fenced blocks of a language. */
const blocks = (page: string, language: string) =>
    [...textOf(page).matchAll(/^```(\w*)\n(.*?)^```$/gms)]
        .filter(([, of]) => of === language)
        .map(([, , text]) => text!);

/** What is code: fenced blocks and inline spans. */
const code = (page: string) => {
    const text = textOf(page);
    const fenced = [...text.matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, block]) => block!);
    const inline = [...text.replace(/^```.*?^```$/gms, "").matchAll(/`([^`]+)`/g)].map(([, span]) => span!);
    return [...fenced, ...inline];
};

test("there are pages", () => {
    expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/relay.md", "docs/compliance/soc2.md"]));
});

describe.each(pages)("%s", (page) => {
    it("links to files that are there", () => {
        const targets = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)/g)].map(
            ([, target]) => target!,
        );
        const missing = targets.filter((target) => !existsSync(resolve(root, dirname(page), target)));
        expect(missing).toEqual([]);
    });

    it("links to headings that are there", () => {
        const anchors = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)].map(([, file, anchor]) => ({
            file: file === "" ? page : relative(root, resolve(root, dirname(page), file!)),
            anchor,
        }));
        const slugs = (file: string) =>
            [...textOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
                heading!
                    .toLowerCase()
                    .replace(/[^\w\- ]/g, "")
                    .replaceAll(" ", "-"),
            );
        expect(anchors.filter(({ file, anchor }) => !slugs(file).includes(anchor!))).toEqual([]);
    });

    it("names scripts of package.json that are there", () => {
        const named = code(page).flatMap((text) =>
            [...text.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name]) => name!),
        );
        expect(named.filter((name) => !(name in scripts))).toEqual([]);
    });

    it("names files of this repository that are there", () => {
        const path = /(?<![\w/.~-])(?:test|examples|core|components|providers|scripts|tools|docs)\/[\w./-]*\w/g;
        const named = code(page).flatMap((text) => text.match(path) ?? []);
        expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([]);
    });

    it("names commands of qp-tunnel that are there, with their options", async () => {
        const named = code(page).flatMap((text) =>
            [...text.matchAll(/npx (?:--no )?qp-tunnel ((?:[a-z]+(?:-[a-z]+)* ?)+)([^\n#]*)/g)].map(
                ([, words, rest]) => ({
                    words: words!.trim().split(" "),
                    options: rest!.match(/(?<=\s)--?[a-z-]+/g) ?? [],
                }),
            ),
        );
        for (const { words, options } of named) {
            const command = words[0] === "audit" ? words.slice(0, 2) : words.slice(0, 1);
            const { code: exitCode, stdout } = await run(...command, "--help");
            expect({ command, exitCode }).toEqual({ command, exitCode: 0 });
            expect(stdout).toContain(`Usage: qp-tunnel ${command.join(" ")}`);
            expect(options.filter((option) => !new RegExp(`(?<![\\w-])${option}(?![\\w-])`).test(stdout))).toEqual([]);
        }
    });

    it("calls npx with --no: elsewhere than in a project npx would run a package of a public registry that has this name", () => {
        expect(code(page).flatMap((text) => text.match(/npx (?!--no )[^\n]*qp-tunnel.*/g) ?? [])).toEqual([]);
    });

    it("has JSON and YAML that can be read", () => {
        for (const block of blocks(page, "json")) {
            // A member out of an object stands alone, and {…} is one that is left out.
            const whole = block.trimStart().startsWith("{") ? block : `{${block}}`;
            expect(() => JSON.parse(whole.replaceAll("{…}", "{}")) as unknown).not.toThrow();
        }
        for (const block of blocks(page, "yaml"))
            expect(
                [parseAllDocuments(block)].flat().flatMap(({ errors }) => errors.map(({ message }) => message)),
            ).toEqual([]);
    });

    it("has TypeScript that can be read, and imports what there is", () => {
        for (const block of blocks(page, "ts")) {
            const { diagnostics, outputText } = ts.transpileModule(block, {
                reportDiagnostics: true,
                compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
            });
            expect({ block, faults: diagnostics?.map(({ messageText }) => messageText) }).toEqual({
                block,
                faults: [],
            });
            const names = [...block.matchAll(/import \{([^}]*)\} from "pulumi-qp-tunnel"/g)].flatMap(([, list]) =>
                list!.split(",").map((name) => name.trim()),
            );
            expect(names.filter((name) => !name.startsWith("type ") && !(name in library))).toEqual([]);
            expect(outputText).not.toBe("");
        }
    });
});

it("nothing that the library says calls npx without --no", () => {
    const sources = [
        "cli",
        "components",
        "core",
        "providers",
        "plugin",
        "examples",
        "policies",
        "scripts",
        "testing",
    ].flatMap((folder) =>
        (readdirSync(join(root, folder), { recursive: true }) as string[])
            .filter((name) => /\.(ts|mjs|sh|yaml)$/.test(name) && !name.includes("node_modules"))
            .map((name) => join(folder, name)),
    );
    expect(sources.length).toBeGreaterThan(100);
    const bare = sources.flatMap((file) => textOf(file).match(/npx (?!--no )[^`\n]*qp-tunnel.*/g) ?? []);
    expect(bare).toEqual([]);
});

describe("the README's program", () => {
    const [program = ""] = blocks("README.md", "ts");

    it("has ten lines at most", () => {
        const { length } = program.split("\n").filter((line) => line.trim() !== "");
        expect(length > 5 && length <= 10).toBe(true);
    });

    it("does what the comments beside it say", async () => {
        const js = ts.transpileModule(program, {
            compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
        }).outputText;
        const { outputs, registered } = await runProgram(() => {
            const exports: Record<string, unknown> = {};
            const required = (name: string): unknown => (name === "pulumi-qp-tunnel" ? library : undefined);
            // The program as the README prints it.
            (compileFunction(js, ["require", "exports"]) as (...of: unknown[]) => void)(required, exports);
            return { url: exports["url"] as string, configs: exports["configs"] as Record<string, string> };
        });
        expect(outputs.url).toBe("https://grafana.qp-tunnel.internal:8443");
        expect(outputs.configs["alice"]).toContain("Address = 10.8.0.2/32\n");
        expect(outputs.configs["alice"]).not.toContain("PrivateKey = d");
        expect(outputs.configs["nas"]).toMatch(/^PrivateKey = .{43}=$/m);
        const grants = registered.find(({ type }) => type === "qptunnel:index:Grants");
        expect(grants?.inputs["rules"]).toEqual({
            "(relay)": ["10.8.0.1 -> 10.8.0.3 tcp/3000"],
            alice: ["10.8.0.2 -> 10.8.0.1 tcp/8443", "10.8.0.2 -> 10.8.0.3 tcp/22"],
        });
    });
});
