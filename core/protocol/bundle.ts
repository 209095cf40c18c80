/**
 * The text that goes to a relay and comes back: "@name" starts a file, each of its lines is indented by one space.
 * Readable in a terminal, safe for any content that is text, and taken apart by five lines of awk.
 */
import { InvalidArgument } from "../errors.js";

export type Files = Record<string, string>;

export function formatBundle(files: Files): string {
    return Object.entries(files)
        .map(([name, content]) => `@${checkedName(name)}\n${indent(content)}`)
        .join("");
}

/** Lines before the first "@" are ignored: a login shell may print a greeting. A name that repeats is joined. */
export function parseBundle(text: string): Files {
    const files: Files = {};
    let name: string | undefined;
    for (const line of text.split("\n")) {
        if (line.startsWith("@")) {
            name = line.slice(1);
            files[name] ??= "";
        } else if (name !== undefined && line.startsWith(" ")) {
            files[name] += `${line.slice(1)}\n`;
        }
    }
    return files;
}

function checkedName(name: string): string {
    if (/^[^\p{Cc}\s]+$/u.test(name)) return name;
    throw new InvalidArgument("a bundle", "a file's name holds a blank or a control character", "rename it");
}

function indent(content: string): string {
    if (content === "") return "";
    const lines = content.endsWith("\n") ? content.slice(0, -1) : content;
    return lines
        .split("\n")
        .map((line) => ` ${line}\n`)
        .join("");
}
