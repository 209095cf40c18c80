import { storeDrift, type StoredDrift } from "../../../../../core/drift.js";
import { relayDrift as driftOf, type Stored } from "../../../../../providers/resources/relay/drift.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import { marks } from "../../../../../core/protocol/facts.js";
import { KEYS, PLACE, wireInputs } from "../relays.js";

/** As the state has it. */
const relayDrift = (...given: Parameters<typeof driftOf>): StoredDrift => storeDrift(driftOf(...given));

const SECRET = Symbol("a secret");
const nft = (...chains: object[]): string => JSON.stringify({ nftables: [{ table: {} }, ...chains] });

const stored = (inputs: Properties, outputs: Properties = {}): Stored => ({
    id: "f1",
    inputs: { ...PLACE, ...inputs },
    outputs,
});
const firewall = stored({ subnet: "10.8.0.0/24", address: "10.8.0.1", routes: [] }, { chains: {}, sets: {} });
const ANSWER = { nft: nft(), marks: marks.render({ firewall: "f1", host: "h1" }) };

it("tells what each part finds, by name", () => {
    const host = { ...stored({}, { machine: "m1", address: "192.0.2.7" }), id: "h1" };
    expect(
        relayDrift({ firewall, host }, { ...ANSWER, nft: nft({ chain: { name: "x" } }), host: "machine\tm2\n" }),
    ).toEqual({
        "chain x": "chain x of table qp_tunnel_wg0 is unknown; `pulumi up --refresh` removes it",
        machine: expect.stringMatching(/^this is a different machine than the one that was set up/),
    });
});

it("finds none on a relay as the state says", () => {
    expect(relayDrift({ firewall }, ANSWER)).toEqual({});
    expect(relayDrift({}, {})).toEqual({});
});

it("names a part without a record on the machine, and one with another's", () => {
    expect(relayDrift({ firewall }, { ...ANSWER, marks: "" })).toEqual({
        records: expect.stringMatching(/^the relay's own records of it are missing/),
    });
    expect(relayDrift({ firewall }, { ...ANSWER, marks: marks.render({ firewall: "f2" }) })).toEqual({
        records: expect.stringMatching(/^the relay's records of it have a different id/),
    });
});

it("compares without the secrets of the state, sealed or open", () => {
    const peers = { alice: { address: "10.8.0.2", publicKey: KEYS.alice } };
    const wire = { id: "w1", inputs: wireInputs(peers), outputs: { registry: {} } };
    const sealed = {
        ...wire,
        inputs: { ...wire.inputs, presharedKeys: { alice: SECRET }, privateKeys: SECRET, seed: SECRET },
    };
    const answer = { marks: marks.render({ wireguard: "w1" }), "kept.peers": "" };
    const drift = relayDrift({ wireguard: sealed }, answer);
    expect(Object.keys(drift)).not.toEqual([]);
    expect(drift).toEqual(relayDrift({ wireguard: wire }, answer));
});
