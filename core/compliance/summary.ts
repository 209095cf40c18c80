import { type Controls, controlsOf, type Results, type State } from "./model.js";
import { claimResult } from "./results.js";

/** One control and one claim about it. */
interface Row {
    framework: string;
    control: string;
    claim: string;
    state: State;
    detail: string | undefined;
}

/**
 * What the command prints: each row with its state, the failing claims with the reason, and a line of counts.
 *
 * @param quiet leaves out rows that do not fail
 */
export function summaryText(controls: Controls, results: Results, quiet = false): string {
    const rows = rowsOf(controls, results);
    const width = (pick: (row: Row) => string): number => Math.max(...rows.map((row) => pick(row).length));
    const widths = [width(({ state }) => state), width(({ framework }) => framework), width(({ control }) => control)];
    const lines = rows
        .filter(({ state }) => !quiet || state === "failing")
        .map(({ framework, control, claim, state }) =>
            [...[state, framework, control].map((cell, index) => cell.padEnd(widths[index] ?? 0)), claim].join("  "),
        );
    const failing = new Map(
        rows.flatMap((row) => (row.state === "failing" ? [[row.claim, row.detail ?? ""] as const] : [])),
    );
    const reasons = [...failing].map(([claim, detail]) => `failing: ${claim}: ${detail}`);
    const count = (state: State): number => rows.filter((row) => row.state === state).length;
    const counts = `${rows.length} rows: ${count("met")} met, ${count("failing")} failing, ${count("not checked")} not checked`;
    const parts = [lines, reasons, [counts]].filter(({ length }) => length > 0);
    return `${parts.map((part) => part.join("\n")).join("\n\n")}\n`;
}

/** Whether a claim has a check that fails. */
export function hasFailing({ claims }: Controls, results: Results): boolean {
    return claims.some((claim) => claimResult(claim, results).state === "failing");
}

function rowsOf({ frameworks }: Controls, results: Results): Row[] {
    return frameworks.flatMap((framework) =>
        controlsOf(framework).flatMap((control) =>
            control.claims.map((claim) => {
                const { state, detail } = claimResult(claim, results);
                return {
                    framework: framework.id,
                    control: control.id ?? control.title,
                    claim: claim.id,
                    state,
                    detail,
                };
            }),
        ),
    );
}
