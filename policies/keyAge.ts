import { DAY_MS } from "../core/time.js";
import { entriesIn, relayOf, token } from "./inputs.js";
import type { StackResource } from "./policy.js";
import { type Exceptions, isListed, namesOption, type Rule } from "./rule.js";

export interface KeyAgeOptions extends Exceptions {
    /** Days for which a key may be in use. Default: 365. */
    maxDays: number;
}

/** Reads the relay's registry in the state: since when it has each key. A key that is rotated in this update is new at its end. */
export const keyAge: Rule<KeyAgeOptions> = {
    description: "No peer's key is older than a number of days.",
    options: {
        maxDays: { type: "integer", minimum: 0, description: "Days for which a key may be in use", default: 365 },
        except: namesOption("Names of the peers whose keys may be older", []),
    },
    stack(resources, options, report) {
        const unknown: unknown[] = [];
        for (const resource of resources.filter(({ type }) => TYPES.includes(type))) {
            const relay = relayOf(resource);
            if (relay === undefined || isNew(relay, resources)) continue;
            try {
                for (const message of oldKeys(relay, resource, options)) report(message, resource.urn);
            } catch (error) {
                // A preview that changes peers does not know the relay's next registry: the other relays come first.
                unknown.push(error);
            }
        }
        // The engine prints that the rule could not be applied, and to which value.
        if (unknown.length > 0) throw unknown[0];
    },
};

const TYPES = ["WireGuard", "Script"].map(token);

/** Whether a preview creates the relay: its seed is not known then, and it has no keys yet. */
function isNew(relay: string, resources: readonly StackResource[]): boolean {
    const seed = resources.find(({ type, name }) => type === token("Seed") && name === `${relay}-seed`);
    try {
        return seed !== undefined && seed.props["seed"] === undefined;
    } catch {
        return true;
    }
}

function oldKeys(relay: string, resource: StackResource, { maxDays, except }: KeyAgeOptions): string[] {
    return entriesIn(resource, "registry").flatMap(([name, { status, since }]) => {
        if (status !== "active" || isListed(name, except)) return [];
        const age = Date.now() - Date.parse(String(since));
        if (!(age > maxDays * DAY_MS)) return [];
        const days = Math.floor(age / DAY_MS);
        return [
            `relay ${relay}: the key of peer ${name} has been in use since ${String(since)} (${days} days), ` +
                `and ${maxDays} days are allowed; rotate it`,
        ];
    });
}
