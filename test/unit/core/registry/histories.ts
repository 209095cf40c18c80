/** Generated histories of requests, and the ledgers to which they lead. */
import * as fc from "fast-check";
import type { Ledger } from "../../../../core/registry/model.js";
import { publicKeyOf } from "../../../../core/keys/index.js";
import { allocate } from "../../../../core/registry/index.js";
import type { PeerRequest, RegistryRequest } from "../../../../core/registry/request.js";

export const NAMES = ["alice", "bob", "carol", "dora", "erin", "7", "42"];
export const KEYS = [1, 2, 3, 4].map((number) => publicKeyOf(Buffer.alloc(32, number).toString("base64")));

const peer: fc.Arbitrary<PeerRequest> = fc.record(
    {
        address: fc.constantFrom("10.8.0.2", "10.8.0.3", "10.8.0.5", "10.8.0.9"),
        publicKey: fc.constantFrom(...KEYS),
        reinstate: fc.boolean(),
        routes: fc.constant([]),
        keyEpoch: fc.constant(1),
    },
    { requiredKeys: ["routes", "keyEpoch"] },
);
const service = fc.record({ port: fc.constantFrom(8443, 8444, 9000) }, { requiredKeys: [] });

/** A /29 has room for five peers, so pools run dry and addresses change hands. */
export const anyRequest: fc.Arbitrary<RegistryRequest> = fc.record({
    subnet: fc.constantFrom("10.8.0.0/29", "10.8.0.0/28", "10.8.0.0/24"),
    subnet6: fc.constantFrom(undefined, "fd12::/64"),
    reservedAddresses: fc.subarray(["10.8.0.4"]),
    peers: fc.dictionary(fc.constantFrom(...NAMES), peer, { noNullPrototype: true }),
    services: fc.dictionary(fc.constantFrom("grafana", "wiki", "git"), service, { noNullPrototype: true }),
});
export const history = fc.array(anyRequest, { minLength: 1, maxLength: 8 });

/** The ledgers a history leads to; a request that is refused changes nothing, as in an engine. */
export function ledgers(
    steps: RegistryRequest[],
): { step: RegistryRequest; before: Ledger | undefined; ledger: Ledger }[] {
    let before: Ledger | undefined;
    const accepted = [];
    for (const step of steps) {
        const { ledger, problems } = allocate(step, before);
        if (problems.length === 0) {
            accepted.push({ step, before, ledger });
            before = ledger;
        }
    }
    return accepted;
}
