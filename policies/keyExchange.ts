import { entriesIn, subjectOf, token } from "./inputs.js";
import { type Exceptions, isListed, namesOption, type Rule } from "./rule.js";

export const keyExchange: Rule<Exceptions> = {
    description: 'Every service requires the hybrid post-quantum key exchange (keyExchange: "require").',
    options: { except: namesOption("Names of the services that are allowed to prefer it", []) },
    inputs: {
        types: [token("Proxy"), token("Script")],
        violations(resource, { except }) {
            return entriesIn(resource, "services")
                .filter(([name, service]) => service["keyExchange"] !== "require" && !isListed(name, except))
                .map(
                    ([name]) =>
                        `${subjectOf(resource)}: service ${name} accepts clients without post-quantum key exchange; ` +
                        'set keyExchange: "require"',
                );
        },
    },
};
