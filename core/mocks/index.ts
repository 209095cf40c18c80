import { unpacked } from "../packed/index.js";
import { invalid } from "../errors.js";
import { allocate } from "../registry/index.js";
import type { Ledger } from "../registry/model.js";
import type { PeerRequest, RegistryRequest } from "../registry/request.js";
import { type Supplied, withSupplied } from "../registry/supplied.js";
import { MOCK_OUTPUTS, type MockedResource } from "./outputs.js";

export { isMock, mockKey, mockSshKey } from "./keys.js";
export { MOCK_ADDRESS, MOCK_CLIENT } from "./address.js";
export { MOCK_OUTPUTS, type MockedResource } from "./outputs.js";

/** Which output is asked for. */
export interface MockedOutput extends MockedResource {
    type: string;
    output: string;
}

/**
 * What an output is in a unit test: what the test's mocks say, or else what the plugin might say. Mocks that return the inputs say something
 * else than the plugin where an output is called as an input is.
 *
 * @param now peers past their expiry get no address
 * @throws InvalidArgument when the plugin would refuse to allocate an address or a port
 */
export function completed(value: unknown, asked: MockedOutput, now: Date): unknown {
    const { type, output } = asked;
    const inputs = unpacked(type, asked.inputs);
    if (type === "Registry" && (output === "peers" || output === "services")) {
        const known = unpacked(type, { [output]: value })[output];
        return isAllocated(known, output) ? value : allocated(inputs, now)[output];
    }
    const isEchoed = type === "WireGuard" && output === "epochs" && Array.isArray(value);
    return value === undefined || isEchoed ? MOCK_OUTPUTS[type]?.[output]?.({ ...asked, inputs }) : value;
}

/** Whether every entry has what the registry gives it. */
function isAllocated(value: unknown, output: "peers" | "services"): boolean {
    if (typeof value !== "object" || value === null) return false;
    const given = output === "peers" ? "address" : "port";
    return Object.values(value).every((entry) => (entry as Record<string, unknown>)[given] !== undefined);
}

/** The first ledger of a relay, as the plugin allocates it. @param now undefined: nobody has expired */
export function allocated(inputs: Record<string, unknown>, now?: Date): Ledger {
    const given = { reservedAddresses: [], peers: {}, services: {}, ...inputs } as unknown as RegistryRequest;
    const { peers: more, ...others } = (inputs["supplied"] ?? {}) as Supplied & { peers?: Record<string, PeerRequest> };
    const supplied = { ...others, ...(more === undefined ? {} : { peers: { known: more } }) };
    const request = { ...given, peers: withSupplied(given.peers, supplied, undefined) };
    const { ledger, problems } = allocate(request, undefined, now);
    const [problem] = problems;
    if (problem === undefined) return ledger;
    throw invalid(problem);
}
