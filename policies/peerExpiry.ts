import { DAY_MS } from "../core/time.js";
import { entriesIn, mapIn, subjectOf, token } from "./inputs.js";
import { isListed, namesOption, type Rule } from "./rule.js";

export interface PeerExpiryOptions {
    /** The group: names of peers, in which `*` stands for any text. Default: every peer. */
    peers: string[];
    /** The longest time from now to the expiry, in days. Default: no limit. */
    maxDays?: number;
}

export const peerExpiry: Rule<PeerExpiryOptions> = {
    description: "Every peer of a group expires.",
    options: {
        peers: namesOption("Names of the peers that must expire", ["*"]),
        maxDays: { type: "integer", minimum: 1, description: "Longest time from now to the expiry, in days" },
    },
    inputs: {
        types: [token("Registry")],
        violations(resource, { peers, maxDays }) {
            const latest = maxDays === undefined ? Infinity : Date.now() + maxDays * DAY_MS;
            // What another resource supplies may not be known in a preview; the update knows it.
            const awaited = mapIn(mapIn(resource.props, "supplied"), "expires");
            return entriesIn(resource, "peers").flatMap(([name, { expires }]) => {
                const peer = `${subjectOf(resource)}: peer ${name}`;
                if (!isListed(name, peers) || (expires === undefined && Object.hasOwn(awaited, name))) return [];
                if (typeof expires !== "string") return [`${peer} does not expire; set expires`];
                if (Date.parse(expires) <= latest) return [];
                return [`${peer} expires on ${expires}, more than ${maxDays} days from now; set an earlier expires`];
            });
        },
    },
};
