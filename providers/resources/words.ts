/** "a", "a and b", "a, b and c"; of more than `most`, the first ones "and 990 more". */
export function listNames(names: readonly string[], most = 5): string {
    if (names.length > most) return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
    if (names.length < 2) return names.join("");
    return `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

/** "1 peer", "2 peers". */
export function count(number: number, noun: string): string {
    return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
