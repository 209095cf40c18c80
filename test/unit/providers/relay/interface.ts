import { relayProgram } from "../../../../providers/hosts/program.js";

/** What a step of the relay's program reads and answers, as its text says. Names that differ at run time have `*` in them. */
export interface StepText {
    values: Set<string>;
    /** Files of its work folder that it mentions. */
    files: Set<string>;
    answers: Set<string>;
}

const program = relayProgram().replace(/^\s*#.*$/gm, "");
const functions = functionsOf(program);
const calls = new Map([...functions].map(([name, body]) => [name, callsIn(name, body)]));

/** The steps that `main` runs, by the names of their functions. */
export function stepsInProgram(): Map<string, StepText> {
    const steps = [...functions.keys()].filter((name) => name.startsWith("step_"));
    return new Map(steps.map((name) => [name.slice("step_".length), textOf([name, ...afterwards(name)])]));
}

/** What `main` does for every step. */
export function everyStep(): StepText {
    return textOf(["unpack", "take_lock", "check_owner", "check_generation", "refuse", "failed"]);
}

/** What a script does besides its steps. */
export function scriptText(): StepText {
    return textOf(["run_script"]);
}

export function valuesInProgram(): Set<string> {
    return textOf([...functions.keys()]).values;
}

/** The modes that the program is started with on its machine. */
export function bootModes(): string[] {
    const boot = functions.get("boot") ?? "";
    const cases = boot.slice(boot.lastIndexOf('case "$step" in'));
    return [...cases.matchAll(/^ {4}([a-z][a-z-]*)\)/gm)].map(([, mode = ""]) => mode);
}

/** Files of the work folder that the program makes itself, in whichever step. */
export function madeInProgram(): Set<string> {
    const made = [
        ...program.matchAll(/>>?\s*"\$work\/([^"]+)"/g),
        // Handed to awk, or kept in a variable: what is written there has the name, or more behind it.
        ...program.matchAll(/\w+="?(?:\$\{\d:-)?\$work\/([^"}\s]+)/g),
        ...program.matchAll(/\b(?:mv|cp|touch|install)\b[^\n|;]* "\$work\/([^"]+)"(?: \|\||$)/gm),
    ];
    return new Set(made.flatMap(([, name = ""]) => [pattern(name), `${pattern(name)}.*`, `${pattern(name)}/*`]));
}

/** What `main` adds to the answer of a step that applies. */
function afterwards(step: string): string[] {
    const body = functions.get("main") ?? "";
    const block = [...body.matchAll(/^ {4}([a-z|\s-]+)\)\n((?: {8}.*\n)+?) {8};;/gm)].find(([, names = ""]) =>
        names.split("|").some((name) => `step_${name.trim()}` === step),
    );
    return [...(block?.[2] ?? "").matchAll(/^ {8}(report_\w+)$/gm)].map(([, name = ""]) => name);
}

function textOf(names: string[]): StepText {
    const reached = new Set<string>();
    const visit = (name: string): void => {
        if (reached.has(name)) return;
        reached.add(name);
        for (const other of calls.get(name) ?? []) visit(other);
    };
    names.forEach(visit);
    const bodies = [...reached].map((name) => functions.get(name) ?? "");
    const all = (of: RegExp, bare = false): Set<string> =>
        new Set(
            bodies.flatMap((body) =>
                [...(bare ? unquoted(body) : body).matchAll(of)].map(([, name = ""]) => pattern(name)),
            ),
        );
    return {
        values: all(/\bwant\[([a-zA-Z0-9]+)\]/g, true),
        files: all(/"?\$work"?\/([^\s"')}\\;]+)/g),
        answers: new Set([
            ...all(/(?:^|[|;{(])\s*answer ("[^"]+"|[^\s";|<)]+)/gm, true),
            ...all(/printf '@([a-z]+)\\n/g),
        ]),
    };
}

/** Functions by name; none is inside of another one. */
function functionsOf(text: string): Map<string, string> {
    const found = new Map<string, string>();
    const lines = text.split("\n");
    for (let at = 0; at < lines.length; at++) {
        const [, name, bracket, rest = ""] = /^([a-z_][a-z0-9_]*)\(\) ([{(])(.*)$/.exec(lines[at]!) ?? [];
        if (name === undefined) continue;
        const from = at;
        if (rest === "") while (lines[at] !== (bracket === "{" ? "}" : ")")) at++;
        found.set(name, rest === "" ? `${lines.slice(from + 1, at).join("\n")}\n` : rest);
    }
    return found;
}

/** Functions that a function names as commands; what is between single quotes is another language's text. */
function callsIn(name: string, body: string): string[] {
    const words = [...unquoted(body).matchAll(/(?<![\w$/.\-="{:*])([a-z_][a-z0-9_]*)(?![\w=/.\]"(:*-])/g)];
    const dynamic = body.includes('"step_${part}_delete"')
        ? ["grants", "proxy", "wireguard", "firewall"].map((part) => `step_${part}_delete`)
        : [];
    return [...words.map(([, word = ""]) => word).filter((word) => word !== name && functions.has(word)), ...dynamic];
}

function unquoted(body: string): string {
    return body.replace(/'[^']*'/g, "''");
}

/** A name as bash writes it, with `*` for what is only known at run time. */
function pattern(name: string): string {
    return name.replaceAll('"', "").replace(/\$\{[^}]*\}?|\$\w+/g, "*");
}
