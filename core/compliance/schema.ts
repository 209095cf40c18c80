import { z } from "zod";

/** The form of the files in controls/. Cross-references are resolved by `readControls`. */

const text = z.string().regex(/^\S[^\n]*\S$/, "must be one line of text");
const paragraph = z.string().regex(/\S/, "must not be empty");
const id = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "must be lower-case words joined by hyphens");

const testCheck = z.strictObject({
    test: z.string().regex(/^test\/[\w./-]+\.test\.ts$/, "must be a test file of this repository"),
    titles: z.array(text).nonempty(),
});

/** Only our own command, without a shell. */
const COMMAND = /^qp-tunnel (?:[\w./=-]+|\{(?:stack|log|state)\})(?: (?:[\w./=-]+|\{(?:stack|log|state)\}))*$/;

const commandCheck = z.strictObject({
    command: z.string().regex(COMMAND, "must be a qp-tunnel command with {stack}, {log} or {state}"),
    shows: text,
});

const claim = z.strictObject({
    id,
    claim: text,
    checks: z.array(z.union([testCheck, commandCheck])).nonempty("must have a check"),
    evidence: z.array(text).default([]),
    notCovered: text,
});

/** controls/claims.yaml */
export const claimsFile = z.strictObject({
    topics: z.array(z.strictObject({ title: text, claims: z.array(claim).nonempty() })).nonempty(),
});

const control = z.strictObject({
    id: z
        .string()
        .regex(/^[A-Z0-9][\w.()-]*$/, "must be an identifier of the standard")
        .optional(),
    title: text,
    claims: z.array(id).nonempty("must name a claim"),
});

/** controls/<framework>.yaml */
export const frameworkFile = z.strictObject({
    title: text,
    edition: text,
    source: z.url({ protocol: /^https$/ }),
    introduction: paragraph,
    sections: z.array(z.strictObject({ title: text, controls: z.array(control).nonempty() })).nonempty(),
    outOfScope: z.array(z.strictObject({ what: text, reason: text })),
});

export type ClaimsFile = z.infer<typeof claimsFile>;
export type FrameworkFile = z.infer<typeof frameworkFile>;
