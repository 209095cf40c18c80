import { type Groups, membersOf } from "../core/access/groups.js";
import { isPlain, longest, type Terms } from "../core/access/terms.js";
import { InvalidArgument } from "../core/errors.js";
import type { ServicePlain } from "../core/arguments/index.js";
import type { ListedGrant } from "./listedGrant.js";

/*
 * Groups end here: behind this a relay's grants and services name peers alone, and remember through which groups.
 */

/** A service with the peers that are allowed to open it, each on the best of the conditions on which it is named. */
export function expandedService<Service extends { plain: ServicePlain }>(
    service: Service,
    groups: Groups = {},
): Service & { allow: "everyone" | string[]; terms: Record<string, Terms> } {
    const { allow } = service.plain;
    if (allow === "everyone") return { ...service, allow, terms: {} };
    const allowed = new Map<string, Terms>();
    for (const entry of allow) {
        const { peer: name, ...own } = typeof entry === "string" ? { peer: entry } : entry;
        for (const [peer, through] of membersOf([name], groups)) {
            const terms: Terms = through.length === 0 ? own : { ...own, groups: through };
            const known = allowed.get(peer);
            const best = known === undefined ? terms : longest(known, terms);
            if (best === undefined) throw timesDiffer(peer);
            allowed.set(peer, best);
        }
    }
    const terms = Object.fromEntries([...allowed].filter(([, each]) => !isPlain(each)));
    return { ...service, allow: [...allowed.keys()], terms };
}

function timesDiffer(peer: string): InvalidArgument {
    return new InvalidArgument(
        "allow",
        `names "${peer}" twice, for times of which neither has all of the other`,
        "name it once, or give both the same `window`",
    );
}

/** Grants from and to single peers: one that is to a group becomes one to each of its members. */
export function expandedGrants(grants: readonly ListedGrant[], groups: Groups = {}): ListedGrant[] {
    return grants.map((grant) => fromPeers(grant, groups)).flatMap((grant) => toPeers(grant, groups));
}

function fromPeers(grant: ListedGrant, groups: Groups): ListedGrant {
    const names = grant.from.filter((origin) => typeof origin === "string");
    if (!names.some((name) => Object.hasOwn(groups, name))) return grant;
    const members = membersOf(names, groups);
    const networks = grant.from.filter((origin) => typeof origin !== "string");
    const fromGroups = Object.fromEntries([...members].filter(([, through]) => through.length > 0));
    return {
        ...grant,
        from: [...members.keys(), ...networks],
        ...(Object.keys(fromGroups).length === 0 ? {} : { fromGroups }),
    };
}

function toPeers(grant: ListedGrant, groups: Groups): ListedGrant[] {
    const { peer, network } = grant.to;
    if (peer === undefined || network !== undefined || !Object.hasOwn(groups, peer)) return [grant];
    return [...new Set(groups[peer])].map((member) => ({ ...grant, to: { peer: member }, toGroup: peer }));
}
