import { currentCiRun } from "../providers/audit/actor.js";
import { subjectOf, token } from "./inputs.js";
import type { Rule } from "./rule.js";

export interface ApproverOptions {
    /** Also in runs for pull requests, which are usually approved later. Default: false. */
    pullRequests: boolean;
}

/**
 * The records of an update name the approver that the pipeline names, by the same variables. The ledger is the first resource of a relay
 * that is written: without an approver nothing is.
 */
export const approver: Rule<ApproverOptions> = {
    description: "A pipeline names who approved the change.",
    options: {
        pullRequests: { type: "boolean", description: "Also in runs for pull requests", default: false },
    },
    inputs: {
        types: [token("Registry")],
        violations(resource, { pullRequests }) {
            const run = currentCiRun();
            const isPipeline =
                (run !== undefined && run.system !== "none") || /^(?:true|1)$/.test(process.env["CI"] ?? "");
            if (!isPipeline || (run?.approver ?? "") !== "") return [];
            if (run?.pull_request !== undefined && !pullRequests) return [];
            return [
                `${subjectOf(resource)}: this pipeline names no approver of the change; ` +
                    "set QPTUNNEL_APPROVER to the person who approved it",
            ];
        },
    },
};
