/** Grants, groups and expectations with names in place of the resources that a program gives. */
import { nameOf } from "./references.js";
import type { PeerRef } from "./references.js";
import type { Grant, GrantOrigin } from "./relayTypes.js";

/** Groups with names in place of their members. What is malformed is left for the schema to name. */
export function groupsByName(groups: Record<string, PeerRef[]>, subject: string): unknown {
    if (typeof groups !== "object" || groups === null || Object.getPrototypeOf(groups) !== Object.prototype)
        return groups;
    const entries = Object.entries(groups).map(([group, members]): [string, unknown] => [
        group,
        Array.isArray(members)
            ? members.map((member, index) => nameOf(member, `${subject}.${group}[${index}]`))
            : members,
    ]);
    return Object.fromEntries(entries);
}

export function grantByName(grant: Grant, subject: string): unknown {
    if (typeof grant !== "object" || grant === null) return grant;
    const { to } = grant;
    return {
        ...fromByName(grant, subject),
        ...(to === undefined ? {} : { to: targetByName(to, `${subject}.to`) }),
    };
}

/** A grant or an expectation, with names in place of the peers that it is from. */
export function fromByName<Told extends { from: GrantOrigin | GrantOrigin[] }>(told: Told, subject: string): object {
    if (typeof told !== "object" || told === null || told.from === undefined) return told;
    const sources = Array.isArray(told.from) ? told.from : [told.from];
    return { ...told, from: sources.map((source) => sourceByName(source, `${subject}.from`)) };
}

function sourceByName(source: GrantOrigin, subject: string): unknown {
    if (typeof source === "object" && source !== null && "network" in source)
        return { ...source, peer: nameOf(source.peer, `${subject}.peer`) };
    return nameOf(source, subject);
}

function targetByName(to: Grant["to"], subject: string): unknown {
    if (typeof to === "object" && to !== null && "network" in to) {
        return "peer" in to ? { ...to, peer: nameOf(to.peer, `${subject}.peer`) } : to;
    }
    return nameOf(to, subject);
}
