import { parseSubnet } from "../addresses/index.js";
import { checked } from "../arguments/faults.js";
import type { Fault } from "../fault.js";
import type { Ledger, RetiredPeer } from "./model.js";
import { checkName, checkUniqueNames } from "../names.js";
import { allocateAddresses } from "./addresses.js";
import { asOf, type ExpiredPeer } from "./expiry.js";
import { identify, retiredKeys } from "./identity.js";
import { allocatePorts } from "./ports.js";
import type { PeerRequest, RegistryRequest } from "./request.js";

export interface Allocation {
    /** Not to be used when there are problems. */
    ledger: Ledger;
    /** Everything that is wrong, not only the first. */
    problems: Fault[];
    /** New names that brought the key of a name just dropped: they keep its address. */
    renamed: { from: string; to: string }[];
    /** New names of services that were called otherwise before: they keep their port. */
    renamedServices: { from: string; to: string }[];
    /** Who is listed and does not count any more. */
    expired: ExpiredPeer[];
}

/**
 * The next ledger: who has which address, which service which port.
 *
 * A name keeps its address and port as long as the ledger has it; other names do not affect it, and the order
 * of declaration plays no part. A retired name's address is given out again only when no other is left. A revoked key
 * is refused unless `reinstate` says otherwise. Pure: the same request and ledger give the same answer.
 *
 * @param previous the ledger of last time; undefined for a new relay
 * @param now peers past their expiry are retired; undefined: none
 */
export function allocate(asked: RegistryRequest, previous: Ledger | undefined, now?: Date): Allocation {
    const known = previous ?? EMPTY;
    const {
        peers: current,
        before,
        expired,
    } = now === undefined ? { peers: asked.peers, before: known, expired: [] } : asOf(now, asked.peers, known);
    const request = { ...asked, peers: sorted(current), services: sorted(asked.services) };
    const problems: Fault[] = [];
    const report = (fault: Fault): void => void problems.push(fault);

    const subnet = checked(() => parseSubnet(request.subnet, "", 4), report, "subnet");
    const { subnet6: text6 } = request;
    const subnet6 = text6 === undefined ? undefined : checked(() => parseSubnet(text6, "", 6), report, "subnet6");
    if (subnet === undefined || (text6 !== undefined && subnet6 === undefined)) {
        return { ledger: known, problems, renamed: [], renamedServices: [], expired };
    }
    if (subnet6 !== undefined && 128 - subnet6.prefix < 32 - subnet.prefix) {
        report({
            path: "subnet6",
            problem: `"${subnet6.cidr}" has fewer addresses than "${subnet.cidr}", and a peer has the same position in both`,
            fix: `choose a prefix length of at most /${128 - (32 - subnet.prefix)}`,
        });
        return { ledger: known, problems, renamed: [], renamedServices: [], expired };
    }
    for (const [kind, entries] of Object.entries({ peers: request.peers, services: request.services })) {
        for (const name of Object.keys(entries)) {
            checked(() => checkName(name, ""), report, `${kind}.${name}`);
        }
        checked(() => checkUniqueNames(Object.keys(entries), ""), report, kind);
    }
    if (problems.length > 0) {
        return { ledger: known, problems, renamed: [], renamedServices: [], expired };
    }

    const identities = identify(request.peers, before, report);
    const { peers, retired } = allocateAddresses(request, { subnet, subnet6 }, identities, before, report);
    const ports = allocatePorts(request.services, before, report);
    const keys = retiredKeys(request.peers, before);
    const ledger: Ledger = {
        peers,
        services: ports.services,
        retired: {
            peers: forgetEpochs(retired, asked.peers),
            services: ports.retired,
            ...(keys.length > 0 && { keys }),
        },
    };
    return { ledger, problems, renamed: identities.renamed, renamedServices: ports.renamed, expired };
}

/** A name that is no longer in the program has no generated key left. */
function forgetEpochs(
    retired: Record<string, RetiredPeer>,
    named: Record<string, PeerRequest>,
): Record<string, RetiredPeer> {
    return Object.fromEntries(
        Object.entries(retired).map(([name, { keyEpoch, ...entry }]) => [
            name,
            keyEpoch !== undefined && Object.hasOwn(named, name) ? { ...entry, keyEpoch } : entry,
        ]),
    );
}

const EMPTY: Ledger = { peers: {}, services: {}, retired: { peers: {}, services: {} } };

function sorted<T>(entries: Record<string, T>): Record<string, T> {
    return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}
