import { allocate, type Allocation } from "../../../core/registry/index.js";
import type { Ledger } from "../../../core/registry/model.js";
import { withOutputKeys } from "../../../core/registry/outputKeys.js";
import { withSupplied } from "../../../core/registry/supplied.js";
import type { Context } from "../resource.js";
import { listNames } from "../sentences.js";
import { readRequests, type RegistryInputs } from "./inputs.js";
import { suppliedIn } from "./supplied.js";

/**
 * The next ledger, and whether a relay without a history could have it. What happened to names that are not new is said.
 *
 * @param previous the ledger of last time; undefined for a new relay
 */
export function nextLedger(
    inputs: RegistryInputs,
    previous: Ledger | undefined,
    context: Pick<Context, "log">,
): Pick<Allocation, "ledger" | "problems"> & { isUnfit: boolean } {
    const { relay, subnet, subnet6, reserved = [], publicKeys = {}, services } = inputs;
    const peers = withSupplied(inputs.peers, suppliedIn(inputs.supplied, readRequests), previous);
    const named = { peers: withOutputKeys(peers, publicKeys), services };
    const request = { subnet, subnet6, reservedAddresses: reserved, ...named };
    const now = new Date();
    const { ledger, problems, renamed, renamedServices, expired } = allocate(request, previous, now);
    const late = expired.filter(({ was }) => was === "new");
    if (late.length > 0) {
        const names = listNames(late.map(({ name, expires }) => `${name} (${expires})`));
        context.log("warning", `${relay}: ${names} expired before being added and is not added`);
    }
    for (const { from, to } of renamed)
        context.log("info", `${relay}: ${to} has the key of ${from} and keeps the address`);
    for (const { from, to } of renamedServices) {
        const port = ledger.services[to]?.port;
        context.log("info", `${relay}: service ${from} is now called ${to} and keeps port ${port}`);
    }
    const isUnfit = problems.length > 0 && allocate(request, undefined, now).problems.length > 0;
    return { ledger, problems, isUnfit };
}
