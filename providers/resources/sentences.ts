import { fingerprint } from "../../core/keys/index.js";

/** "a", "a and b", "a, b and c"; of more than `most`, the first ones "and 990 more". */
export function listNames(names: readonly string[], most = 5): string {
    if (names.length > most) return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
    if (names.length < 2) return names.join("");
    return `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
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
    if (names.length <= MOST_NAMES) return listNames(names, MOST_NAMES);
    return `${names.slice(0, MOST_NAMES).join(", ")} and ${names.length - MOST_NAMES} more (listed by \`pulumi preview --diff\`)`;
}

const MOST_NAMES = 200;

/** A value in a sentence; in a preview one may not be known yet. */
export function valueText(value: unknown): string {
    if (value === undefined) return "none";
    if (typeof value === "symbol") return "one that is not known yet";
    return typeof value === "string" ? value : JSON.stringify(value);
}
