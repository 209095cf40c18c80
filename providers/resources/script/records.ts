import type { ScriptInputs, Served } from "./inputs.js";
import { fingerprint } from "../../../core/keys/index.js";
import type { Receipt } from "../../hosts/receipt.js";
import type { Announcement } from "../relay/announcement.js";
import { count, rogueCutOff } from "../sentences.js";
import { inBatches } from "../wireguard/records.js";
import type { RegistryEntry } from "../wireguard/registry.js";

type Registry = Record<string, RegistryEntry>;

/** What a receipt tells that the log does not know yet: "revoked" is written when the relay says that the key is gone. */
export function receiptRecords(
    inputs: ScriptInputs,
    receipt: Receipt,
    before: { registry: Registry; served: Served },
    after: { registry: Registry; served: Served },
): Announcement[] {
    const { relay } = inputs;
    const proof = `the receipt of script ${receipt.script.slice(0, 16)}, generation ${receipt.generation}: the key is no longer on the interface`;
    const added: Details[] = [];
    const rotated: Details[] = [];
    const removed: Details[] = [];
    for (const [name, entry] of Object.entries(after.registry)) {
        const was = before.registry[name];
        if (entry.status === "active" && was?.publicKey !== entry.publicKey && was?.status === "active") {
            rotated.push({ ...detailsOf(name, entry), old_public_key: was.publicKey });
        } else if (entry.status === "active" && was?.status !== "active") {
            const again = was?.publicKey === entry.publicKey || (entry.admitted ?? 1) > 1;
            added.push({ ...detailsOf(name, entry), ...(again ? { reinstated: true } : {}) });
        } else if (entry.status === "revoked" && was?.status === "active")
            removed.push({ ...detailsOf(name, entry), proof });
    }
    const known = new Set(
        [...Object.values(before.registry), ...Object.values(after.registry)].map((e) => e.publicKey),
    );
    return [
        {
            action: "script_receipt",
            message: `Relay ${relay} reports its script of ${receipt.edition}: ${count(Object.keys(receipt.peers).length, "peer")} on the interface`,
            details: {
                relay,
                edition: receipt.edition,
                script: receipt.script,
                generation: receipt.generation,
                machine: receipt.machine,
                public_key: receipt.publicKey,
            },
        },
        ...peerRecords("peer_add", "Added", relay, added),
        ...peerRecords("key_rotate", "Rotated the key of", relay, rotated),
        ...peerRecords("peer_remove", "Removed", relay, removed),
        ...receipt.removed
            .filter((key) => !known.has(key))
            .map((key) => ({
                action: "drift_overwritten",
                message: rogueCutOff(key),
                details: { relay },
            })),
        ...serviceRecords(relay, before.served, after.served),
    ];
}

type Details = { name: string; tunnel_ip: string } & Record<string, unknown>;

function detailsOf(name: string, { address, address6, publicKey }: RegistryEntry): Details {
    return {
        name,
        tunnel_ip: address,
        ...(address6 === undefined ? {} : { tunnel_ip6: address6 }),
        public_key: publicKey,
        fingerprint: fingerprint(publicKey),
    };
}

function peerRecords(action: string, done: string, relay: string, peers: Details[]): Announcement[] {
    const source = `according to the receipt of relay ${relay}`;
    return inBatches(
        peers,
        (peer) => ({
            action,
            message: `${done} peer ${peer.name} (${peer.tunnel_ip}), ${source}`,
            details: { relay, ...peer },
        }),
        (batch) => ({
            action,
            message: `${done} ${count(batch.length, "peer")}, ${source}`,
            details: { relay, peers: batch },
        }),
    );
}

function serviceRecords(relay: string, before: Served, after: Served): Announcement[] {
    const isOpen = (served: Served, name: string): boolean => served[name]?.state === "open";
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names.flatMap((name) => {
        if (isOpen(before, name) === isOpen(after, name)) return [];
        const open = isOpen(after, name);
        const { url, port, upstream } = { ...before[name], ...after[name] };
        return [
            {
                action: open ? "service_open" : "service_close",
                message: `${open ? "Opened" : "Closed"} ${name} at ${url}, according to the receipt`,
                details: { relay, name, url, port, upstream },
            },
        ];
    });
}
