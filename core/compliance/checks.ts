import type { Check, CommandCheck, Controls, TestCheck } from "./model.js";

/** Names a check in pages and results: its file and title, or its command. */
export function checkId(check: Check): string {
    return check.kind === "test" ? `${check.file} > ${check.title}` : check.command;
}

/** Every check once, in the order of the claims. */
export function checksIn({ claims }: Controls): Check[] {
    return [...new Map(claims.flatMap(({ checks }) => checks).map((check) => [checkId(check), check])).values()];
}

/** The test files that the checks name, sorted. */
export function testFiles(controls: Controls): string[] {
    const files = checksIn(controls).flatMap((check) => (check.kind === "test" ? [check.file] : []));
    return [...new Set(files)].sort();
}

/** The commands that the checks name. */
export function commandChecks(controls: Controls): CommandCheck[] {
    return checksIn(controls).filter((check) => check.kind === "command");
}

/**
 * Whether a test that ran is one that the check names. What jest fills into a title of `test.each` matches any text.
 *
 * @param titles from the outermost `describe` inwards, as jest reports them
 */
export function namesTest({ title }: TestCheck, titles: readonly string[]): boolean {
    const pattern = title
        .replace(FILLED_IN, "\0")
        .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
        .replaceAll("\0", ".*");
    return new RegExp(`^${pattern}$`, "s").test(titles.join(" > "));
}

/** `%s`, `$name.first`, `${name}` */
const FILLED_IN = /%[#difjops]|\$\{[^}]*\}|\$[A-Za-z]\w*(?:\.\w+)*/g;

/** What a command is about. */
export interface CommandPlace {
    stack: string;
    /** Path of the log. */
    log: string;
    /** Path of an exported state. */
    state: string;
}

/** Arguments for qp-tunnel. */
export function commandArguments({ command }: CommandCheck, place: CommandPlace): string[] {
    const [, ...words] = command.split(" ");
    return words.map((word) => (/^\{\w+\}$/.test(word) ? place[word.slice(1, -1) as keyof CommandPlace] : word));
}

/** The command as a reader types it in a project whose stack is `prod`. */
export function printedCommand({ command }: CommandCheck): string {
    const place: CommandPlace = { stack: "prod", log: "audit/prod.jsonl", state: "state.json" };
    return `npx --no qp-tunnel ${commandArguments({ kind: "command", command, shows: "" }, place).join(" ")}`;
}
