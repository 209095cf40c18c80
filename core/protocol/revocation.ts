import { fingerprint } from "../keys/index.js";
import { cellPart, tableLine } from "./table.js";

/** A key that a change takes away for good, and the addresses and networks that went with it. */
export interface GoneKey {
    /** Whose it was. */
    name: string;
    publicKey: string;
    /** Canonical CIDR; none when they stay with the name. */
    allowedIps: string[];
}

/** Where a relay looked, when it was done, for whoever it had cut off, and what it still found. */
export interface Revocation {
    /** Places without the keys. */
    keysAbsentFrom: string[];
    /** Places without the addresses, those left out that the same change gave to somebody else. */
    addressesAbsentFrom: string[];
    left: Leftover[];
}

/** A rule that would let a flow go on without an element has no token that is somebody's. */
export interface Leftover {
    kind: "keys" | "addresses" | "rules";
    where: string;
    /** A public key, or an address or network without the prefix length of a single address. */
    token: string;
}

/** "public key TAB allowed IPs" lines, as the relay's program takes them. */
export function renderGone(keys: readonly GoneKey[]): string {
    return keys
        .map(({ publicKey, allowedIps }) => {
            const list = allowedIps.map((cidr) => cellPart("gone", cidr)).join(",");
            return tableLine("gone", [publicKey, list]);
        })
        .join("");
}

/**
 * Reads the relay's answer: "read TAB KIND TAB PLACE" for each place, "left TAB KIND TAB PLACE TAB TOKEN" for what is still there.
 *
 * @returns undefined when nobody had to be gone
 */
export function parseRevocation(text: string | undefined): Revocation | undefined {
    if (text === undefined) return undefined;
    const lines = text.split("\n").map((line) => line.split("\t"));
    const left = lines
        .filter(([what]) => what === "left")
        .map(([, kind, where = "", token = ""]): Leftover => ({ kind: kind as Leftover["kind"], where, token }));
    const absent = (kind: string): string[] => {
        const places = lines.filter(([what, of]) => what === "read" && of === kind).map(([, , where = ""]) => where);
        return places.filter((where) => !left.some((each) => each.kind === kind && each.where === where));
    };
    return { keysAbsentFrom: absent("keys"), addressesAbsentFrom: absent("addresses"), left };
}

/** What is left of each key, a sentence without full stop a place. */
export function leftInWords({ left }: Revocation, keys: readonly GoneKey[]): string[] {
    return left.map(({ kind, where, token }) => {
        if (kind === "rules")
            return `a rule lets connections go on that nothing allows any more: ${where}; the next \`pulumi up --refresh\` loads the relay's own table`;
        const of = keys.find((key) => (kind === "keys" ? key.publicKey === token : addressesOf(key).includes(token)));
        const whose = of === undefined ? "" : `of ${of.name} `;
        const what =
            kind === "keys" ? `the key ${whose}(${fingerprint(token)})` : `the address ${token} ${whose}`.trim();
        return `${what} was revoked and is still in ${where}; the next \`pulumi up\` removes it there`;
    });
}

/** Of whom something is left. */
export function notGone(revocation: Revocation | undefined, keys: readonly GoneKey[]): Set<string> {
    const left = new Set((revocation?.left ?? []).map(({ token }) => token));
    const stays = (key: GoneKey): boolean =>
        [key.publicKey, ...addressesOf(key)].some((token) => left.has(token)) ||
        // Such a rule is for everybody.
        revocation?.left.some(({ kind }) => kind === "rules") === true;
    return new Set(keys.filter(stays).map(({ publicKey }) => publicKey));
}

function addressesOf({ allowedIps }: GoneKey): string[] {
    return allowedIps.map((cidr) => cidr.replace(/\/(32|128)$/, ""));
}
