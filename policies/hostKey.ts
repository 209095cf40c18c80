import { sshHost, subjectOf, token } from "./inputs.js";
import type { NoOptions, Rule } from "./rule.js";

/** A key that another resource supplies counts as pinned, although a preview does not know it yet. */
export const hostKey: Rule<NoOptions> = {
    description: "The SSH host key of each machine is pinned in the program; trustOnFirstUse is not used.",
    options: {},
    inputs: {
        types: [token("Host")],
        violations(resource) {
            const host = sshHost(resource);
            if (host === undefined) return [];
            const subject = subjectOf(resource);
            if (host["trustOnFirstUse"] === true) {
                return [
                    `${subject}: trustOnFirstUse accepts any host key on the first connection; remove it and set hostKey`,
                ];
            }
            return Object.hasOwn(host, "hostKey")
                ? []
                : [`${subject}: the SSH host key of its machine is not pinned; set hostKey in hosts.ssh`];
        },
    },
};
