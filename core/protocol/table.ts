/**
 * The tables that travel between the library and a relay's program: a row a line, columns apart by tabs or single spaces. Each is
 * defined once, in a file of this folder, and no value may hold what separates them.
 */
import { InvalidArgument } from "../errors.js";

export type Cell = string | number;

/** How one column of a table is written and read. `table` is what an error calls the table. */
export interface Column<Value> {
    write(value: Value, table: string): Cell;
    read(cell: string): Value;
}

export type Columns = Record<string, Column<unknown>>;

/** A row as the columns of its table say. */
export type RowOf<Of extends Columns> = { [Name in keyof Of]: Of[Name] extends Column<infer Value> ? Value : never };

export interface Table<Row> {
    /** @throws InvalidArgument naming the column; never the value, which may be a secret */
    render(rows: readonly Row[]): string;
    /** A cell that a line does not have reads as an empty one. */
    parse(text: string | undefined): Row[];
}

/** A table of `columns`, in their order. */
export function table<Of extends Columns>(name: string, columns: Of, separator: "\t" | " " = "\t"): Table<RowOf<Of>> {
    const line = separator === "\t" ? tableLine : wordsLine;
    return {
        render: (rows) => rows.map((row) => line(name, cellsOf(name, columns, row))).join(""),
        parse: (text) => linesOf(text).map((each) => rowOf(columns, each.split(separator))),
    };
}

/** A row of one of several shapes: its first column says which. */
export type VariantOf<Of extends Record<string, Columns>> = {
    [Kind in keyof Of]: { kind: Kind } & RowOf<Of[Kind]>;
}[keyof Of];

/** A table whose first column says which columns follow. Lines of a kind that is not among `kinds` are passed over. */
export function variants<Of extends Record<string, Columns>>(
    name: string,
    kinds: Of,
    separator: "\t" | " " = "\t",
): Table<VariantOf<Of>> {
    const line = separator === "\t" ? tableLine : wordsLine;
    const columnsOf = (kind: string): Columns | undefined => (Object.hasOwn(kinds, kind) ? kinds[kind] : undefined);
    return {
        render: (rows) =>
            rows.map((row) => line(name, [String(row.kind), ...cellsOf(name, kinds[row.kind]!, row)])).join(""),
        parse: (text) =>
            linesOf(text).flatMap((each) => {
                const [kind = "", ...cells] = each.split(separator);
                const columns = columnsOf(kind);
                return columns === undefined ? [] : [{ kind, ...rowOf(columns, cells) } as VariantOf<Of>];
            }),
    };
}

export const text: Column<string> = { write: (value) => value, read: (cell) => cell };

/** NaN if the cell is not a number. */
export const number: Column<number> = {
    write: (value) => value,
    read: (cell) => (cell === "" ? NaN : Number(cell)),
};

/** One of a few fixed words. */
export function word<const Word extends string>(..._words: Word[]): Column<Word> {
    return { write: (value) => value, read: (cell) => cell as Word };
}

/** `instead` where there is no value; a cell that is missing has none either. */
export function optional<Value>(column: Column<Value>, instead: string): Column<Value | undefined> {
    return {
        write: (value, name) => (value === undefined ? instead : column.write(value, name)),
        read: (cell) => (cell === instead || cell === "" ? undefined : column.read(cell)),
    };
}

/** Several values in one cell, `instead` for none. */
export function list(separator: "," | " ", instead = ""): Column<string[]> {
    return {
        write: (values, name) =>
            values.length === 0 ? instead : values.map((value) => cellPart(name, value)).join(separator),
        read: (cell) => (cell === instead || cell === "" ? [] : cell.split(separator)),
    };
}

/** wg(8)'s own word for what is not there. */
export const NONE = "(none)";

/** The lines of a text that say something; none of one that is not there. */
export function linesOf(text = ""): string[] {
    return text.split("\n").filter((line) => line !== "");
}

/** A line for each word: public keys, networks. */
export function renderLines(name: string, words: readonly string[]): string {
    return words.map((each) => wordsLine(name, [each])).join("");
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
    const value = String(cell);
    if (!separators.test(value)) return value;
    throw new InvalidArgument(
        subject,
        value === "" ? "a value is empty" : "a value holds a separator or a control character",
        "correct the value in the program; it would be read as another column or line",
    );
}

function cellsOf(name: string, columns: Columns, row: object): Cell[] {
    const values = row as Record<string, unknown>;
    return Object.entries(columns).map(([key, column]) => column.write(values[key], name));
}

function rowOf<Of extends Columns>(columns: Of, cells: string[]): RowOf<Of> {
    const read = Object.entries(columns).map(([key, column], index) => [key, column.read(cells[index] ?? "")]);
    return Object.fromEntries(read) as RowOf<Of>;
}
