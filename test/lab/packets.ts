import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** A machine that packets are sent from and looked for on. */
export interface PacketHost {
    namespace: string;
    /** Where packets come in. Absent: what the machine's own firewall passes to itself is what arrived. */
    device?: string;
    /** Addresses at which it answers datagrams; empty with a firewall of its own, which knows. */
    own: readonly string[];
}

/** One packet that begins or continues a flow: a SYN of TCP, a datagram, a ping, or another protocol's packet. */
export interface SentPacket {
    /** Name of a host. */
    from: string;
    src: string;
    dst: string;
    proto: number;
    /** A ping's identifier, which is a port for connection tracking. */
    sport: number;
    dport: number;
    /** Its own, below 2^24. */
    id: number;
}

/** Names of the hosts that saw a packet, and of those that saw its answer. */
export interface Fate {
    arrived: string[];
    answered: string[];
}

/**
 * Sends packets through real interfaces, in this order, and waits until it is quiet.
 *
 * @param patience seconds without a packet after which nothing more is expected
 */
export function sendPackets(
    hosts: Readonly<Record<string, PacketHost>>,
    packets: readonly SentPacket[],
    patience: number,
): Fate[] {
    if (packets.length === 0) return [];
    const ports = [...new Set(packets.filter(({ proto }) => proto === UDP).map(({ dport }) => dport))];
    const protocols = [...new Set(packets.map(({ proto }) => proto))];
    const input = JSON.stringify({ hosts, packets, ports, protocols, patience });
    const options = { input, encoding: "utf8", timeout: 120_000, maxBuffer: 1 << 26 } as const;
    const { status, stdout, stderr } = spawnSync("perl", [join(__dirname, "programs/packets.pl")], options);
    if (status !== 0) throw new Error(`packets.pl: exit status ${status}\n${stderr}`);
    return JSON.parse(stdout) as Fate[];
}

const UDP = 17;
