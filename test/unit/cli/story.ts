/** A log in which relays are set up, changed and destroyed, and the state that such a stack exports. */
import type { AuditEntry, Checkpoint, RecordMark } from "../../../core/audit/record.js";
import { entry, makeLog, type TestLog } from "../core/audit/logs.js";

export const KEYS = Object.fromEntries(
    ["alice", "bob", "bob2", "carol", "nas"].map((name) => [name, Buffer.alloc(32, name).toString("base64")]),
) as Record<"alice" | "bob" | "bob2" | "carol" | "nas", string>;

const act = (
    number: number,
    action: string,
    message: string,
    details: object,
    more: Partial<AuditEntry> = {},
): AuditEntry => entry(number, { action, message, details: { relay: "relay", ...details }, ...more });

const peer = (name: string, key: string, ip: string): object => ({ name, public_key: key, tunnel_ip: ip });

/** Of each hour one minute: 14:01, 14:02, … */
const STORY: AuditEntry[] = [
    act(1, "setup_relay", "Relay relay is set up", {}),
    act(2, "peer_add", "Added peer alice", peer("alice", KEYS.alice, "10.8.0.2")),
    act(3, "peer_add", "Added peers", {
        peers: [peer("bob", KEYS.bob, "10.8.0.3"), peer("carol", KEYS.carol, "10.8.0.4")],
    }),
    act(4, "service_open", "Opened notes", { name: "notes", port: 8443, upstream: "10.8.0.3:3000" }),
    act(5, "service_open", "Opened wiki", { name: "wiki", port: 8444, upstream: "10.8.0.3:3001" }),
    act(6, "key_rotate", "Rotated the key of bob", peer("bob", KEYS.bob2, "10.8.0.3"), { user: "bob" }),
    act(7, "peer_add_error", "Adding dave failed", peer("dave", KEYS.nas, "10.8.0.5"), { status: "failure" }),
    act(8, "peer_rename", "Renamed carol to caro", { ...peer("caro", KEYS.carol, "10.8.0.4"), formerly: "carol" }),
    act(9, "service_close", "Closed wiki", { name: "wiki", port: 8444 }),
    act(10, "peer_remove", "Removed peer alice", peer("alice", KEYS.alice, "10.8.0.2")),
    act(11, "interface_remove", "Removed interface wg0: nothing to do, it was replaced", { interface: "wg0" }),
    act(12, "peer_add", "Added peer nas", { ...peer("nas", KEYS.nas, "10.9.0.2"), relay: "other" }),
    act(13, "interface_remove", "Removed interface wg1", { relay: "other", interface: "wg1" }),
];

export const story = (): TestLog =>
    makeLog(
        STORY.map((each, index) => ({ ...each, timestamp: `2026-04-04T14:${String(index + 1).padStart(2, "0")}:00Z` })),
    );

/** What `pulumi stack export` writes. */
export function exported(
    marks: RecordMark[],
    checkpoints: Checkpoint[],
    relay: { registry?: object; services?: object; inputs?: object } = {},
): string {
    const urn = (type: string, name: string): string => `urn:pulumi:dev::shop::qptunnel:index:Relay$${type}::${name}`;
    const resource = (kind: string, name: string, inputs: object, outputs: object): object => {
        const type = `qptunnel:index:${kind}`;
        return { urn: urn(type, name), type, custom: true, id: "x", inputs, outputs };
    };
    const registry = relay.registry ?? {
        alice: { status: "revoked", publicKey: KEYS.alice, address: "10.8.0.2" },
        bob: { status: "active", publicKey: KEYS.bob2, address: "10.8.0.3" },
        caro: { status: "active", publicKey: KEYS.carol, address: "10.8.0.4" },
    };
    const services = relay.services ?? { notes: { port: 8443, upstream: "10.8.0.3:3000" } };
    const inputs = { relay: "relay", ...relay.inputs };
    return JSON.stringify({
        version: 3,
        deployment: {
            resources: [
                { urn: "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev", type: "pulumi:pulumi:Stack" },
                resource("WireGuard", "relay", inputs, { registry, record: marks[0] }),
                resource("Proxy", "relay", { ...inputs, services }, { record: marks[1] }),
                ...checkpoints.map((checkpoint) => resource("AuditCheckpoint", "relay", inputs, checkpoint)),
            ],
        },
    });
}
