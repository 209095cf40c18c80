import type { Command } from "commander";

import { EXIT_CODES, type Output } from "../output.js";
import type { ApproveOptions } from "./approve.js";

/** Adds `qp-tunnel approve`, which is loaded on its first use. */
export function approveCommand(program: Command, output: Output, done: (code: number) => void): void {
    program
        .command("approve")
        .description("sign a plan, so that an AuditSink with `approvers` applies exactly this plan, once")
        .argument("<plan>", "file from pulumi preview --json, or - for standard input")
        .option("--key <file>", "SSH key that signs, as ssh-keygen -Y sign takes it; default: only write the statement")
        .option("--folder <folder>", "where approvals are, from the project's folder; default: as the plan says")
        .option("--log <file>", "the log as it is now, for a plan that says nothing of it, as of a destroy")
        .option("--accept-unknown", "also approve values that the preview does not show")
        .option("--check", "only check whether enough approvers have signed this plan")
        .option("--json", "print the result as JSON")
        .addHelpText("after", APPROVE_CODES)
        .action(async (plan: string, options: ApproveOptions) => {
            const { approve } = await import("./approve.js");
            done(await approve(plan, options, output));
        });
}

const APPROVE_CODES = `${EXIT_CODES}

For approve, a problem is a value that the preview does not show, and with --check too few approvals.`;
