import type { Change } from "../../../../../providers/resources/relay/change.js";
import { isRenamed, renameRecords, renameSentences } from "../../../../../providers/resources/relay/rename.js";
import type { PlacedInputs } from "../../../../../providers/resources/relay/placed.js";
import { UNKNOWN } from "../../../../../providers/resources/resource.js";
import { PLACE } from "../relays.js";

const called = (relay: string, more: object = {}): PlacedInputs => ({ ...PLACE, relay, relayId: "ab12", ...more });
const change = (then: PlacedInputs | undefined, now: PlacedInputs, more: Partial<Change> = {}) =>
    ({ ...(then === undefined ? {} : { before: { inputs: then, outputs: {} } }), inputs: now, ...more }) as Change;

it("a relay that is called as before is not renamed", () => {
    const same = change(called("hub"), called("hub", { host: { kind: "local", namespace: "x" } }));
    expect([isRenamed(same), renameSentences(same), renameRecords(same)]).toEqual([false, [], []]);
    const fresh = change(undefined, called("hub"));
    expect([isRenamed(fresh), renameSentences(fresh), renameRecords(fresh)]).toEqual([false, [], []]);
});

it.each<[string, Change, string]>([
    ["the name", change(called("office"), called("hub")), "p/s/office"],
    ["the stack", change(called("hub", { audit: { ...PLACE.audit, stack: "old" } }), called("hub")), "p/old/hub"],
    [
        "what its machine says, for a resource that replaces another",
        change(undefined, called("hub"), { facts: { owner: "p/s/office" } as Change["facts"] & object }),
        "p/s/office",
    ],
    [
        "the URN of the replaced Host, in a preview",
        change(undefined, called("hub", { kept: { urn: "urn:pulumi:s::p::qptunnel:index:Host::office-host" } })),
        "p/s/office",
    ],
])("is known by %s", (_, renamed, from) => {
    expect(isRenamed(renamed)).toBe(true);
    expect(renameSentences(renamed)).toEqual([
        `hub: is renamed from ${from} to p/s/hub: keys, addresses, sessions and access rules of its peers stay`,
    ]);
    expect(renameRecords(renamed)).toEqual([
        {
            action: "relay_rename",
            message: `Renamed ${from} to p/s/hub: the relay and its peers keep their keys and addresses`,
            details: { relay: "hub", formerly: from.split("/")[2], from, to: "p/s/hub", relay_id: "ab12" },
        },
    ]);
});

it("a managed peer's name stands behind its relay's, and an id that is not known is in no record", () => {
    const [record] = renameRecords(change(called("hub/al"), called("hub/alice", { relayId: UNKNOWN })));
    expect(record?.details).toEqual({
        relay: "hub/alice",
        formerly: "hub/al",
        from: "p/s/hub/al",
        to: "p/s/hub/alice",
    });
});
