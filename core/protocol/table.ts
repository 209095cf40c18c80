/** Lines of the tables that a relay's program takes apart by their separators: no value may hold one. */
import { InvalidArgument } from "../errors.js";

export type Cell = string | number;

/** The lines of a text that say something; none of one that is not there. */
export function linesOf(text = ""): string[] {
    return text.split("\n").filter((line) => line !== "");
}

/**
 * One line of a table whose cells are separated by tabs.
 *
 * @param table what an error calls it
 * @throws InvalidArgument naming the column; never the value, which may be a secret
 */
export function tableLine(table: string, cells: readonly Cell[]): string {
    return `${cells.map((cell, index) => checked(cell, BREAKS, `column ${index + 1} of table ${table}`)).join("\t")}\n`;
}

/** One line of a table whose cells are separated by single spaces; none is empty. */
export function wordsLine(table: string, cells: readonly Cell[]): string {
    const words = cells.map((cell, index) => checked(cell, SPACES, `column ${index + 1} of table ${table}`));
    return `${words.join(" ")}\n`;
}

/** A value within a cell that holds several, separated by commas or spaces. */
export function cellPart(table: string, part: string): string {
    return checked(part, PARTS, `a list in table ${table}`);
}

/** Tabs, line breaks, and what terminals and shells read as such. */
const BREAKS = /[\p{Cc}\u2028\u2029]/u;
const SPACES = /[\p{Cc}\s]|^$/u;
const PARTS = /[\p{Cc}\s,]|^$/u;

function checked(cell: Cell, separators: RegExp, subject: string): string {
    const text = String(cell);
    if (!separators.test(text)) return text;
    throw new InvalidArgument(
        subject,
        text === "" ? "a value is empty" : "a value holds a separator or a control character",
        "correct the value in the program; it would be read as another column or line",
    );
}
