import type { Command } from "commander";

import { EXIT_CODES, type Output } from "../output.js";
import type { ReviewOptions } from "./review.js";

/** Adds `qp-tunnel review`, which is loaded on its first use. */
export function reviewCommand(program: Command, output: Output, done: (code: number) => void): void {
    program
        .command("review")
        .description("write what a preview means as a comment for a pull request: who is added, cut off or interrupted")
        .argument("[plan]", "file from pulumi preview --json --show-sames, or - for standard input; default: run it")
        .option("--stack <name>", "the stack to preview; default: the one selected in this folder")
        .option("--forge <name>", "where the comment will be, which limits its length: github or gitlab", "github")
        .option("-o, --output <file>", "write the comment into a file; default: standard output")
        .option("--html <file>", "also write a page with everything, without a limit")
        .option("--json", "print the result as JSON in place of the comment")
        .option("--fail-on <names>", "exit with status 1 for any of these, separated by commas: see below")
        .addHelpText("after", REVIEW_CODES)
        .action(async (plan: string | undefined, options: ReviewOptions) => {
            const { review } = await import("./review.js");
            done(await review(plan, options, output));
        });
}

const REVIEW_CODES = `${EXIT_CODES}

For review, a problem is a preview that failed, or what --fail-on names:
  added        a peer is added                 no-expiry  a peer is added without an expiry
  cut          a peer is cut off               all-ports  a new access rule allows all ports
  interrupted  connections are interrupted     internet   a new access rule reaches public addresses
  removed      a relay is removed              unknown    peers or access rules are not known yet
  no-until     a new access rule has no end    no-ticket  a new access rule names no ticket
  warnings     the preview warns`;
