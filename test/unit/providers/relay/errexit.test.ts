/**
 * Bash suspends errexit, and the ERR trap, in a condition and in every function that is called from there. A function with
 * several commands then goes on after one that failed, and its status is that of the last one. So whatever is called in a
 * condition says itself what happens when one of its commands fails.
 */
import { relayProgram } from "../../../../providers/hosts/program.js";

/** Lines of a function that cannot fail, or whose failure the line itself, or the one it belongs to, looks at. */
const HARMLESS = [
    /^(?:local|declare|printf|echo|return|exit|continue|break|shift|export|trap|eval|read|note|refuse|stop)\b/,
    /^(?:if|elif|else|fi|for|while|until|do|done|case|esac|then|\{|\}|\(|\)|#|;;)/,
    /(?:\|\||&&)/,
    /^!/,
    /^(?:\w+\+?=|\w+\[.*\]=|\(\(|\[\[)/,
    /;;$/,
    /^\S+\)$/,
    /[|\\]$/,
    /&$/,
    /^(?:pause|sleep|detached|rm -f|kill|end_process|:)\b/,
];

interface ShellFunction {
    name: string;
    /** Its commands, one a line; what is quoted over several lines counts as one. */
    lines: string[];
}

function functionsOf(program: string): ShellFunction[] {
    const found: ShellFunction[] = [];
    let open: ShellFunction | undefined;
    let quote = "";
    for (const line of program.split("\n")) {
        const start = open === undefined ? /^(\w+)\(\) \{(?: (.*) \})?$/.exec(line) : null;
        if (start !== null) {
            const one = { name: start[1]!, lines: start[2] === undefined ? [] : [start[2]] };
            found.push(one);
            if (start[2] === undefined) open = one;
            continue;
        }
        if (open === undefined) continue;
        if (quote === "" && line === "}") {
            open = undefined;
            continue;
        }
        if (quote !== "") open.lines[open.lines.length - 1] += ` ${line.trim()}`;
        else if (line.trim() !== "" && !line.trim().startsWith("#")) open.lines.push(line.trim());
        quote = quoteAfter(line, quote);
    }
    return found;
}

/** The quotation mark that is still open at the end of a line. */
function quoteAfter(line: string, before: string): string {
    let quote = before;
    for (let at = 0; at < line.length; at++) {
        const mark = line[at]!;
        if (mark === "\\" && quote !== "'") at++;
        else if (mark === "#" && quote === "" && /^$|\s/.test(line[at - 1] ?? "")) break;
        else if (mark === quote) quote = "";
        else if (quote === "" && (mark === "'" || mark === '"')) quote = mark;
    }
    return quote;
}

/** Functions that the program calls in a condition: after `if`, `while`, `!`, or before `&&` and `||`. */
function suspendedIn(functions: ShellFunction[]): Set<string> {
    const names = new Set(functions.map(({ name }) => name));
    const called = functions.flatMap(({ lines }) => lines.flatMap(suspendedCommands));
    return new Set(called.filter((name) => names.has(name)));
}

function suspendedCommands(line: string): string[] {
    const parts = line.replace(/'[^']*'/g, "''").split(/(&&|\|\||;|\|)/);
    let condition = false;
    const suspended: string[] = [];
    for (let at = parts.length - 1; at >= 0; at--) {
        const part = parts[at]!.trim();
        if (part === "&&" || part === "||") condition = true;
        else if (part === ";") condition = false;
        if (/^(?:&&|\|\||;|\|)?$/.test(part)) continue;
        const [, asked, name = ""] =
            /^(?:(?:\{|\(|then|do|else)\s+)*((?:if|elif|while|until|!)\s+)*(\w+)/.exec(part) ?? [];
        if (condition || asked !== undefined) suspended.push(name);
    }
    return suspended;
}

/** Every line but the last that may fail unseen. */
function unseen({ lines }: ShellFunction): string[] {
    return lines.slice(0, -1).filter((line) => !HARMLESS.some((form) => form.test(line)));
}

it("a function that is called in a condition says what happens when one of its commands fails", () => {
    const functions = functionsOf(relayProgram());
    const suspended = suspendedIn(functions);
    expect(suspended.size).toBeGreaterThan(40);
    const faults = functions
        .filter(({ name }) => suspended.has(name))
        .flatMap((one) => unseen(one).map((line) => `${one.name}: ${line}`));
    expect(faults).toEqual([]);
});

it("finds such a call and such a line", () => {
    const program = "fill() {\n    set_up one\n    set_up two\n}\nmain() {\n    if answers; then fill && tell; fi\n}\n";
    const [fill] = functionsOf(program);
    expect([...suspendedIn(functionsOf(program))]).toEqual(["fill"]);
    expect(unseen(fill!)).toEqual(["set_up one"]);
});

/** Commands that read from a pipe and may end before its other end does. */
const ENDS_EARLY = /[^|]\| *(?:grep -[a-zA-Z]*[qm]|head\b|sed [^|]*\bq\b|awk [^|]*[{;] *exit\b)/;

/**
 * Under pipefail a pipeline fails when its first command is killed by SIGPIPE. A program that writes line by line, as `ip`
 * and `ss` do, is killed when its reader ends at the first match: what was found counts as missing, on a busy machine only.
 */
it("no reader of a pipe ends before its writer", () => {
    const piped = functionsOf(relayProgram()).flatMap(({ lines }) => lines.filter((line) => line.includes("|")));
    expect(piped.length).toBeGreaterThan(200);
    expect(piped.filter((line) => ENDS_EARLY.test(line))).toEqual([]);
    expect(ENDS_EARLY.test("ip rule show | grep -q fwmark")).toBe(true);
    expect(ENDS_EARLY.test("ip route | awk '{ print $3; exit }'")).toBe(true);
});

/** Errexit counts in traps, too: a `kill` of what has ended would end the trap, and its program as failed. */
it("a trap goes on after a process that has ended already", () => {
    const traps = [...relayProgram().matchAll(/\btrap (['"])(.*?)\1/g)].map(([, , commands = ""]) => commands);
    const killing = traps.flatMap((commands) => commands.split(";")).filter((command) => /\bkill\b/.test(command));
    expect(killing.length).toBeGreaterThan(5);
    expect(killing.filter((command) => !command.includes("|| true"))).toEqual([]);
});
