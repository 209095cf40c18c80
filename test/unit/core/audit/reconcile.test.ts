import { reconcile } from "../../../../core/audit/reconcile.js";

const alice = { publicKey: "new", address: "10.8.0.2", since: "2026-01-01T00:00:00Z", record: 3 };
const former = { publicKey: "old", since: "2026-01-01T00:00:00Z", record: 2 };
const keys = ["new", "old"];
const replaced = [{ publicKey: "new", former: "old" }];
const unknown = [{ relay: "hub", kind: "peer", name: "old", problem: "the wire has this key, no record added it" }];

const compare = (peer: typeof alice & { former?: typeof former }, claimed: object) =>
    reconcile("the wire", { hub: { peers: { alice: peer }, services: {} } }, { hub: { keys, ...claimed } });

test("a former key is accepted when the log or the state knows it", () => {
    expect(compare({ ...alice, former }, { replaced })).toEqual([]);
    expect(compare(alice, { replaced, formers: { new: "old" } })).toEqual([]);
});

test("a former key that only the relay names is a key that no record added", () => {
    expect(compare(alice, { replaced })).toEqual(unknown);
    expect(compare({ ...alice, former: { ...former, publicKey: "older" } }, { replaced })).toEqual(unknown);
    expect(compare(alice, { replaced, formers: { another: "old" } })).toEqual(unknown);
    expect(compare({ ...alice, former }, {})).toEqual(unknown);
});
