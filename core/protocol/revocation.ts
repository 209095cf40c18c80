import { fingerprint } from "../keys/index.js";
import { list, table, text, variants, word } from "./table.js";

/** A key that a change takes away for good, and the addresses and networks that went with it. */
export interface GoneKey {
    /** Whose it was. */
    name: string;
    publicKey: string;
    /** Canonical CIDR; none when they stay with the name. */
    allowedIps: string[];
}

/** Where a relay checked for the peers that it had removed, and what it still found. */
interface Revocation {
    /** Places without the keys. */
    keysAbsentFrom: string[];
    /** Places without the addresses, except those that the same change gave to another peer. */
    addressesAbsentFrom: string[];
    left: Leftover[];
}

/** A rule that would let a flow continue without an element names no peer. */
interface Leftover {
    kind: "keys" | "addresses" | "rules";
    where: string;
    /** A public key, or an address or network without the prefix length of a single address. */
    token: string;
}

/**
 * Keys that a change takes away for good, and the addresses that go with them.
 *
 *     public key    allowed IPs
 *     7UQw…FAw=     10.8.0.2/32,192.168.7.0/24
 */
export const gone = table("gone", { publicKey: text, allowedIps: list(",") });

/**
 * Where a relay looked for them when it was done, and what is left.
 *
 *     read    keys         interface wg0
 *     read    addresses    the routes of wg0
 *     left    keys         interface wg0    7UQw…FAw=
 */
export const proof = variants("proof", {
    read: { what: word("keys", "addresses"), where: text },
    left: { what: word("keys", "addresses", "rules"), where: text, token: text },
});

/** @returns undefined if no peer was to be removed */
export function parseRevocation(answer: string | undefined): Revocation | undefined {
    if (answer === undefined) return undefined;
    const rows = proof.parse(answer);
    const left = rows.flatMap((row): Leftover[] =>
        row.kind === "left" ? [{ kind: row.what, where: row.where, token: row.token }] : [],
    );
    const absent = (what: "keys" | "addresses"): string[] => {
        const places = rows.flatMap((row) => (row.kind === "read" && row.what === what ? [row.where] : []));
        return places.filter((where) => !left.some((each) => each.kind === what && each.where === where));
    };
    return { keysAbsentFrom: absent("keys"), addressesAbsentFrom: absent("addresses"), left };
}

/** What is left of each key, a sentence without full stop a place. */
export function leftSentences({ left }: Revocation, keys: readonly GoneKey[]): string[] {
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

/** Peers of which something is left. */
export function notGone(revocation: Revocation | undefined, keys: readonly GoneKey[]): Set<string> {
    const left = new Set((revocation?.left ?? []).map(({ token }) => token));
    const stays = (key: GoneKey): boolean =>
        [key.publicKey, ...addressesOf(key)].some((token) => left.has(token)) ||
        // Such a rule concerns every peer.
        revocation?.left.some(({ kind }) => kind === "rules") === true;
    return new Set(keys.filter(stays).map(({ publicKey }) => publicKey));
}

function addressesOf({ allowedIps }: GoneKey): string[] {
    return allowedIps.map((cidr) => cidr.replace(/\/(32|128)$/, ""));
}
