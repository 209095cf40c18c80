/**
 * What one party gives another so that both can write their programs: names and public keys of its peers, what these want to reach,
 * and how far its log has grown. An offer is a JSON text without any secret, and is read as if a stranger had written it.
 *
 * ```json
 * { "format": "qp-tunnel-offer/1", "from": "birch", "peers": [{ "name": "editor", "publicKey": "…=" }],
 *   "wants": [{ "from": "editor", "to": "archive", "ports": ["tcp/22"] }, { "from": "editor", "to": "wiki" }],
 *   "log": { "note": "…", "since": 12, "path": ["…"] }, "observed": [{ "origin": "…", "size": 40, "root": "…" }] }
 * ```
 */
import { z } from "zod";

import { formatPorts } from "../access/index.js";
import { parsePorts } from "../arguments/text.js";
import { text, validate } from "../arguments/validate.js";
import { parseNote } from "../audit/note.js";
import type { Extension } from "../audit/proofText.js";
import { InvalidArgument } from "../errors.js";
import { parsePublicKey } from "../keys/text.js";
import { checkName, checkUniqueNames } from "../names.js";

export const OFFER_FORMAT = "qp-tunnel-offer/1";

/** Bytes of an offer: that of a thousand peers is a quarter of this. */
export const MAX_OFFER_BYTES = 1024 * 1024;

/** A peer as its owner names it. Its private key stays with the owner. */
export interface OfferedPeer {
    name: string;
    publicKey: string;
}

/** What one of the offered peers asks for at the recipient's relay. */
export interface Want {
    /** An offered peer. */
    from: string;
    /** A peer or a service of the recipient. */
    to: string;
    /** As in a grant. Absent: `to` is a service. */
    ports?: string[];
}

/** How far the sender's log has grown, and that it begins with what the recipient has recorded of it. */
export interface OfferedLog {
    /** Signed note of a checkpoint. */
    note: string;
    /** Size of the checkpoint that this one extends; 0 or absent: none. */
    since?: number;
    /** Consistency proof from `since`, base64. */
    path?: string[];
}

/** A checkpoint of another log that the sender's log has recorded last. */
export interface ObservedLog {
    origin: string;
    size: number;
    root: string;
}

export interface Offer {
    format: typeof OFFER_FORMAT;
    /** Who makes it: the prefix of its peers' names at the recipient. */
    from: string;
    peers: OfferedPeer[];
    wants: Want[];
    log?: OfferedLog;
    observed: ObservedLog[];
}

/** As much as one offer may hold of a kind: more is a mistake, or meant to keep the recipient busy. */
const MOST = 1000;

const name = text(checkName);
const size = z.int().min(0);
const hash = text((value, subject) => {
    if (Buffer.from(value, "base64").length === 32 && Buffer.from(value, "base64").toString("base64") === value)
        return value;
    throw new InvalidArgument(subject, "is not a hash", "use the unmodified offer: base64 of 32 bytes");
});
const ports = text((value, subject) => formatPorts(parsePorts(value, subject)));

const offerSchema: z.ZodType<Offer> = z.strictObject({
    format: z.literal(OFFER_FORMAT),
    from: name,
    peers: z.array(z.strictObject({ name, publicKey: text(parsePublicKey) })).max(MOST),
    wants: z
        .array(z.strictObject({ from: name, to: name, ports: z.array(ports).min(1).max(MOST).exactOptional() }))
        .max(MOST)
        .default([]),
    log: z
        .strictObject({
            note: z.string(),
            since: size.exactOptional(),
            // A proof has two hashes for each doubling of the log.
            path: z.array(hash).max(128).exactOptional(),
        })
        .exactOptional(),
    observed: z
        .array(z.strictObject({ origin: z.string().min(1).max(300), size, root: hash }))
        .max(MOST)
        .default([]),
});

/**
 * An offer that was received.
 *
 * @param source the text of a file, or the value of a stack's output
 * @param subject what it is called: "offer offers/birch.json"
 * @throws InvalidArgument naming every fault
 */
