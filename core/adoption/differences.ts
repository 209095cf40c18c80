import { sha256 } from "@noble/hashes/sha2.js";

import { contains } from "../addresses/index.js";
import { fingerprint } from "../keys/index.js";
import type { Dump, DumpPeer } from "../wireguard/index.js";

/** An interface that is about to be taken over, as it is. */
export interface LiveInterface extends Pick<Dump, "publicKey" | "listenPort" | "fwmark" | "peers"> {
    interface: string;
    mtu: number;
    /** With prefix length. */
    addresses: string[];
    /** Networks that lead to it, without those of its own addresses. */
    routes: string[];
    /** Families in which it forwards. */
    forwards: (4 | 6)[];
}

/** What the program wants of it. */
export interface WantedInterface {
    listenPort: number;
    mtu: number;
    /** Whether the program itself says the MTU. */
    isMtuGiven: boolean;
    addresses: string[];
    /** The tunnel's own networks. */
    subnets: string[];
    peers: WantedPeer[];
    /** Address families in which a grant allows traffic through the relay. */
    forwards: (4 | 6)[];
}

interface WantedPeer {
    name: string;
    publicKey: string;
    /** Empty for none; undefined for one that will be generated. A secret. */
    presharedKey: string | undefined;
    /** Canonical CIDR. */
    allowedIps: string[];
}

export interface Differences {
    /** Changes that cut off a peer or change the interface, a sentence each, without keys. */
    changes: string[];
    /** What changes besides. */
    notes: string[];
    /** What a program names to have these changes made. */
    hash: string;
}

/** In what an interface that is taken over would not stay as it is. */
export function differencesOf(live: LiveInterface, wanted: WantedInterface): Differences {
    const peers = peerDifferences(live, wanted);
    const network = networkDifferences(live, wanted, peers.lost);
    const changes = [...peers.changes, ...interfaceChanges(live, wanted), ...network.changes];
    const text = [live.interface, live.publicKey, ...changes].join("\n");
    return {
        changes,
        notes: [...peers.notes, ...network.notes],
        hash: Buffer.from(sha256(Buffer.from(text)))
            .toString("hex")
            .slice(0, 16),
    };
}

function peerDifferences(
    live: LiveInterface,
    { peers }: WantedInterface,
): Omit<Differences, "hash"> & { lost: string[] } {
    const { interface: device } = live;
    const wanted = new Map(peers.map((peer) => [peer.publicKey, peer]));
    const changes: string[] = [];
    const notes: string[] = [];
    const lost: string[] = [];
    for (const peer of [...live.peers].sort(byKey)) {
        const want = wanted.get(peer.publicKey);
        wanted.delete(peer.publicKey);
        if (want === undefined) {
            const where = peer.allowedIps.join(", ") || "no allowed IPs";
            changes.push(
                `the peer ${fingerprint(peer.publicKey)} (${where}) is on ${device} but not in the program: it is cut off`,
            );
            lost.push(...peer.allowedIps);
            continue;
        }
        const { name } = want;
        changes.push(...keyChange(peer, want, device));
        const gone = peer.allowedIps.filter((ip) => !want.allowedIps.includes(ip));
        lost.push(...gone);
        if (gone.length > 0)
            changes.push(
                `${name} has ${gone.join(", ")} on ${device} but not in the program: traffic to and from there ends`,
            );
        if (peer.keepalive !== 0)
            notes.push(`the relay no longer sends keepalives to ${name} (every ${peer.keepalive} s until now)`);
    }
    for (const { name } of wanted.values()) notes.push(`${name} is not on ${device} yet and is added`);
    return { changes, notes, lost };
}

/** WireGuard looks at a preshared key at each handshake, every two minutes: a peer whose key differs is cut off then. */
function keyChange(
    { presharedKey: now }: DumpPeer,
    { name, presharedKey: then }: WantedPeer,
    device: string,
): string[] {
    if (now === then) return [];
    const end = `${name} is cut off at its next handshake`;
    if (now === "") return [`${name} has no preshared key on ${device}, but one in the program: ${end}`];
    if (then === "") return [`${name} has a preshared key on ${device}, but none in the program: ${end}`];
    return [`${name} has a different preshared key on ${device} than in the program: ${end}`];
}

function interfaceChanges(live: LiveInterface, wanted: WantedInterface): string[] {
    const { interface: device, listenPort, mtu, fwmark, forwards } = live;
    const closed = wanted.forwards.filter((family) => !forwards.includes(family));
    return [
        ...(listenPort === wanted.listenPort
            ? []
            : [
                  `${device} listens on UDP port ${listenPort}, the program has ${wanted.listenPort}: existing configurations no longer connect`,
              ]),
        ...(mtu === wanted.mtu || wanted.isMtuGiven
            ? []
            : [
                  `${device} has MTU ${mtu}, and a Relay without \`mtu\` sets ${wanted.mtu}: set \`mtu: ${mtu}\` to keep it, or \`mtu: ${wanted.mtu}\``,
              ]),
        ...(fwmark === 0
            ? []
            : [
                  `${device} marks its packets with 0x${fwmark.toString(16)}, and a Relay sets no mark: routing rules that match it no longer apply`,
              ]),
        ...(closed.length === 0
            ? []
            : [
                  `${device} does not forward ${closed.map((family) => `IPv${family}`).join(" and ")} today, but the program's grants let peers reach each other through it: set \`grants: []\` to keep it closed`,
              ]),
    ];
}

function networkDifferences(
    live: LiveInterface,
    { addresses, subnets, peers }: WantedInterface,
    lost: string[],
): Omit<Differences, "hash"> {
    const { interface: device } = live;
    const changes: string[] = [];
    const notes: string[] = [];
    const wanted = new Map(addresses.map((text) => [bare(text), text]));
    for (const text of [...live.addresses].sort()) {
        const then = wanted.get(bare(text));
        if (then === undefined)
            changes.push(`${device} has the address ${text}, which is not in the program: it is removed`);
        else if (then !== text) notes.push(`the address ${text} becomes ${then}`);
        wanted.delete(bare(text));
    }
    for (const text of wanted.values()) notes.push(`${device} gets the address ${text}`);
    const led = [...subnets, ...peers.flatMap(({ allowedIps }) => allowedIps), ...lost];
    for (const route of [...live.routes].sort())
        if (!led.some((network) => contains(network, route)))
            changes.push(`${device} has a route to ${route}, which is behind no peer of the program: it is removed`);
    const known = new Set(live.peers.map(({ publicKey }) => publicKey));
    for (const { name, publicKey, allowedIps } of peers) {
        const networks = allowedIps.filter((ip) => !subnets.some((subnet) => contains(subnet, ip)));
        const missing = networks.filter((network) => !live.routes.some((route) => contains(route, network)));
        // A new peer is added together with its networks.
        if (known.has(publicKey) && missing.length > 0)
            changes.push(
                `the machine has no route for ${missing.join(", ")} to ${device} today and gets one (behind ${name})`,
            );
    }
    return { changes, notes };
}

function bare(text: string): string {
    return text.split("/")[0] ?? text;
}

function byKey(one: DumpPeer, other: DumpPeer): number {
    return one.publicKey < other.publicKey ? -1 : 1;
}
