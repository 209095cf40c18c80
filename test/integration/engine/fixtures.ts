import { randomBytes } from "node:crypto";
import { generateKeyPair } from "../../../core/keys/index.js";
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

/** Has people connect with the files that their relay hands out. */
export async function connect(
    lab: { node(name: string): LabNode; interface(name: string): string },
    configs: Record<string, string>,
    team: readonly Teammate[],
    names: readonly string[],
): Promise<void> {
    for (const name of names) {
        const { privateKey } = team.find((mate) => mate.name === name)!;
        await lab.node(name).wgQuickUp(configs[name]!, lab.interface(name), privateKey);
    }
}

export interface LivePeer {
    publicKey: string;
    presharedKey: string;
    /** Unix seconds; 0 for never. */
    latestHandshake: number;
    keepalive: string;
}

/** Seconds after which a session in use is renewed by whoever began it (WireGuard's REKEY_AFTER_TIME). */
const REKEY_AFTER = 120;

/**
 * Who is on the interface, by allowed IPs (sorted, comma-separated).
 *
 * @param before who was: a session that was renewed in its own time since is still the same one, as on a slow machine
 */
export async function livePeers(
    node: LabNode,
    device: string,
    before = new Map<string, LivePeer>(),
): Promise<Map<string, LivePeer>> {
    const lines = (await node.run(["wg", "show", device, "dump"])).trim().split("\n").slice(1);
    return new Map(
        lines
            .map((line) => line.split("\t") as [string, string, string, string, string, string, string, string])
            .map(([publicKey, presharedKey, , ips, handshake, , , keepalive]): [string, LivePeer] => {
                const allowedIps = ips.split(",").sort().join(",");
                const last = before.get(allowedIps)?.latestHandshake ?? 0;
                const isRenewed = last > 0 && Number(handshake) - last >= REKEY_AFTER;
                const latestHandshake = isRenewed ? last : Number(handshake);
                return [allowedIps, { publicKey, presharedKey, latestHandshake, keepalive }];
            })
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
