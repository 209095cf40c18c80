/** Verifies a log in memory. */
import type { Primitives } from "../../../../core/audit/primitives.js";
import type { Verdict, VerifyOptions } from "../../../../core/audit/verdict.js";
import { verifyLog } from "../../../../core/audit/verify.js";
import { AuditError } from "../../../../core/errors.js";
import { nativePrimitives } from "../../../../providers/audit/primitives.js";

export function verify(bytes: Buffer, options: Partial<VerifyOptions>): Promise<Verdict> {
    return verifyLog("log", () => [bytes], { primitives: remembering, ...options });
}

/** Thousands of logs share most of their signatures: each is computed once. */
const answers = new Map<string, boolean>();
const remembering: Primitives = {
    ...nativePrimitives,
    verify(...args) {
        const key = args.join(" ");
        const answer = answers.get(key) ?? nativePrimitives.verify(...args);
        answers.set(key, answer);
        return answer;
    },
};

export async function failure(bytes: Buffer, options: Partial<VerifyOptions>): Promise<AuditError> {
    const outcome = await verify(bytes, options).catch((error: unknown) => error);
    if (!(outcome instanceof AuditError)) throw new Error("the log was accepted", { cause: outcome });
    return outcome;
}
