import { sanitizeText } from "../audit/sanitize.js";
import { fingerprint } from "../keys/index.js";
import type { Dump } from "../wireguard/index.js";
import { canonicalNetworks } from "./cidrs.js";

/** The interface as it is on the machine, where that can be looked at: what people use counts, not what a file says. */
export interface LiveRelay extends Pick<Dump, "publicKey" | "listenPort" | "peers"> {
    mtu: number;
    /** Whether it forwards anything. */
    forwards: boolean;
}

/** A peer of the file, or of the interface alone. */
export interface Entry {
    name: string;
    publicKey: string;
    /** What was written beside it, where that cannot be a name. */
    written?: string | undefined;
    allowed: string[];
    /** Of the file; undefined when it has none. A secret. */
    inFile?: string | undefined;
    /** Of the interface: empty for none. Absent where it was not looked at. A secret. */
    onWire?: string;
}

/** Keys of peers that are on the interface and not in the file. */
export function missingInFile(publicKeys: readonly string[], live: LiveRelay | undefined): string[] {
    return (live?.peers ?? []).map(({ publicKey }) => publicKey).filter((key) => !publicKeys.includes(key));
}

/** The peers as they are on the interface, and what the file has otherwise, a sentence each. */
export function asOnWire(
    entries: readonly Entry[],
    live: LiveRelay,
    { device, inFile }: { device: string; inFile: number },
): { entries: Entry[]; left: string[] } {
    const left: string[] = [];
    const known = new Map(live.peers.map((peer) => [peer.publicKey, peer]));
    const kept = entries.flatMap((entry, index): Entry[] => {
        const peer = known.get(entry.publicKey);
        const { name } = entry;
        if (peer === undefined) {
            left.push(
                `${name} is in the file but not on ${device}, and is left out: add it if it belongs to the relay`,
            );
            return [];
        }
        const { allowedIps, presharedKey } = peer;
        if (index >= inFile) {
            const which = `${name} (${fingerprint(entry.publicKey)}, ${allowedIps.join(", ") || "no allowed IPs"})`;
            left.push(
                `${which} is on ${device} but not in the file: it is listed as on the interface; remove it if it does not belong there`,
            );
        } else {
            if (canonicalNetworks(entry.allowed) !== canonicalNetworks(allowedIps))
                left.push(
                    `${name} has the allowed IPs ${allowedIps.join(", ") || "none"} on ${device}, and ${sanitizeText(entry.allowed.join(", ")) || "none"} in the file: those on ${device} are used`,
                );
            if (entry.inFile !== undefined && entry.inFile !== presharedKey)
                left.push(
                    `${name} has a different preshared key on ${device} than in the file: the one on ${device} is used`,
                );
        }
        return [{ ...entry, allowed: allowedIps, onWire: presharedKey }];
    });
    return { entries: kept, left };
}
