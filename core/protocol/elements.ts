import { linesOf, tableLine } from "./table.js";

/** An element of a set of the relay's table, in nft's own words. */
interface SetElement {
    set: string;
    element: string;
}

/**
 * What is let through, in `/etc/<name>/elements`.
 *
 *     acl4 10.8.0.2 . 10.8.0.1 . tcp . 22
 */
export function renderSetElements(elements: readonly SetElement[]): string {
    return elements.map(({ set, element }) => tableLine("elements", [`${set} ${element}`])).join("");
}

/**
 * Elements in which the relay's record and its table differ: `-` is missing in the table, `+` is there besides.
 *
 *     - self4 10.8.0.2 . 10.8.0.2
 */
export function parseDifferingElements(text: string | undefined): (SetElement & { sign: "-" | "+" })[] {
    return linesOf(text).flatMap((line) => {
        const [, sign, set = "", element = ""] = /^([-+]) (\S+) (.*)$/.exec(line) ?? [];
        return sign === "-" || sign === "+" ? [{ sign, set, element }] : [];
    });
}
