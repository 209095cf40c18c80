/** A part of a text that may be shortened: its lines are left out from the end. */
export interface Section {
    /** Printed before the lines, if there are any. */
    opening: string[];
    lines: string[];
    closing?: string[];
    /** The lines make sense together only. */
    whole?: true;
    /** What the lines are, for the note about those that are left out: "2 access rules". */
    noun: string;
}

/**
 * Sections as one text that is not longer than a limit.
 *
 * @param sections in their order in the text
 * @param importance the most important one first: it is shortened last
 * @param limit characters
 */
export function fit(sections: readonly Section[], importance: readonly Section[], limit: number): string {
    const kept = new Map(sections.map((section) => [section, 0]));
    const length = (section: Section): number => rendered(section, kept.get(section) ?? 0).length;
    let total = sections.reduce((sum, section) => sum + length(section), 0);
    for (const section of importance) {
        const room = limit - total + length(section);
        const most = mostThatFit(section, room);
        total -= length(section);
        kept.set(section, most);
        total += length(section);
    }
    const text = sections.map((section) => rendered(section, kept.get(section) ?? 0)).join("");
    return text.length <= limit ? text : `${text.slice(0, Math.max(0, limit - 2))}…\n`;
}

/** As many lines as have room, and none of a whole that has not. */
function mostThatFit(section: Section, room: number): number {
    const { lines } = section;
    if (rendered(section, lines.length).length <= room) return lines.length;
    if (section.whole) return 0;
    let [fits, tooMany] = [0, lines.length];
    while (tooMany - fits > 1) {
        const middle = Math.floor((fits + tooMany) / 2);
        if (rendered(section, middle).length <= room) fits = middle;
        else tooMany = middle;
    }
    return fits;
}

function rendered({ opening, lines, closing = [], noun, whole }: Section, kept: number): string {
    if (lines.length === 0) return "";
    const left = lines.length - kept;
    const what = whole === true ? `The ${noun} is` : `${left} ${noun}${left === 1 ? " is" : "s are"}`;
    const note = left === 0 ? [] : ["", `_${what} left out: a comment has a limit._`];
    return [...opening, ...lines.slice(0, kept), ...note, ...closing, ""].map((line) => `${line}\n`).join("");
}
