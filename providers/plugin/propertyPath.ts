/**
 * A property path as the engine parses it: `peers.carol`, and `peers["a.b"]` where a key has characters of the
 * path's own grammar. Use it for the keys of a diff's changes.
 */
export function path(...parts: string[]): string {
    return parts.map((part, index) => (PLAIN.test(part) ? `${index === 0 ? "" : "."}${part}` : quoted(part))).join("");
}

const PLAIN = /^[A-Za-z0-9_$-]+$/;

function quoted(part: string): string {
    return `["${part.replaceAll('"', '\\"')}"]`;
}
