/** How a list of names is written in a sentence. */
export interface ListForm {
    /** Of more names than these, the others are counted. */
    most: number;
    /** Before the last name of a complete list. */
    last?: string;
    /** Before the number of those that are left out. */
    rest?: string;
}

/** "a, b, c"; of more than `most`, the first ones: "a, b and 990 more". */
export function listed(names: readonly string[], { most, last = ", ", rest = " and " }: ListForm): string {
    if (names.length > most) return `${names.slice(0, most).join(", ")}${rest}${names.length - most} more`;
    if (names.length < 2) return names.join("");
    return `${names.slice(0, -1).join(", ")}${last}${names.at(-1)}`;
}
