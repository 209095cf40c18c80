/** Grants and expectations with names in place of the resources that a program gives. */
import { nameOf } from "./references.js";
import type { Grant, GrantOrigin } from "./relayTypes.js";

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
