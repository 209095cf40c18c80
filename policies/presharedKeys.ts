import { isLeaf, mapIn, subjectOf, token } from "./inputs.js";
import { type Exceptions, isListed, namesOption, type Rule } from "./rule.js";

/** The engine shows policies the values of secrets: a key is only compared with "none", and never printed. */
export const presharedKeys: Rule<Exceptions> = {
    description: 'Every peer has a preshared key (no presharedKey: "none").',
    options: { except: namesOption("Names of the peers that are allowed to have none", []) },
    inputs: {
        types: [token("WireGuard"), token("Script")],
        violations(resource, { except }) {
            if (isLeaf(resource.props)) return [];
            const given = mapIn(resource.props, "presharedKeys");
            return Object.keys(given)
                .filter((name) => !isListed(name, except) && given[name] === "none")
                .map(
                    (name) =>
                        `${subjectOf(resource)}: peer ${name} has no preshared key; ` +
                        'remove presharedKey: "none", and the relay derives one',
                );
        },
    },
};
