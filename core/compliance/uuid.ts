import { sha1 } from "@noble/hashes/legacy.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

/** A name-based UUID (RFC 9562, version 5): the same name has the same one everywhere, without randomness. */
export function uuidOf(namespace: string, name: string): string {
    const hash = sha1(Uint8Array.from([...hexToBytes(namespace.replaceAll("-", "")), ...utf8ToBytes(name)]));
    const bytes = hash.slice(0, 16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    return bytesToHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** RFC 9562's namespace for names that are URLs. */
export const URL_NAMESPACE = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";