export function parseOffer(source: unknown, subject: string): Offer {
    const value = typeof source === "string" ? parseText(source, subject) : source;
    refuseOtherFormat(value, subject);
    const offer = validate(offerSchema, value, subject);
    checkUniqueNames(
        offer.peers.map((peer) => peer.name),
        `${subject}.peers`,
    );
    refuseSharedKeys(offer, subject);
    refuseStrangers(offer, subject);
    return offer;
}

/** The same offer is the same text, whatever order it was put together in. */
export function renderOffer({ format, from, peers, wants, log, observed }: Offer): string {
    const sorted = {
        format,
        from,
        peers: peers
            .map((peer) => ({ name: peer.name, publicKey: peer.publicKey }))
            .sort((a, b) => compare(a.name, b.name)),
        wants: wants
            .map((want) => ({
                from: want.from,
                to: want.to,
                ...(want.ports === undefined ? {} : { ports: want.ports }),
            }))
            .sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b))),
        ...(log === undefined ? {} : { log: { note: log.note, ...proofOf(log) } }),
        observed: observed
            .map((each) => ({ origin: each.origin, size: each.size, root: each.root }))
            .sort((a, b) => compare(a.origin, b.origin)),
    };
    return `${JSON.stringify(sorted, undefined, 4)}\n`;
}

/**
 * The checkpoint in an offer, as a witness is asked for it.
 *
 * @throws InvalidArgument when the offer has none; AuditError when its note is malformed
 */
export function extensionIn({ log }: Offer, subject: string): Extension & { parsed: ReturnType<typeof parseNote> } {
    if (log === undefined) {
        const fix = "ask for one that is made with `qp-tunnel offer`";
        throw new InvalidArgument(subject, "it has no checkpoint of a log", fix);
    }
    const { note, since: old = 0, path = [] } = log;
    return { old, path: path.map((each) => Buffer.from(each, "base64")), note, parsed: parseNote(note) };
}

function proofOf({ since, path }: OfferedLog): Pick<OfferedLog, "since" | "path"> {
    return { ...(since === undefined ? {} : { since }), ...(path === undefined ? {} : { path }) };
}

function parseText(source: string, subject: string): unknown {
    if (Buffer.byteLength(source) > MAX_OFFER_BYTES)
        throw new InvalidArgument(subject, "it is longer than 1 MiB", "an offer is not: ask for the file again");
    try {
        return JSON.parse(source) as unknown;
    } catch (cause) {
        throw new InvalidArgument(subject, "it is not JSON", "use the unmodified output of `qp-tunnel offer`", {
            cause,
        });
    }
}

/** Of another version nothing else may be as expected. */
function refuseOtherFormat(value: unknown, subject: string): void {
    const format = (value as { format?: unknown } | null | undefined)?.format;
    if (typeof format !== "string" || format === OFFER_FORMAT || !/^qp-tunnel-offer\/\d{1,9}$/.test(format)) return;
    throw new InvalidArgument(
        subject,
        `it has the format ${format}, and this version reads ${OFFER_FORMAT}`,
        "update the library here, or ask for an offer in that format",
    );
}

function refuseSharedKeys({ peers }: Offer, subject: string): void {
    const owners = new Map<string, string>();
    for (const { name: peer, publicKey } of peers) {
        const owner = owners.get(publicKey);
        if (owner !== undefined) {
            const fix = "ask for an offer in which each peer has its own key";
            throw new InvalidArgument(`${subject}.peers`, `the key of ${peer} is also the key of ${owner}`, fix);
        }
        owners.set(publicKey, peer);
    }
}

function refuseStrangers({ peers, wants }: Offer, subject: string): void {
    const names = new Set(peers.map((peer) => peer.name));
    wants.forEach(({ from }, index) => {
        if (names.has(from)) return;
        const path = `${subject}.wants[${index}].from`;
        throw new InvalidArgument(path, `"${from}" is not one of the offered peers`, "ask for a corrected offer");
    });
}

/** By code units: everywhere the same. */
function compare(a: string, b: string): number {
    if (a === b) return 0;
    return a < b ? -1 : 1;
}
