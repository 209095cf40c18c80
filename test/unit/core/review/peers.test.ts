import fc from "fast-check";

import { expiriesOf, peerChanges } from "../../../../core/review/peers.js";
import type { PlannedResource } from "../../../../core/review/plan.js";
import { anyEdits, applied, program } from "../../providers/resources/edits.js";
import { inputsOf, ledgerOf } from "../../providers/resources/programs.js";
import { peersBetween } from "../../providers/resources/said.js";
import { NOW } from "./plans.js";

const tunnel = (before: object, after: object): PlannedResource => ({
    kind: "WireGuard",
    parent: "Relay",
    before: { inputs: { ...before }, outputs: {} },
    after: { inputs: { ...after }, outputs: {} },
});

it("names exactly those who are added and cut off, whatever else changes", () => {
    fc.assert(
        fc.property(program, anyEdits, (base, edits) => {
            const next = applied(base, edits);
            const then = ledgerOf(base, undefined);
            const now = ledgerOf(next, then);
            const changes = peerChanges(
                tunnel(inputsOf(base, then).wireguard, inputsOf(next, now).wireguard),
                new Date(next.now),
            );
            const wanted = peersBetween(base, next, then, now);
            const names = (notes: { name: string }[]): string[] => notes.map(({ name }) => name);
            expect(names(changes.added)).toEqual(wanted.added);
            expect([...names(changes.cut), ...names(changes.expired)].sort()).toEqual(wanted.cut);
        }),
        { numRuns: 60, seed: 20261130 },
    );
});

it("does not take a key that is not known here for another one", () => {
    const peers = { gen: "10.8.0.2 -" };
    expect(peerChanges(tunnel({ peers, publicKeys: { gen: "a" } }, { peers }), NOW).changed).toEqual([]);
    expect(
        peerChanges(tunnel({ peers, publicKeys: { gen: "a" } }, { peers, publicKeys: { gen: "b" } }), NOW).changed,
    ).toEqual(["gen"]);
});

it("knows a generated key under another name", () => {
    const change = tunnel(
        { peers: { gen: "10.8.0.2 -" }, publicKeys: { gen: "a" } },
        { peers: { gen2: "10.8.0.2 -" }, publicKeys: { gen2: "a" } },
    );
    expect(peerChanges(change, NOW)).toMatchObject({ added: [], cut: [], renamed: [{ from: "gen", to: "gen2" }] });
});

it("lists expiries by their dates, and no others", () => {
    const peer = { addresses: [], rest: "" };
    const peers = {
        late: { ...peer, expires: "2027-03-01T00:00:00Z" },
        never: peer,
        odd: { ...peer, expires: "some day" },
        soon: { ...peer, expires: "2027-01-01T23:59:00Z" },
    };
    expect(expiriesOf(peers, NOW).map(({ peer: name, days }) => `${name} ${days}`)).toEqual(["soon 0", "late 59"]);
});
