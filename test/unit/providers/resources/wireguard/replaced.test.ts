import { publicKeyOf } from "../../../../../core/keys/index.js";
import { UNKNOWN, type Properties } from "../../../../../providers/resources/resource.js";
import { asUpdate } from "../../../../../providers/resources/wireguard/replaced.js";
import { changeOf, KEYS, peer, RELAY_PRIVATE_KEY, wireInputs } from "../relays.js";

const alice = peer("10.8.0.2", { publicKey: KEYS.alice, routes: ["192.168.7.0/24"] });
const OWN = publicKeyOf(RELAY_PRIVATE_KEY);
const then = (kept: Properties | undefined, more: Properties = {}) =>
    asUpdate(changeOf(undefined, wireInputs({ alice }, { ...(kept === undefined ? {} : { kept }), ...more })))?.before;

it("has the addresses and keys of the state, and of a peer that is still listed what else the program says", () => {
    const kept = {
        peers: `alice\t${KEYS.dave}\t10.8.0.9\tfd12::9\nbob\t${KEYS.bob}\t10.8.0.3\t\n`,
        epochs: { 1: OWN },
    };
    expect(then(kept)).toMatchObject({ outputs: {} });
    expect(then(kept)?.inputs).toMatchObject({
        peers: {
            alice: { address: "10.8.0.9", address6: "fd12::9", routes: ["192.168.7.0/24"] },
            bob: { address: "10.8.0.3" },
        },
        publicKeys: { alice: KEYS.dave, bob: KEYS.bob },
        epochs: [1],
        privateKeys: { 1: RELAY_PRIVATE_KEY },
    });
    // The key is the one of the state, not the one that the program lists.
    expect(then(kept)?.inputs.peers).toHaveProperty("alice", expect.not.objectContaining({ publicKey: KEYS.alice }));
    expect(then(kept)?.inputs.peers).toHaveProperty("bob", { address: "10.8.0.3" });
});

it("has a different private key in each epoch whose public key is not that of the program's", () => {
    const epochs = { 1: KEYS.carol, 2: KEYS.dave };
    expect(then({ epochs })?.inputs).toMatchObject({
        peers: {},
        epochs: [1, 2],
        privateKeys: { 1: "another", 2: "another" },
    });
    expect(then({ epochs: { 1: OWN } }, { privateKeys: { 1: UNKNOWN } })?.inputs.privateKeys).toEqual({ 1: "another" });
});

it("is not there for an interface that is new, or that is updated", () => {
    expect(then(undefined)).toBeUndefined();
    const inputs = wireInputs({ alice }, { kept: { epochs: { 1: OWN } } });
    expect(asUpdate(changeOf(inputs, inputs))).toBeUndefined();
});
