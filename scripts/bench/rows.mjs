// One row of the report: what was measured, every value, and the bar it is held against.

/**
 * @typedef {{ what: string, unit: "s" | "MB" | "kB" | "/s" | "lost" | "x" | "%", values: number[], value: number, cpu?: number,
 *     bar?: { atMost?: number, atLeast?: number }, met?: boolean, absent?: string }} Row
 */

/**
 * The middle one of the values stands for them: one slow run among several says more about the machine than about us.
 * With `cpu`, seconds of a processor, the report also says what the work was.
 *
 * @param {string} what
 * @param {Row["unit"]} unit
 * @param {number[]} values
 * @param {Row["bar"]} [bar]
 * @param {number[]} [cpu]
 * @returns {Row}
 */
export function row(what, unit, values, bar, cpu) {
    const value = median(values);
    const measured = { what, unit, values, value, ...(cpu === undefined ? {} : { cpu: median(cpu) }) };
    if (bar === undefined) return measured;
    const met = value <= (bar.atMost ?? Infinity) && value >= (bar.atLeast ?? -Infinity);
    return { ...measured, bar, met };
}

/** What could not be measured here, and why: said, not left out. @returns {Row} */
export function notMeasured(what, reason) {
    return { what, unit: "s", values: [], value: NaN, absent: reason };
}

/** "preview of 1000 peers, over an empty program's    1.24 s  (1.20 to 1.31)   bar: at most 2 s   met" */
export function inWords({ what, unit, values, value, cpu, bar, met, absent }) {
    if (absent !== undefined) return `${what.padEnd(62)} NOT MEASURED: ${absent}`;
    const spread =
        values.length > 1 ? `(${number(Math.min(...values), unit)} to ${number(Math.max(...values), unit)})` : "";
    const work = cpu === undefined ? "" : `cpu ${cpu.toFixed(2)} s`;
    const limit =
        bar === undefined ? "" : bar.atMost === undefined ? `at least ${bar.atLeast}` : `at most ${bar.atMost}`;
    const verdict = met === undefined ? "" : `bar: ${limit} ${unit}`.padEnd(23) + (met ? "met" : "MISSED");
    const columns = [what.padEnd(62), number(value, unit).padStart(7), unit.padEnd(4), spread.padEnd(16)];
    return [...columns, work.padEnd(12), verdict].join(" ").trimEnd();
}

/** @param {number[]} values */
export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function number(value, unit) {
    return ["s", "x", "%", "kB"].includes(unit) ? value.toFixed(2) : String(Math.round(value));
}
