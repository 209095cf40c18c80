import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/*
 * Keys of unit tests. Each has the right length and form, and reads as what it is: `mock/private/alice/AAAA…=`. Nobody can take one for
 * a real key, and a test can compare with it.
 */

/** A WireGuard key or a seed: 32 bytes in base64. The last bytes are zero, as a public key must be less than the field's prime. */
export function mockKey(kind: "private" | "public" | "seed", name: string): string {
    return `${labelled(`mock/${kind}/`, name, KEY_CHARACTERS)}=`;
}

/** An SSH public key, as in known_hosts. */
export function mockSshKey(name: string): string {
    return `ssh-ed25519 ${SSH_PREFIX}${labelled("Mock/", name, KEY_CHARACTERS)}`;
}

/** Whether a value was made up for a unit test: here, or in its neighbour `outputs.ts`. */
export function isMock(value: unknown): boolean {
    return typeof value === "string" && MOCK.test(value);
}

const MOCK = /^(?:mock[ /]|ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMock\/|-----BEGIN [A-Z ]+-----\nmock )/;

/** 32 bytes in base64 without padding. */
const KEY_CHARACTERS = 43;
/** Characters at the end that are zero bits. */
const ZEROS = 2;
/** The name of the algorithm and the length of the key, each as a string of SSH (RFC 4251, section 5). */
const SSH_PREFIX = "AAAAC3NzaC1lZDI1NTE5AAAAI";

/** The prefix and the name in letters of base64, filled up with zero bits. A name that does not fit gets a hash, so that no two are the same. */
function labelled(prefix: string, name: string, length: number): string {
    const room = length - prefix.length - ZEROS - 1;
    const text = name.replaceAll(/[^A-Za-z0-9]/g, "/");
    const hash = bytesToHex(sha256(utf8ToBytes(name))).slice(0, HASH);
    const label = text === name && name.length <= room ? name : `${text.slice(0, room - HASH - 1)}/${hash}`;
    return `${prefix}${label}/`.padEnd(length, "A");
}

const HASH = 8;
