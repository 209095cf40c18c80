import * as fc from "fast-check";
import { changeOf, withChange } from "../../../../core/registry/ledgerChange.js";
import type { Ledger } from "../../../../core/registry/model.js";
import { history, ledgers } from "./histories.js";

const EMPTY: Ledger = { peers: {}, services: {}, retired: { peers: {}, services: {} } };

it("leads from any ledger to any other", () => {
    fc.assert(
        fc.property(history, history, (one, other) => {
            const [before, after] = [one, other].map((steps) => ledgers(steps).at(-1)?.ledger ?? EMPTY) as [
                Ledger,
                Ledger,
            ];
            const change = JSON.parse(JSON.stringify(changeOf(before, after))) as ReturnType<typeof changeOf>;
            expect(withChange(before, change)).toEqual(after);
        }),
    );
});

it("has what changed and nothing else", () => {
    const [alice, bob, carol] = ["10.8.0.2", "10.8.0.3", "10.8.0.4"].map((address) => ({ address }));
    const before: Ledger = {
        peers: { alice: alice!, bob: bob! },
        services: { wiki: { port: 8443 } },
        retired: { peers: {}, services: {}, keys: ["k1", "k2"] },
    };
    const after: Ledger = {
        peers: { alice: { ...alice!, keyEpoch: 2 }, carol: carol! },
        services: { wiki: { port: 8443 } },
        retired: { peers: { bob: bob! }, services: {}, keys: ["k2", "k3"] },
    };
    expect(changeOf(before, after)).toEqual({
        peers: { alice: { address: "10.8.0.2", keyEpoch: 2 }, bob: null, carol },
        retired: { peers: { bob }, keys: { added: ["k3"], removed: ["k1"] } },
    });
    expect(changeOf(after, after)).toEqual({});
});
