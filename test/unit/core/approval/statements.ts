import { createHash } from "node:crypto";

import { renderStatement, type Statement } from "../../../../core/approval/statement.js";
import { type PlannedStep, stepText } from "../../../../core/approval/step.js";

export const sha3 = (data: string | Uint8Array): string => createHash("sha3-256").update(data).digest("hex");

export const URN = "urn:pulumi:dev::shop::qptunnel:index:Relay$qptunnel:index:Grants::hub-grants";

/** An update of the grants of relay hub. */
export const STEP: PlannedStep = {
    urn: URN,
    operation: "update",
    inputs: { relay: "hub", rules: { alice: ["10.8.0.2 10.8.0.3 tcp/22"] } },
    outputs: { record: { hash: "b".repeat(64) }, drift: {} },
};

export function statementOf(changes: Partial<Statement> = {}, steps: PlannedStep[] = [STEP]): Statement {
    return {
        project: "shop",
        stack: "dev",
        plan: sha3("plan"),
        logs: [{ path: "audit/dev.jsonl", genesis: "", size: 0, head: "" }],
        relays: [],
        sentences: ["hub: alice is allowed to reach nas on tcp/22"],
        steps: steps.map((step) => ({
            urn: step.urn,
            operation: step.operation,
            digest: sha3(stepText(step, [])),
            hidden: [],
            open: false,
        })),
        ...changes,
    };
}

export function textOf(statement: Statement): { text: string; digest: string } {
    const text = renderStatement(statement);
    return { text, digest: sha3(text) };
}
