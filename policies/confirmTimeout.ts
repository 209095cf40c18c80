import { sshHost, subjectOf, token } from "./inputs.js";
import type { Rule } from "./rule.js";

export interface ConfirmTimeoutOptions {
    /** The longest time in which an unconfirmed change stays, in seconds. Default: 300. */
    maxSeconds: number;
}

export const confirmTimeout: Rule<ConfirmTimeoutOptions> = {
    description: "A change that cuts off the operator is rolled back within a limit (confirmTimeout).",
    options: {
        maxSeconds: {
            type: "integer",
            minimum: 10,
            description: "Longest time in which an unconfirmed change stays, in seconds",
            default: 300,
        },
    },
    inputs: {
        types: [token("Host")],
        violations(resource, { maxSeconds }) {
            if (sshHost(resource) === undefined) return [];
            const subject = subjectOf(resource);
            const seconds = resource.props["confirmTimeout"];
            if (typeof seconds !== "number") {
                return [`${subject}: a change that cuts off the operator is not rolled back; set confirmTimeout`];
            }
            if (seconds <= maxSeconds) return [];
            return [
                `${subject}: a change that cuts off the operator stays for ${seconds} s, and ${maxSeconds} s are allowed; ` +
                    "set a shorter confirmTimeout",
            ];
        },
    },
};
