import type { AuditEntry } from "../../../../core/audit/record.js";
import { splitDetails } from "../../../../core/audit/parts.js";
import { Replay } from "../../../../core/audit/replay.js";
import { entry } from "./logs.js";

const peer = (name: string, key: string, ip = "10.8.0.2"): object => ({ name, public_key: key, tunnel_ip: ip });

function replayed(...records: [action: string, details: object][]): { replay: Replay; events: string[] } {
    const replay = new Replay();
    const events = records.flatMap(([action, details], index) => {
        const record: AuditEntry = entry(index + 1, { action, details: { relay: "hub", ...details } });
        return replay
            .apply(record, index + 1)
            .map(({ event, name, publicKey }) => `${event} ${name} ${publicKey ?? "-"}`);
    });
    return { replay, events };
}

test("a peer whose time is over is gone; one that never was there stays away", () => {
    const { replay, events } = replayed(
        ["peer_add", peer("alice", "A")],
        ["peer_expire", { name: "alice", public_key: "A", allowed_ips: "10.8.0.2/32" }],
        ["peer_expire", { name: "bob", tunnel_ip: "10.8.0.3" }],
    );
    expect(events).toEqual(["added alice A", "expired alice A"]);
    expect(replay.relays["hub"]?.peers).toEqual({});
});

describe("the former key of a peer", () => {
    const rotated = [
        ["peer_add", peer("alice", "A")],
        ["key_rotate", { ...peer("alice", "B"), old_public_key: "A", overlap_public_key: "A" }],
    ] as [string, object][];

    test("works until the new one is used", () => {
        expect(replayed(...rotated).replay.relays["hub"]?.peers["alice"]).toMatchObject({
            publicKey: "B",
            record: 2,
            former: { publicKey: "A", record: 1 },
        });
        const { replay, events } = replayed(...rotated, [
            "key_moved",
            { name: "alice", old_public_key: "A", public_key: "B" },
        ]);
        expect(events.at(-1)).toBe("former key removed alice A");
        expect(replay.relays["hub"]?.peers["alice"]).not.toHaveProperty("former");
    });

    test.each([
        ["peer_remove", peer("alice", "B"), "removed alice B"],
        ["peer_expire", peer("alice", "B"), "expired alice B"],
        ["interface_remove", {}, "removed alice B"],
    ])("goes with it at %s", (action, details, event) => {
        expect(replayed(...rotated, [action, details]).events.slice(2)).toEqual([event, "former key removed alice A"]);
    });

    test("of a key that was replaced before it was used is the one before", () => {
        const { replay } = replayed(...rotated, [
            "key_rotate",
            { ...peer("alice", "C"), old_public_key: "B", overlap_public_key: "A" },
        ]);
        expect(replay.relays["hub"]?.peers["alice"]?.former).toMatchObject({ publicKey: "A", record: 1 });
    });

    test("is gone at once without an overlap, as in records of earlier versions", () => {
        const { replay } = replayed(rotated[0]!, ["key_rotate", { ...peer("alice", "B"), old_public_key: "A" }]);
        expect(replay.relays["hub"]?.peers["alice"]).not.toHaveProperty("former");
    });
});

test("a record in parts counts once, when its last part is there", () => {
    const peers = Array.from({ length: 40 }, (_, n) => peer(`p${n}`, `K${n}`, `10.8.0.${n + 2}`));
    const parts = splitDetails({ relay: "hub", peers }, 600);
    expect(parts.length).toBeGreaterThan(3);
    const replay = new Replay();
    const ids = { action: "peer_add", correlation_id: "6ad6a9a5-0b2f-4f77-8a54-6f8f3ec1f5f1" };
    const counts = parts.map((details, n) => replay.apply(entry(n + 1, { ...ids, details }), n + 1).length);
    expect(counts).toEqual([...parts.slice(1).map(() => 0), 40]);
    expect(Object.keys(replay.relays["hub"]?.peers ?? {})).toHaveLength(40);
});

test("a removal that a replacement had taken over removes nobody, as earlier versions and this one say it", () => {
    const { replay, events } = replayed(
        ["peer_add", peer("alice", "A")],
        ["resource_replaced", { resource: "WireGuard", instead_of: "interface_remove" }],
    );
    const former = {
        details: { relay: "hub" },
        message: "Removed wg0; all its peers are cut off: nothing to do, it was replaced",
    };
    expect(replay.apply(entry(3, { action: "interface_remove", ...former }), 3)).toEqual([]);
    expect(events).toHaveLength(1);
    expect(Object.keys(replay.relays["hub"]?.peers ?? {})).toEqual(["alice"]);
});
