import type { Right } from "../../core/access/rights.js";
import { parseRights } from "../../core/access/rightsText.js";
import type { Known } from "../../core/access/target.js";
import { hasEnded } from "../../core/access/terms.js";
import { InvalidArgument } from "../../core/errors.js";
import { chosenRelays, relaysOf, type StackRelay } from "../relays.js";
import { readStack, type StackResource, type StateOptions } from "../state.js";

/** What one relay allows, and what the names in it mean. */
export interface RelayRights {
    relay: string;
    rights: Right[];
    known: Known;
}

/** The access rules of the stack's relays, as the last update left them in the state. */
export async function rightsInStack(options: StateOptions & { relay?: string }): Promise<RelayRights[]> {
    return rightsIn(await readStack(options), "the stack's state", options.relay);
}

/** @param subject name of the state in an error */
export function rightsIn(resources: StackResource[], subject: string, chosen: string | undefined): RelayRights[] {
    return rightsOfRelays(chosenRelays(relaysOf(resources), chosen), resources, subject);
}

/** @param resources of the state in which the relays are */
export function rightsOfRelays(relays: StackRelay[], resources: StackResource[], subject: string): RelayRights[] {
    return relays.map(({ name, known }) => {
        const component = resources.find((other) => other.kind === "Relay" && other.name === name);
        const text = component?.outputs["rights"];
        const rights = typeof text === "string" ? parseRights(text) : undefined;
        if (rights === undefined) {
            const problem = `it does not say what relay ${name} allows: an older version of the library wrote it`;
            throw new InvalidArgument(subject, problem, "run `pulumi up` once");
        }
        const registry = resources.find(({ kind, inputs }) => kind === "Registry" && inputs["relay"] === name);
        const listed = Object.entries(known.peers).filter(([, { listed: isListed }]) => isListed);
        return {
            relay: name,
            rights: rights.filter((right) => !hasEnded(right, new Date())),
            known: {
                peers: Object.fromEntries(listed.map(([peer, { addresses }]) => [peer, addresses])),
                services: Object.keys(known.services),
                ...groupsIn(registry?.inputs["groups"]),
                // A network with peers in it would leave out what they are allowed to reach by name.
                subnets: listed.flatMap(([, { addresses }]) => addresses),
            },
        };
    });
}

/** What a relay's registry has of its groups. */
function groupsIn(groups: unknown): Pick<Known, "groups"> {
    if (typeof groups !== "object" || groups === null) return {};
    const entries = Object.entries(groups as Record<string, unknown>);
    return {
        groups: Object.fromEntries(entries.filter((entry): entry is [string, string[]] => Array.isArray(entry[1]))),
    };
}
