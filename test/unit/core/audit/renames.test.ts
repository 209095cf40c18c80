import fc from "fast-check";

import { FormerNames, moveWithName, renameIn } from "../../../../core/audit/renames.js";
import { Replay } from "../../../../core/audit/replay.js";
import type { AuditEntry } from "../../../../core/audit/record.js";

type Event = Pick<AuditEntry, "action" | "status" | "details">;

const rename = (formerly: string, relay: string): Event => ({
    action: "relay_rename",
    status: "success",
    details: { relay, formerly },
});
const record = (relay: string, id: number): Event => ({
    action: "peer_add",
    status: "success",
    details: { relay, id },
});

it("is a record that succeeded and names two", () => {
    expect(renameIn(rename("a", "b"))).toStrictEqual({ from: "a", to: "b" });
    expect(renameIn(rename("a", "a"))).toBeUndefined();
    expect(renameIn({ ...rename("a", "b"), status: "failure" })).toBeUndefined();
    expect(renameIn(record("a", 1))).toBeUndefined();
});

it("tells two relays apart of which one took the other's former name", () => {
    const log = [record("a", 1), rename("a", "b"), record("a", 2), record("b", 3)];
    const ofIt = (relay: string): unknown[] => {
        const names = new FormerNames(relay);
        return log
            .toReversed()
            .filter((line) => names.isOfIt(line) && line.action === "peer_add")
            .map(({ details }) => details["id"]);
    };
    expect(ofIt("b")).toEqual([3, 1]);
    expect(ofIt("a")).toEqual([2]);
});

/** Two relays at most, that are renamed to names nobody has, and records in between. */
const story = fc.array(fc.record({ of: fc.nat(1), renamed: fc.boolean() }), { maxLength: 20 }).map((steps) => {
    const names = ["a0", "b0"];
    const log: Event[] = [];
    const ids: number[][] = [[], []];
    steps.forEach(({ of, renamed }, index) => {
        const now = names[of]!;
        if (renamed) {
            const next = `${now[0]}${index + 1}`;
            log.push(rename(now, next));
            names[of] = next;
        } else {
            log.push(record(now, index));
            ids[of]!.push(index);
        }
    });
    return { names, log, ids };
});

it("finds every record of a relay under all of its names, backwards and forwards", () => {
    fc.assert(
        fc.property(story, ({ names, log, ids }) => {
            const known = new Map<string, number[]>();
            for (const line of log) {
                const moved = renameIn(line);
                if (moved !== undefined) moveWithName(known, moved, (former, present) => [...former, ...present]);
                else {
                    const relay = String(line.details["relay"]);
                    known.set(relay, [...(known.get(relay) ?? []), Number(line.details["id"])]);
                }
            }
            names.forEach((name, index) => {
                const backwards = new FormerNames(name);
                const found = log.toReversed().filter((line) => backwards.isOfIt(line) && line.action === "peer_add");
                expect(found.map(({ details }) => details["id"]).reverse()).toEqual(ids[index]);
                expect(known.get(name) ?? []).toEqual(ids[index]);
            });
        }),
    );
});

it("takes peers and services along in a replay", () => {
    const replay = new Replay();
    const common = { timestamp: "2026-01-01T00:00:00Z", message: "", user: "u", correlation_id: "c" };
    const entries: Event[] = [
        {
            action: "peer_add",
            status: "success",
            details: { relay: "a", name: "alice", tunnel_ip: "10.8.0.2", public_key: "k" },
        },
        { action: "service_open", status: "success", details: { relay: "a", name: "notes", port: 8443 } },
        rename("a", "b"),
        { action: "service_close", status: "success", details: { relay: "b", name: "notes" } },
    ];
    entries.forEach((entry, sequence) => replay.apply({ ...common, ...entry }, sequence));
    expect(Object.keys(replay.relays)).toEqual(["b"]);
    expect(replay.relays["b"]).toMatchObject({ peers: { alice: { address: "10.8.0.2" } }, services: {} });
});
