/** Requests of a program, and what they lead to. */
import { faultText } from "../../../../core/fault.js";
import { publicKeyOf } from "../../../../core/keys/index.js";
import { allocate, type Allocation } from "../../../../core/registry/index.js";
import type { Ledger } from "../../../../core/registry/model.js";
import type { PeerRequest, RegistryRequest } from "../../../../core/registry/request.js";

export const key = (number: number): string => publicKeyOf(Buffer.alloc(32, number).toString("base64"));

export function request(
    peers: Record<string, Partial<PeerRequest>>,
    more: Partial<Omit<RegistryRequest, "peers">> = {},
): RegistryRequest {
    return {
        subnet: "10.8.0.0/24",
        reservedAddresses: [],
        services: {},
        ...more,
        peers: Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, { ...peer }])),
    };
}

/** The ledger after a history of requests, each of which must be without fault. */
export function after(...history: RegistryRequest[]): Ledger {
    let ledger: Ledger | undefined;
    for (const step of history) {
        const result = allocate(step, ledger);
        expect(result.problems).toEqual([]);
        ({ ledger } = result);
    }
    return ledger as Ledger;
}

export function addresses(ledger: Ledger): Record<string, string> {
    return Object.fromEntries(Object.entries(ledger.peers).map(([name, { address }]) => [name, address]));
}

export function reasons(result: Allocation): string[] {
    return result.problems.map(faultText);
}
