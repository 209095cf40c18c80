import { routesOf } from "../registry/defaults.js";
import { HostError } from "../errors.js";
import { NONE } from "../protocol/table.js";
import type { RegistryPeer } from "../registry/model.js";

/** A peer as the wire reports it. */
export interface DumpPeer {
    publicKey: string;
    /** Empty when there is none. A secret. */
    presharedKey: string;
    /** Where its last packet came from, "203.0.113.9:41922"; empty before the first. */
    endpoint: string;
    /** Canonical CIDR, sorted. */
    allowedIps: string[];
    /** Unix seconds; 0 is never. */
    latestHandshake: number;
    /** Bytes. */
    received: number;
    /** Bytes. */
    sent: number;
    /** Seconds; 0 is off. */
    keepalive: number;
}

/** An interface as the wire reports it. */
export interface Dump {
    /** Absent when the interface has none. A secret. */
    privateKey?: string;
    /** Empty when the interface has no private key. */
    publicKey: string;
    listenPort: number;
    /** 0 is none. */
    fwmark: number;
    peers: DumpPeer[];
}

/** A peer as it shall be on the wire. */
export interface DesiredPeer {
    name: string;
    publicKey: string;
    /** Empty for none. A secret. */
    presharedKey: string;
    allowedIps: string[];
    /** Seconds; 0 is off. */
    keepalive: number;
    /** host:port of the peer; absent for a peer that initiates the connection itself. */
    endpoint?: string;
    /** RFC 3339; absent for never. */
    expires?: string;
}

/**
 * Reads what `wg show IFACE dump` prints: one line for the interface, one for each peer, tab-separated (wg(8)).
 *
 * @throws HostError naming the line; never its text, which holds keys
 */
export function parseDump(text: string): Dump {
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    const [first, ...rest] = lines.map((line) => line.split("\t"));
    if (first === undefined) throw malformed(1, "is missing");
    if (first.length !== 4) throw malformed(1, `has ${first.length} fields, not 4`);
    const privateKey = optionalKey(first[0]!, 1, "private key");
    return {
        ...(privateKey === "" ? {} : { privateKey }),
        publicKey: optionalKey(first[1]!, 1, "public key"),
        listenPort: count(first[2]!, 1, "listen port", 65535),
        fwmark: first[3] === "off" ? 0 : mark(first[3]!, 1),
        peers: rest.map((fields, index) => parsePeer(fields, index + 2)),
    };
}

/** What a peer may send from and be sent: its own addresses and the networks behind it. Canonical as wg prints them, sorted. */
export function fromAllowedIps(peer: RegistryPeer): string[] {
    const own = peer.address6 === undefined ? [`${peer.address}/32`] : [`${peer.address}/32`, `${peer.address6}/128`];
    return [...own, ...routesOf(peer)].sort();
}

const KEY = /^[A-Za-z0-9+/]{43}=$/;

/** The kernel's way to say "no preshared key". */
const ZERO_KEY = `${"A".repeat(43)}=`;

function parsePeer(fields: string[], line: number): DumpPeer {
    if (fields.length !== 8) throw malformed(line, `has ${fields.length} fields, not 8`);
    const [publicKey, presharedKey, endpoint, allowedIps, handshake, received, sent, keepalive] = fields as [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
    ];
    if (!KEY.test(publicKey)) throw malformed(line, "has no public key");
    return {
        publicKey,
        presharedKey: optionalKey(presharedKey, line, "preshared key"),
        endpoint: endpoint === NONE ? "" : endpoint,
        allowedIps: allowedIps === NONE ? [] : allowedIps.split(",").sort(),
        latestHandshake: count(handshake, line, "handshake time", Number.MAX_SAFE_INTEGER),
        received: count(received, line, "byte count", Number.MAX_SAFE_INTEGER),
        sent: count(sent, line, "byte count", Number.MAX_SAFE_INTEGER),
        keepalive: keepalive === "off" ? 0 : count(keepalive, line, "keepalive", 65535),
    };
}

function optionalKey(text: string, line: number, what: string): string {
    if (text === NONE) return "";
    if (!KEY.test(text)) throw malformed(line, `has a ${what} that is not 32 bytes of base64`);
    return text === ZERO_KEY ? "" : text;
}

function count(text: string, line: number, what: string, most: number): number {
    const value = Number(text);
    if (!/^[0-9]+$/.test(text) || value > most)
        throw malformed(line, `has a ${what} that is not a number up to ${most}`);
    return value;
}

function mark(text: string, line: number): number {
    if (!/^0x[0-9a-f]{1,8}$/.test(text)) throw malformed(line, "has a mark that is neither off nor hexadecimal");
    return Number(text);
}

function malformed(line: number, problem: string): HostError {
    return new HostError(
        `wg show dump, line ${line}`,
        problem,
        "check that wireguard-tools on the relay is 1.0.20210914 or newer",
    );
}
