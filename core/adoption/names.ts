import { sha256 } from "@noble/hashes/sha2.js";

import { isName } from "../names.js";
import { decode } from "../keys/text.js";

/**
 * Names for peers, from what was written beside them; a peer with nothing beside it is called after its key. Each is one
 * that a Relay takes, and no two are the same.
 *
 * @param peers in the order of the file: the first of two that would be called the same keeps the name, and the other gets a
 *     number that makes it unique. A label counts before a plain word, and what is inside the block before what is
 *     above it, which may be a heading for a group
 */
export function namePeers(peers: { publicKey: string; above?: string[]; comments: string[] }[]): string[] {
    const labels = peers.map(({ above = [], comments }) => labelOf(above, comments));
    const written = new Set(labels.map((label) => label?.toLowerCase()));
    const taken = new Set<string>();
    return peers.map(({ publicKey }, index) => {
        const label = labels[index];
        const base = label ?? `peer-${shortKey(publicKey)}`;
        const isFree = (name: string): boolean => {
            const key = name.toLowerCase();
            return isName(name) && !taken.has(key) && (key === label?.toLowerCase() || !written.has(key));
        };
        let name = base;
        for (let number = 2; !isFree(name); number++) name = `${base.slice(0, LONGEST - 4)}-${number}`;
        taken.add(name.toLowerCase());
        return name;
    });
}

/** What was written beside a peer that is called after its key: no name could be made of it, and a person may know whose it is. */
export function writtenBeside({ above = [], comments }: { above?: string[]; comments: string[] }): string | undefined {
    if (labelOf(above, comments) !== undefined) return undefined;
    return [...comments, ...above].find((comment) => !isMarker(comment) && /[\p{L}\p{N}]/u.test(comment));
}

/**
 * A text as a name: accents and apostrophes go, whatever else is not a letter or digit becomes a hyphen. "" when nothing is
 * left, or when it has letters that cannot be written in ASCII: half a name could be another peer's.
 */
export function slug(text: string): string {
    const plain = text.normalize("NFKD").replace(/\P{ASCII}/gu, (letter) => LATIN[letter] ?? letter);
    // A byte that is no UTF-8 was a letter, too.
    if (/[^\P{L}A-Za-z]|\ufffd/u.test(plain)) return "";
    return plain
        .replace(/[\p{M}'’`]/gu, "")
        .replace(/[^A-Za-z0-9_]+/g, "-")
        .replace(/^[-_]+|[-_]+$/g, "")
        .slice(0, LONGEST);
}

const LONGEST = 63;

/** Letters that do not come apart into an ASCII letter and an accent. */
const LATIN: Record<string, string> = {
    ...{ ß: "ss", ẞ: "Ss", æ: "ae", Æ: "Ae", œ: "oe", Œ: "Oe", ø: "o", Ø: "O", ł: "l", Ł: "L" },
    ...{ đ: "d", Đ: "D", ð: "d", Ð: "D", þ: "th", Þ: "Th", ħ: "h", Ħ: "H", ı: "i", ŋ: "n", Ŋ: "N" },
};

/** The first eight hex digits of `echo KEY | base64 -d | sha256sum`. */
function shortKey(publicKey: string): string {
    return Buffer.from(sha256(decode(publicKey)))
        .toString("hex")
        .slice(0, 8);
}

/** What scripts, exporters and web interfaces write before a name; the surest first. */
const LABELS = [
    /^BEGIN_PEER\s+(.+)$/i,
    /^(?:friendly_name|name|client[ _-]?name|peer[ _-]?name|user(?:name)?|device|friendly name)\s*[=:]\s*(.+)$/i,
    /^(?:client|peer)\s*[=:]\s*(.+)$/i,
    /^(?:client|peer|user)\s+(.+)$/i,
    /^begin\s+(.+)$/i,
];

function labelOf(above: string[], inside: string[]): string | undefined {
    const written = [...inside, ...above].filter((comment) => !isMarker(comment));
    for (const label of LABELS) {
        for (const comment of written) {
            const name = nonEmpty(label.exec(comment)?.[1]?.replace(/\s*\([^()]*\)\s*$/, ""));
            if (name !== undefined) return name;
        }
    }
    for (const comment of [...inside, ...above]) {
        const name = isPlain(comment) ? nonEmpty(comment) : undefined;
        if (name !== undefined) return name;
    }
    return undefined;
}

/** What a tool writes around blocks that it manages: Ansible's `BEGIN ANSIBLE MANAGED BLOCK`, for instance. */
function isMarker(comment: string): boolean {
    return /\b(?:managed|generated)\b/i.test(comment);
}

/** A word or two is a name. A sentence, a date, a key, a label without a usable name, or "what: so" is not. */
function isPlain(comment: string): boolean {
    if (isMarker(comment) || LABELS.some((label) => label.test(comment))) return false;
    const words = comment.split(/\s+/);
    return (
        words.length <= 3 &&
        comment.length <= 40 &&
        !/[:=]|^\W*$|^\d{4}-\d{2}|\d{1,3}(?:\.\d{1,3}){3}/.test(comment) &&
        !/^(?:peers?|clients?|users?|todo|old|new|disabled|added|created)$/i.test(comment)
    );
}

function nonEmpty(text: string | undefined): string | undefined {
    const name = slug(text ?? "");
    return name === "" ? undefined : name;
}
