import { wantedInterface } from "../../../../../providers/resources/wireguard/desired.js";
import { UNKNOWN } from "../../../../../providers/resources/resource.js";
import { KEYS, peer, wireInputs } from "../relays.js";

it("compares an interface with the program before the relay's seed is known: given preshared keys count, others differ", () => {
    const peers = {
        alice: peer("10.8.0.2", { publicKey: KEYS.alice }),
        bob: peer("10.8.0.3", { publicKey: KEYS.bob }),
    };
    const inputs = wireInputs(peers, { seed: UNKNOWN, presharedKeys: { alice: "given" } });
    const wanted = wantedInterface(inputs)("wg0");
    expect(wanted.peers.map(({ name, presharedKey }) => [name, presharedKey])).toEqual([
        ["alice", "given"],
        ["bob", undefined],
    ]);
});
