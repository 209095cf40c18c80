import { randomBytes } from "node:crypto";
import { generateKeyPair } from "../../../core/keys.js";
import type { LabNode } from "../../lab/index.js";

export interface Teammate {
    name: string;
    publicKey: string;
    privateKey: string;
}

/** People with keys of their own. */
export function withKeys(...names: string[]): Teammate[] {
    return names.map((name) => ({ name, ...generateKeyPair((length) => new Uint8Array(randomBytes(length))) }));
}

export interface LivePeer {
    publicKey: string;
    presharedKey: string;
    /** Unix seconds; 0 for never. */
    latestHandshake: number;
    keepalive: string;
}

/** Who is on the interface, by allowed IPs (sorted, comma-separated). */
export async function livePeers(node: LabNode, device: string): Promise<Map<string, LivePeer>> {
    const lines = (await node.run(["wg", "show", device, "dump"])).trim().split("\n").slice(1);
    return new Map(
        lines
            .map((line) => line.split("\t") as [string, string, string, string, string, string, string, string])
            .map(([publicKey, presharedKey, , allowedIps, handshake, , , keepalive]): [string, LivePeer] => [
                allowedIps.split(",").sort().join(","),
                { publicKey, presharedKey, latestHandshake: Number(handshake), keepalive },
            ])
            .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
}

/** What the plugin said of the relay called "relay", each sentence once, sorted. */
export function spoken(text: string): string[] {
    const said = text.split("\n").map((line) => /^(?:warning: )?(relay: .*)$/.exec(line.trim())?.[1]);
    return [...new Set(said.filter((sentence) => sentence !== undefined))].sort();
}

/** Why the engine says it failed, each reason once. */
export function reasons(text: string): string[] {
    const errors = text.split("\n").map((line) => /^ +error: (.*)$/.exec(line)?.[1]);
    const given = errors.filter((reason) => reason !== undefined);
    return [...new Set(given.filter((reason) => !/^(update|preview) failed$/.test(reason)))];
}
