import { sanitizeText } from "../audit/sanitize.js";
import type { Result } from "./model.js";

/** Text in a cell of a table, which it can neither end nor break. */
export function cell(text: string): string {
    return sanitizeText(text.replace(/\s+/g, " ").trim()).replaceAll("|", "\\|");
}

/** A value as code, also one that has backticks in it. */
export function code(text: string): string {
    const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
    const fence = "`".repeat(longest + 1);
    return longest === 0 ? `\`${text}\`` : `${fence} ${text} ${fence}`;
}

/** A test's title as text: what Markdown would read as a mark is escaped. */
export function quoted(title: string): string {
    return `“${title.replace(/[\\`*_<[\]]/g, "\\$&")}”`;
}

/** The anchor that forges give a heading. */
export function slug(heading: string): string {
    return heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-");
}

/** A table with a line for each row. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
    const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
    return [line(columns), `|${columns.map(() => "---|").join("")}`, ...rows.map(line)];
}

/** A state as a reader meets it, the bad ones in bold. */
export function stateText({ state }: Result): string {
    return state === "failing" ? "**failing**" : state;
}

/** Says on each page where it comes from. */
export const GENERATED = "<!-- Written by `npm run compliance` from controls/. Do not edit. -->";

/** On pages of this repository; a page with results stands elsewhere. */
export const HOW_TO_READ = "[How to read and run these pages](_index.md)";
