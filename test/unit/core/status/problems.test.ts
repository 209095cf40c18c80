import type { RelayStatus } from "../../../../core/status/model.js";
import { problemsOf, type Thresholds } from "../../../../core/status/problems.js";
import { statusOf } from "../../../../core/status/relay.js";
import { healthy, known } from "./relays.js";

const status = statusOf(known, healthy());
const kinds = (changes: Partial<RelayStatus>, thresholds: Partial<Thresholds> = {}): string[] =>
    problemsOf({ ...status, ...changes }, { expiring: 0, ...thresholds }, 180).map(
        ({ kind, name }) => `${kind} ${name ?? ""}`,
    );
const [peer] = status.peers as [RelayStatus["peers"][number]];
const connected = { ...peer, name: "alice", state: "connected" as const, age: 10 };

it("a relay that did not answer has this one problem, with the reason", () => {
    const silent = { ...status, reachable: false, problem: "no route to host", drift: ["the table is gone"] };
    expect(problemsOf(silent, { expiring: 30 }, 180)).toEqual([
        { relay: "office", kind: "unreachable", message: "no route to host" },
    ]);
});

it("whatever drifts or conflicts is one problem each", () => {
    const changes = { peers: [], services: [], drift: ["a", "b"], conflicts: ["c"] };
    expect(kinds(changes)).toEqual(["drift ", "drift ", "conflict "]);
});

it("nobody has to be connected unless somebody says so", () => {
    const idle = { ...connected, state: "idle" as const, age: 1000 };
    const changes = { services: [], drift: [], peers: [idle] };
    expect(kinds(changes)).toEqual([]);
    expect(kinds(changes, { stale: 900 })).toEqual(["stale alice"]);
    expect(kinds(changes, { stale: 1000 })).toEqual([]);
    expect(kinds(changes, { required: ["alice"] })).toEqual(["stale alice"]);
    expect(kinds(changes, { required: ["bob"] })).toEqual([]);
});

it("who was removed is not missed; who expired only by name", () => {
    const gone = (state: "revoked" | "expired") => ({
        services: [],
        drift: [],
        peers: [{ ...connected, state, age: null }],
    });
    expect(kinds(gone("revoked"), { stale: 1, required: ["alice"] })).toEqual([]);
    expect(kinds(gone("expired"), { stale: 1 })).toEqual([]);
    expect(kinds(gone("expired"), { required: ["alice"] })).toEqual(["stale alice"]);
});

it("who expires soon is told before, not afterwards", () => {
    const at = (expires: string) => ({
        services: [],
        drift: [],
        peers: [{ ...connected, expires }],
        time: "2026-11-25T12:00:00Z",
    });
    expect(kinds(at("2026-11-30T12:00:00Z"), { expiring: 7 })).toEqual(["expiry alice"]);
    expect(kinds(at("2026-11-30T12:00:00Z"), { expiring: 3 })).toEqual([]);
    expect(kinds(at("2026-11-25T11:00:00Z"), { expiring: 7 })).toEqual([]);
});
