import { SET_NAMES, type SetElements } from "./elements.js";

/** Text for `nft -f` that gives the sets exactly these elements, in one transaction: no packet sees them in between. */
export function renderElements(table: string, elements: SetElements): string {
    const flushes = SET_NAMES.map((set) => `flush set inet ${table} ${set}\n`);
    const additions = SET_NAMES.map((set) => statement("add", table, set, elements[set]));
    return [...flushes, ...additions].join("");
}

/**
 * Text for `nft -f` that turns one state of the sets into another, in one transaction; empty when they are equal. `from` must be what the wire holds:
 * the kernel fails the whole transaction when an element is not there, and deletes a wider interval in place of a missing narrower one.
 */
export function renderDelta(table: string, from: SetElements, to: SetElements): string {
    const deletions = SET_NAMES.map((set) => statement("delete", table, set, without(from[set], to[set])));
    const additions = SET_NAMES.map((set) => statement("add", table, set, without(to[set], from[set])));
    return [...deletions, ...additions].join("");
}

function statement(verb: "add" | "delete", table: string, set: string, elements: string[]): string {
    if (elements.length === 0) return "";
    return `${verb} element inet ${table} ${set} {\n${elements.map((element) => `    ${element},\n`).join("")}}\n`;
}

function without(elements: string[], others: string[]): string[] {
    const excluded = new Set(others);
    return elements.filter((element) => !excluded.has(element));
}
