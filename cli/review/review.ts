import { readFileSync, writeFileSync } from "node:fs";

import { sanitizeText } from "../../core/audit/sanitize.js";
import { InvalidArgument } from "../../core/errors.js";
import { failuresOf, parseGates } from "../../core/review/gates.js";
import { htmlOf } from "../../core/review/html.js";
import { COMMENT_LIMITS, markdownOf } from "../../core/review/markdown.js";
import type { Review } from "../../core/review/model.js";
import { HOW_TO_WRITE, parsePlan } from "../../core/review/plan.js";
import { reviewOf } from "../../core/review/review.js";
import { run } from "../../providers/hosts/run.js";
import { effectClass } from "../../providers/resources/effectClass.js";
import { readGivenFile } from "../givenFile.js";
import { Exit, type Output } from "../output.js";

export interface ReviewOptions {
    stack?: string;
    forge?: string;
    output?: string;
    html?: string;
    json?: boolean;
    failOn?: string;
}

/** `qp-tunnel review`: what a preview means for those who are connected, as a comment for a pull request. */
export async function review(path: string | undefined, options: ReviewOptions, output: Output): Promise<number> {
    const limit = limitOf(options.forge ?? "github");
    const gates = options.failOn === undefined ? [] : parseGates(options.failOn, "--fail-on");
    const { text, subject } = await planText(path, options);
    const result = reviewOf(parsePlan(text, subject), effectClass, new Date());
    const written = options.json === true ? `${JSON.stringify(result, undefined, 4)}\n` : markdownOf(result, limit);
    if (options.output === undefined) output.stdout.write(written);
    else writeFileSync(options.output, written);
    if (options.html !== undefined) writeFileSync(options.html, htmlOf(result));
    const reasons = reasonsIn(result, gates);
    for (const reason of reasons) output.stderr.write(`${sanitizeText(reason)}\n`);
    return reasons.length === 0 ? Exit.fine : Exit.problem;
}

function reasonsIn(result: Review, gates: Parameters<typeof failuresOf>[1]): string[] {
    return [
        ...(result.errors.length === 0 ? [] : ["the preview failed"]),
        ...failuresOf(result, gates).map(({ gate, reason }) => `${gate}: ${reason}`),
    ];
}

function limitOf(forge: string): number {
    if (forge === "github" || forge === "gitlab") return COMMENT_LIMITS[forge];
    throw new InvalidArgument("--forge", `"${forge}" is not known`, "choose github or gitlab");
}

/** @throws InvalidArgument with the engine's own message where it writes no preview */
async function planText(
    path: string | undefined,
    { stack }: ReviewOptions,
): Promise<{ text: string; subject: string }> {
    if (path === undefined) return { text: await previewed(stack), subject: PREVIEW };
    if (stack !== undefined)
        throw new InvalidArgument("--stack", "cannot be combined with a file", "the file has a stack's preview");
    if (path === "-") return { text: readFileSync(0, "utf8"), subject: "standard input" };
    return { text: readGivenFile(path, HOW_TO_WRITE), subject: path };
}

const PREVIEW = "pulumi preview --json";

/** A preview that failed is a preview as well: it says why. */
async function previewed(stack: string | undefined): Promise<string> {
    const options = stack === undefined ? [] : ["--stack", stack];
    const command = ["pulumi", "preview", "--json", "--show-sames", "--non-interactive", "--color", "never"];
    const { code, stdout, stderr } = await run([...command, ...options], "");
    if (stdout.trim().startsWith("{")) return stdout;
    throw new InvalidArgument(
        PREVIEW,
        stderr.replace(/^error: /, "").trim() || `it exited with status ${code}`,
        "run this in the project's folder with a stack selected, or give a file",
    );
}
