import { invalid } from "../errors.js";
import { parseAllowedSigners, signerLine } from "./allowedSigners.js";
import type { Approvers } from "./approvers.js";

/** Approvers as a program gives them. */
export interface GivenApprovers {
    /** Text in OpenSSH's allowed_signers form, or principals with their keys. */
    signers: string | { principal: string; publicKey: string }[];
    required: number;
    folder?: string | undefined;
    emergency: "record" | "refuse";
}

/**
 * The same as every resource is told it: each key a line in one spelling.
 *
 * @param subject the start of every property path
 * @throws InvalidArgument
 */
export function readApprovers({ signers, required, folder, emergency }: GivenApprovers, subject: string): Approvers {
    const text = typeof signers === "string" ? signers : signers.map(signerLine).join("\n");
    const all = parseAllowedSigners(text, `${subject}.signers`);
    const principals = new Set(all.map(({ signer }) => signer.principal));
    if (principals.size < required)
        throw invalid({
            path: `${subject}.required`,
            problem: `is ${required}, but ${principals.size} different principals are listed in \`signers\``,
            fix: "list more approvers, or require fewer",
        });
    if (all.length > MOST_APPROVERS)
        throw invalid({
            path: `${subject}.signers`,
            problem: `has ${all.length} keys`,
            fix: `list at most ${MOST_APPROVERS}`,
        });
    return {
        signers: [...new Set(all.map(({ line }) => line))].sort(),
        required,
        ...(folder === undefined ? {} : { folder }),
        ...(emergency === "record" ? {} : { emergency }),
    };
}

/** They are all in one line of the log. */
export const MOST_APPROVERS = 100;
