import { approversIn } from "../../core/approval/approvers.js";
import { APPROVERS_ACTION } from "../../core/approval/judge.js";
import type { ApproverRule } from "../../core/approval/rules.js";
import type { AuditLog } from "./log.js";

/** What was read of a log, by its path: only what follows is read again. */
const known = new Map<string, { genesis: string; end: number; rules: ApproverRule[] }>();

/**
 * Everything that a log says of who approves, oldest first. It holds whatever a program or a state says: who takes the approvers out
 * of a program needs their approval.
 */
export async function approverRules(log: AuditLog): Promise<ApproverRule[]> {
    const now = await log.status();
    if (now === undefined) return [];
    const before = known.get(log.path);
    const read = before?.genesis === now.genesis && before.end <= now.bytes ? before : { end: 0, rules: [] };
    const found = log
        .marked(`"action":"${APPROVERS_ACTION}"`, read.end)
        .reverse()
        .map(({ capsule: { sequence }, details }) => ({ sequence, approvers: approversIn(details) }));
    const rules = [...read.rules, ...found];
    known.set(log.path, { genesis: now.genesis, end: now.bytes, rules });
    return rules;
}
