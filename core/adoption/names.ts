import { sha256 } from "@noble/hashes/sha2.js";

import { isName } from "../names.js";
import { decode } from "../keys/text.js";

/**
 * Names for peers, from what was written beside them; who has nothing beside her is called after her key. Each is one
 * that a Relay takes, and no two are the same.
 *
 * @param peers in the order of the file: the first of two who would be called the same keeps the name
 */
export function namePeers(peers: { publicKey: string; comments: string[] }[]): string[] {
    const taken = new Set<string>();
    return peers.map(({ publicKey, comments }) => {
        const wished = wishOf(comments) ?? `peer-${shortKey(publicKey)}`;
        let name = wished;
        for (let number = 2; taken.has(name.toLowerCase()) || !isName(name); number++)
            name = `${wished.slice(0, LONGEST - 4)}-${number}`;
        taken.add(name.toLowerCase());
        return name;
    });
}

/** A text as a name: accents and apostrophes go, whatever else is no letter or digit becomes a hyphen. "" when nothing is left. */
export function slug(text: string): string {
    return text
        .normalize("NFKD")
        .replace(/[\p{M}'’`]/gu, "")
        .replace(/[^A-Za-z0-9_]+/g, "-")
        .replace(/^[-_]+|[-_]+$/g, "")
        .slice(0, LONGEST);
}

const LONGEST = 63;

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

function wishOf(comments: string[]): string | undefined {
    for (const label of LABELS) {
        for (const comment of comments) {
            const name = nonEmpty(label.exec(comment)?.[1]?.replace(/\s*\([^()]*\)\s*$/, ""));
            if (name !== undefined) return name;
        }
    }
    for (const comment of comments) {
        const name = isPlain(comment) ? nonEmpty(comment) : undefined;
        if (name !== undefined) return name;
    }
    return undefined;
}

/** A word or two is a name. A sentence, a date, a key or "what: so" is none. */
function isPlain(comment: string): boolean {
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
