import type { Approvers } from "./approvers.js";

/** A record that says who approves from there on; without approvers, that nothing has to be approved any more. */
export interface ApproverRule {
    sequence: number;
    approvers: Approvers | undefined;
}

/**
 * Who approves an update that was planned on a log: who did then. The first approvers of all are set by the update that they approve.
 *
 * @param rules oldest first
 * @param size of the log on which it was planned
 */
export function approversAt(rules: readonly ApproverRule[], size: number): Approvers | undefined {
    const before = rules.findLast(({ sequence }) => sequence < size)?.approvers;
    return before ?? rules.find(({ sequence, approvers }) => sequence >= size && approvers !== undefined)?.approvers;
}
