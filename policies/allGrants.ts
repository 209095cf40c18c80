import { isLeaf, mapIn, subjectOf, token } from "./inputs.js";
import { type Exceptions, isListed, namesOption, type Rule } from "./rule.js";

/** Sees the rules as the relay gets them: sources are peers by name, destinations are addresses. */
export const allGrants: Rule<Exceptions> = {
    description: 'No grant allows all protocols and ports ("all").',
    options: { except: namesOption("Names of the peers that are allowed to have such grants", []) },
    inputs: {
        types: [token("Grants"), token("Script")],
        violations(resource, { except }) {
            if (isLeaf(resource.props)) return [];
            const rules = mapIn(resource.props, "rules") as Record<string, string[]>;
            return Object.keys(rules)
                .filter((source) => !isListed(source, except))
                .flatMap((source) =>
                    rules[source]!.flatMap((rule) => {
                        const to = /^\S+ -> (\S+) all$/.exec(rule)?.[1];
                        if (to === undefined) return [];
                        return [
                            `${subjectOf(resource)}: a grant allows ${source} all protocols and ports of ${to}; ` +
                                'list the ports that it needs, "tcp/22" for example',
                        ];
                    }),
                );
        },
    },
};
