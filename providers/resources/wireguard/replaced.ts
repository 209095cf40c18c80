import { known, mapOf, read, text } from "../shape.js";
import type { Unknown } from "../resource.js";
import type { WireGuardPlan } from "./inputs.js";
import type { WireGuardChange } from "./change.js";
import type { RegistryPeer } from "../../../core/registry/model.js";
import { keptIn } from "../keys/kept.js";
import { peersOf } from "./peerChanges.js";
import { publicKeyOfEpoch } from "./epochs.js";

/**
 * An interface that is replaced in the state stays on its relay, so what happens to its peers is what an update from the one in
 * the state would do. Of that one the program hands over who was on it (`peers`, lines of "name TAB key TAB address TAB IPv6
 * address") and the public key of each epoch (`epochs`).
 */
export function asUpdate({ before, inputs, context }: WireGuardChange): WireGuardChange | undefined {
    const kept = keptIn(inputs);
    if (before !== undefined || kept === undefined) return undefined;
    const listed = peersOf(inputs);
    const peers: Record<string, RegistryPeer> = {};
    const publicKeys: Record<string, string> = {};
    for (const line of (typeof kept["peers"] === "string" ? kept["peers"] : "").split("\n")) {
        const [name = "", publicKey = "", address = "", address6 = ""] = line.split("\t");
        if (name === "") continue;
        const { publicKey: _key, address6: _address, ...rest } = listed[name] ?? { address };
        peers[name] = { ...rest, address, ...(address6 === "" ? {} : { address6 }) };
        publicKeys[name] = publicKey;
    }
    const epochs = read(mapOf(text), kept["epochs"] ?? {});
    const privateKeys = privateKeysThen(inputs, epochs);
    return {
        before: {
            inputs: { ...inputs, peers, publicKeys, epochs: Object.keys(epochs).map(Number), privateKeys },
            outputs: {},
        },
        inputs,
        context,
    };
}

/** Equal to the present one where the public key is the same; what it was otherwise does not matter. */
function privateKeysThen(inputs: WireGuardPlan, epochs: Record<string, string>): Record<string, string | Unknown> {
    return Object.fromEntries(
        Object.entries(epochs).map(([epoch, publicKey]) => [
            epoch,
            publicKeyOfEpoch(inputs, Number(epoch)) === publicKey
                ? (known(inputs.privateKeys)?.[epoch] ?? "another")
                : "another",
        ]),
    );
}
