/** A relay as its state knows it, and what it answers, at 2026-11-25T12:00:00Z. */
import { knownRelay, type KnownRelay, type RelayAnswer } from "../../../../core/status/index.js";
import type { DumpPeer } from "../../../../core/wireguard/index.js";

export const NOW = Date.parse("2026-11-25T12:00:00Z") / 1000;
export const key = (name: string): string => Buffer.alloc(32, name).toString("base64");

export const known: KnownRelay = knownRelay({
    relay: "office",
    host: "root@203.0.113.7",
    appName: "qp-tunnel",
    peers: {
        alice: { address: "10.8.0.2", publicKey: key("alice") },
        bob: { address: "10.8.0.3", address6: "fd00::3" },
        carol: { address: "10.8.0.4", publicKey: key("carol") },
        dora: { address: "10.8.0.5", publicKey: key("dora") },
        erik: { address: "10.8.0.6", publicKey: key("erik"), expires: "2026-11-25T11:59:59Z" },
    },
    publicKeys: { bob: key("bob") },
    registry: {
        alice: { address: "10.8.0.2", publicKey: key("alice"), status: "active", since: "2026-01-01T00:00:00Z" },
        mallory: {
            address: "10.8.0.9",
            publicKey: key("mallory"),
            status: "revoked",
            since: "2026-01-01T00:00:00Z",
            revokedAt: "2026-02-01T00:00:00Z",
        },
        oscar: { address: "10.8.0.8", publicKey: key("oscar"), status: "revoked", revokedAt: "2026-02-01T00:00:00Z" },
    },
    addresses: ["10.8.0.1"],
    services: { wiki: { port: 8443 }, notes: { port: 8444 } },
    served: { wiki: { group: "X25519MLKEM768", cipher: "TLS_AES_256_GCM_SHA384" }, notes: { group: "none" } },
    epochs: { [key("relay 1")]: 1, [key("relay 2")]: 2 },
});

export function onWire(name: string, more: Partial<DumpPeer> = {}): DumpPeer {
    const addresses = known.peers[name]?.addresses ?? ["10.8.0.99"];
    return {
        publicKey: key(name),
        presharedKey: "",
        endpoint: "",
        allowedIps: addresses.map((address) => `${address}/${address.includes(":") ? 128 : 32}`),
        latestHandshake: 0,
        received: 0,
        sent: 0,
        keepalive: 0,
        ...more,
    };
}

const ago = (seconds: number): Partial<DumpPeer> => ({ latestHandshake: NOW - seconds });

/** Everybody is as listed. */
export function healthy(): RelayAnswer {
    const peers = [
        onWire("alice", { ...ago(180), endpoint: "198.51.100.2:41000", received: 1536, sent: 5 * 1024 ** 3 }),
        onWire("bob", { ...ago(181), endpoint: "198.51.100.3:41000", received: 10, sent: 20 }),
        onWire("carol"),
        onWire("dora"),
    ];
    return {
        time: NOW,
        generation: 12,
        pending: [],
        table: true,
        proxy: true,
        interfaces: [
            {
                name: "wg0",
                dump: { publicKey: key("relay 1"), listenPort: 51820, fwmark: 0, peers },
            },
        ],
        moving: [],
        listeners: ["10.8.0.1:8443", "10.8.0.1:8444"],
        certificates: [
            certificate("wiki", "2027-11-25T12:00:00Z"),
            certificate("notes", "2026-12-25T11:59:59Z"),
            // What lies beside it until the proxy has loaded the new one.
            certificate("wiki", "2026-11-26T12:00:00Z"),
        ],
        journal: [],
    };
}

export function certificate(service: string, notAfter: string): RelayAnswer["certificates"][number] {
    return {
        names: [`${service}.qp-tunnel.internal`],
        notBefore: "2026-01-01T00:00:00Z",
        notAfter,
        fingerprint: "ab".repeat(32),
    };
}

/** The same, and the peers of its only interface. */
export function changed(
    change: (answer: RelayAnswer, peers: DumpPeer[], set: (peers: DumpPeer[]) => void) => void,
): RelayAnswer {
    const answer = healthy();
    const dump = answer.interfaces[0]!.dump!;
    change(answer, dump.peers, (peers) => (dump.peers = peers));
    return answer;
}
