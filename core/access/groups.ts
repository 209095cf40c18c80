import type { Fault } from "../fault.js";
import { checkName } from "../names.js";
import { attempt } from "../errors.js";
import { listed } from "../list.js";

/** Names for sets of peers: members by the group's name. */
export type Groups = Readonly<Record<string, readonly string[]>>;

/** Words that mean something of their own where a peer or a group can be named. */
const RESERVED = ["everyone", "internet", "relay"];

/** What a group's name and members are compared with. */
interface Named {
    groups: Groups;
    peers: readonly string[];
    services: readonly string[];
    /** Not every peer is known yet: an unknown member may still be listed. */
    hasMorePeers: boolean;
}

/** Everything that is wrong with groups: names that are taken or reserved, and members that are not peers. */
export function groupFaults({ groups, peers, services, hasMorePeers }: Named): Fault[] {
    const lower = (names: readonly string[]): Map<string, string> =>
        new Map(names.map((name) => [name.toLowerCase(), name]));
    const kinds = [
        ["peer", lower(peers)],
        ["service", lower(services)],
    ] as const;
    const listed = new Set(peers);
    const seen = new Map<string, string>();
    return Object.entries(groups).flatMap(([group, members]) => {
        const path = `groups.${group}`;
        const faults: Fault[] = [];
        attempt(
            () => checkName(group, ""),
            ({ problem, fix }) => faults.push({ path, problem, fix }),
        );
        if (RESERVED.includes(group.toLowerCase()))
            faults.push({ path, problem: `"${group}" has a meaning of its own in access rules`, fix: RENAME });
        for (const [kind, names] of kinds) {
            const taken = names.get(group.toLowerCase());
            if (taken !== undefined)
                faults.push({ path, problem: `"${group}" is the name of the ${kind} "${taken}" too`, fix: RENAME });
        }
        const twin = seen.get(group.toLowerCase());
        if (twin !== undefined)
            faults.push({ path, problem: `"${twin}" and "${group}" differ only by upper and lower case`, fix: RENAME });
        seen.set(group.toLowerCase(), group);
        members.forEach((member, index) => {
            if (listed.has(member)) return;
            const at = { path: `${path}[${index}]` };
            if (Object.hasOwn(groups, member))
                faults.push({
                    ...at,
                    problem: `"${member}" is a group, and a group has peers only`,
                    fix: "list its members here",
                });
            else if (!hasMorePeers)
                faults.push({
                    ...at,
                    problem: `refers to a peer that is not listed, "${member}"`,
                    fix: "add it to the relay's peers, or remove it here",
                });
        });
        return faults;
    });
}

const RENAME = "choose another name for the group";

/** Peers by name, each with the groups through which alone it is meant; none where its own name is given. */
export type Members = Map<string, readonly string[]>;

/** The peers that are meant by names of peers and groups, in the order in which they are named. */
export function membersOf(names: readonly string[], groups: Groups): Members {
    const members: Members = new Map();
    for (const name of names) {
        if (!Object.hasOwn(groups, name)) {
            members.set(name, []);
            continue;
        }
        for (const peer of groups[name] ?? []) {
            const known = members.get(peer);
            if (known === undefined) members.set(peer, [name]);
            else if (known.length > 0 && !known.includes(name)) members.set(peer, [...known, name]);
        }
    }
    return members;
}

/** How a group's members change, in words for a preview; each relay and group once. */
export function groupSentences(before: Groups, after: Groups): string[] {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names.flatMap((group) => {
        const [then, now] = [before[group], after[group]];
        if (now === undefined) return [`group ${group} is removed; it had ${memberNames(then ?? [])}`];
        if (then === undefined) return [`group ${group} is added with ${memberNames(now)}`];
        const added = now.filter((peer) => !then.includes(peer));
        const removed = then.filter((peer) => !now.includes(peer));
        const changes = [
            ...(added.length > 0 ? [`gets ${memberNames(added)}`] : []),
            ...(removed.length > 0 ? [`loses ${memberNames(removed)}`] : []),
        ];
        return changes.length === 0 ? [] : [`group ${group} ${changes.join(" and ")}`];
    });
}

/** Groups that allow no peer anything. */
export function emptyGroups(groups: Groups): string[] {
    return Object.keys(groups)
        .filter((group) => groups[group]?.length === 0)
        .sort();
}

function memberNames(peers: readonly string[]): string {
    return listed([...peers].sort(), { most: Infinity, last: " and " }) || "no members";
}
