/** A column: its heading, and whether its cells are numbers, which stand to the right. */
export interface Column {
    heading: string;
    right?: boolean;
}

/** Rows of text under their headings, each column as wide as its widest cell. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
    const widths = columns.map(({ heading }, index) =>
        Math.max(heading.length, ...rows.map((row) => (row[index] ?? "").length)),
    );
    const line = (cells: readonly string[]): string =>
        columns
            .map(({ right }, index) => {
                const cell = cells[index] ?? "";
                return right ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0);
            })
            .join("  ")
            .trimEnd();
    return [columns.map(({ heading }) => heading), ...rows].map((cells) => `${line(cells)}\n`).join("");
}
