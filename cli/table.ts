import CliTable from "cli-table3";

import type { Output } from "./output.js";

/** A column of a table. */
export interface Column {
    heading: string;
    /** Numbers are aligned to the right. */
    right?: boolean;
    /** If the table is too wide, this column moves to a line of its own under each row, the highest number first. */
    below?: number;
}

interface Placed extends Column {
    index: number;
    width: number;
}

const GAP = 2;
/** The minimum for a layout; some terminals report 0. */
const NARROWEST = 20;
const INDENT = "  ";

/** Width of the terminal; a file or a pipe has no limit. */
export function widthOf({ stdout }: Output): number {
    const { columns } = stdout as { columns?: number };
    return columns === undefined || columns < NARROWEST ? Infinity : columns;
}

/**
 * Rows of text under their headings, indented, each column as wide as its widest cell. In a terminal that is too narrow, columns
 * that may move below do, and text that is still too long is wrapped: a key on a line of its own can be copied in one piece.
 *
 * @param width of the terminal
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width = Infinity): string {
    const room = width - INDENT.length;
    const natural = columns.map((column, index): Placed => ({ ...column, index, width: widest(column, rows, index) }));
    const { adjacent, below } = arranged(natural, room);
    const fitting = narrowed(adjacent, room);
    const left = room - total(fitting) - GAP;
    // An empty column fills the rest of the line, so that a cell below can use all of it.
    const widths = below.length > 0 && left > 0 ? [...fitting, left] : fitting;
    const printed = new CliTable({
        head: widths.map((_, at) => adjacent[at]?.heading ?? ""),
        chars: BORDERLESS,
        style: { "padding-left": 0, "padding-right": GAP, head: [], border: [] },
        colWidths: widths.map((each) => each + GAP),
        colAligns: widths.map((_, at) => (adjacent[at]?.right === true ? "right" : "left")),
        wordWrap: true,
        wrapOnWordBoundary: false,
    });
    for (const row of rows) {
        printed.push(widths.map((_, at) => row[adjacent[at]?.index ?? -1] ?? ""));
        for (const { heading, index } of below) {
            const cell = row[index] ?? "";
            if (cell !== "") printed.push([underneath(`${heading} ${cell}`, total(widths), widths.length)]);
        }
    }
    const lines = printed.toString().split("\n");
    return lines.map((line) => `${INDENT}${line}`.trimEnd() + "\n").join("");
}

/** A separate line, wrapped here because the library would drop its indentation. */
function underneath(text: string, room: number, colSpan: number): CliTable.Cell {
    const pieces = text.match(new RegExp(`.{1,${room - INDENT.length}}`, "g")) ?? [];
    return { content: pieces.map((piece) => INDENT + piece).join("\n"), colSpan, wordWrap: false };
}

/** The columns that are placed next to each other, and those below. */
function arranged(columns: Placed[], room: number): { adjacent: Placed[]; below: Placed[] } {
    let adjacent = columns;
    while (total(adjacent.map(({ width }) => width)) > room) {
        const last = Math.max(...adjacent.map(({ below = 0 }) => below));
        if (last === 0) break;
        adjacent = adjacent.filter(({ below }) => below !== last);
    }
    return { adjacent, below: columns.filter((column) => !adjacent.includes(column)) };
}

/** The widest columns shrink until the line fits. */
function narrowed(columns: readonly Placed[], room: number): number[] {
    const widths = columns.map(({ width }) => width);
    while (total(widths) > room) {
        const most = Math.max(...widths);
        if (most <= LEAST) break;
        widths[widths.indexOf(most)] = most - 1;
    }
    return widths;
}

const LEAST = 4;

function widest({ heading }: Column, rows: readonly (readonly string[])[], index: number): number {
    return Math.max(heading.length, ...rows.map((row) => (row[index] ?? "").length));
}

function total(widths: readonly number[]): number {
    return widths.reduce((sum, width) => sum + width + GAP, -GAP);
}

const EDGES = ["top", "bottom", "left", "right", "mid"].flatMap((edge) =>
    edge === "left" || edge === "right"
        ? [edge, `${edge}-mid`]
        : [edge, `${edge}-mid`, `${edge}-left`, `${edge}-right`],
);
const BORDERLESS = Object.fromEntries([...EDGES, "middle"].map((edge) => [edge, ""]));
