/**
 * Text that others chose, in Markdown: a name cannot make a link, mention a person, open a tag or leave its cell. What is not a plain
 * word is set as code, where neither Markdown nor a forge's own references are read.
 */
import { sanitizeText } from "../audit/sanitize.js";

/** One value as code. */
export function code(text: string, most = LONGEST): string {
    const visible = sanitizeText(text)
        .replace(/[`|]/g, (character) => `<U+00${character.charCodeAt(0).toString(16).toUpperCase()}>`)
        .trim();
    const cut = [...visible].length > most ? `${[...visible].slice(0, most).join("")}…` : visible;
    return `\`${cut === "" ? "(empty)" : cut}\``;
}

/** A sentence: its plain words as they are, everything else as code. */
export function prose(text: string): string {
    return (
        sanitizeText(text)
            .split(/(`[^`]+`)/)
            .flatMap((part, index) => {
                // Between backticks stands a command.
                if (index % 2 === 1) return [code(part.slice(1, -1))];
                return part.split(" ").map((word) => (word === "" ? "" : wordText(word)));
            })
            .join(" ")
            .replace(/ {2,}/g, " ")
            .replace(/([(]) (?=`)|(`) (?=[).,;:](?: |$))/g, "$1$2")
            .trim()
            // A number at the beginning would make a list.
            .replace(/^\d+(?=[.)])/, "`$&`")
    );
}

function wordText(word: string): string {
    const [, opening = "", inner = "", closing = ""] = /^([("]*)(.*?)([)",.;:]*)$/s.exec(word) ?? [];
    if (inner === "") return /^[("),.;:]+$/.test(word) ? word : code(word);
    return PLAIN.test(inner) && !REFERENCE.test(inner) ? word : `${opening}${code(inner)}${closing}`;
}

/** Letters, digits and what joins them inside a word. */
const PLAIN = /^[A-Za-z0-9]+(?:['/.-][A-Za-z0-9]+)*$/;
/** What Markdown or a forge makes of plain words: a site, an issue, a commit. */
const REFERENCE = /www\.|\b[A-Za-z]+-\d+\b|^[0-9a-f]{7,}$|\.[A-Za-z]{2,}/i;

const LONGEST = 300;
