import { fingerprint } from "../../core/keys/index.js";
import { listed } from "../../core/list.js";

/** "a", "a and b", "a, b and c"; of more than `most`, the first ones "and 990 more". */
export function listNames(names: readonly string[], most = 5): string {
    return listed(names, { most, last: " and " });
}

/** An unknown peer that was removed. */
export function rogueCutOff(publicKey: string): string {
    return `unknown peer ${fingerprint(publicKey)} (${publicKey}) was configured on the interface but not declared in the program, and was removed`;
}

/** "1 peer", "2 peers". */
export function count(number: number, noun: string): string {
    return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** All names, for a sentence that must be complete; of very many, the first ones and where the others are listed. */
export function nameAll(names: readonly string[]): string {
    const where = names.length > MOST_NAMES ? " (listed by `pulumi preview --diff`)" : "";
    return `${listNames(names, MOST_NAMES)}${where}`;
}

const MOST_NAMES = 200;

/** A value in a sentence; in a preview one may not be known yet. */
export function valueText(value: unknown): string {
    if (value === undefined) return "none";
    if (typeof value === "symbol") return "one that is not known yet";
    return typeof value === "string" ? value : JSON.stringify(value);
}
