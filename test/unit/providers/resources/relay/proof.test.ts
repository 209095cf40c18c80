import { outcomesOf } from "../../../../../providers/resources/wireguard/records.js";
import { goneKeys, removals } from "../../../../../providers/resources/relay/proof.js";
import { changeOf, KEYS, peer, registered, wireInputs } from "../relays.js";

const alice = peer("10.8.0.2", { publicKey: KEYS.alice });
const bob = peer("10.8.0.3", { publicKey: KEYS.bob, routes: ["192.168.7.0/24"] });
const both = wireInputs({ alice, bob });
const one = wireInputs({ alice });
const entry = registered({ address: "10.8.0.3", publicKey: KEYS.bob });
const answer = { proof: "read\tkeys\tinterface wg0\nread\taddresses\telements\n" };

it("a removal takes a key away, with its addresses and networks", () => {
    const gone = { name: "bob", publicKey: KEYS.bob, allowedIps: ["10.8.0.3/32", "192.168.7.0/24"] };
    expect(goneKeys(changeOf(both, one))).toEqual([gone]);
    const [record] = outcomesOf(changeOf(both, one), { registry: { alice: registered({}) } }, answer);
    expect(record).toMatchObject({
        action: "peer_remove",
        details: {
            name: "bob",
            proof: {
                read_back: "absent",
                key_absent_from: ["interface wg0"],
                addresses_absent_from: ["elements"],
            },
        },
    });
});

it("another key takes the former one away and leaves the address", () => {
    const other = wireInputs({ alice: { ...alice, publicKey: KEYS.carol }, bob });
    expect(goneKeys(changeOf(both, other))).toEqual([{ name: "alice", publicKey: KEYS.alice, allowedIps: [] }]);
});

it("a removal that an apply did not bring to an end is taken up by the next one, and recorded then", () => {
    const change = changeOf(one, one);
    change.before!.outputs = { registry: { bob: entry, alice: { ...entry, publicKey: KEYS.alice } } };
    expect(removals(change)).toMatchObject([{ kind: "remove", name: "bob", publicKey: KEYS.bob }]);
    const registry = { bob: registered({ ...entry, status: "revoked" }), alice: registered({}) };
    expect(outcomesOf(change, { registry }, answer).map(({ action }) => action)).toEqual([
        "peer_remove",
        "peers_apply",
    ]);
    change.before!.outputs = { registry };
    expect(removals(change)).toEqual([]);
});

it("a name that was changed is no removal, nor is one whose key somebody listed has", () => {
    const renamed = changeOf(both, wireInputs({ alice, robert: bob }));
    renamed.before!.outputs = { registry: { bob: entry } };
    expect(goneKeys(renamed)).toEqual([]);
    const later = changeOf(renamed.inputs, renamed.inputs);
    later.before!.outputs = { registry: { bob: entry } };
    expect(goneKeys(later)).toEqual([]);
});
