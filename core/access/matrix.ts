import type { Right } from "./rights.js";

/** Who, to whom, on which ports. */
export type Matrix = Record<string, Record<string, string[]>>;

export function matrixOf(rights: readonly Right[]): Matrix {
    const matrix: Matrix = {};
    for (const { from, to, ports } of rights) {
        const row = (matrix[from] ??= {});
        const cell = (row[to] ??= []);
        if (!cell.includes(ports)) cell.push(ports);
    }
    return matrix;
}
