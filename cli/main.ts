#!/usr/bin/env node
/** The command for operators and auditors. Each subcommand is loaded when it is called. */
import { Command, CommanderError } from "commander";

import { sanitizeText } from "../core/audit/sanitize.js";
import { TunnelError } from "../core/errors.js";
import { approveCommand } from "./approve/commands.js";
import { auditCommands } from "./audit/commands.js";
import { completionCommands } from "./completion/commands.js";
import { importCommand } from "./import/commands.js";
import { Exit, EXIT_CODES, type Output } from "./output.js";
import { packageVersion } from "./packageVersion.js";
import { reviewCommand } from "./review/commands.js";
import { stackCommands } from "./stackCommands.js";

/**
 * @param args without the interpreter and the script
 * @returns the exit code
 */
export async function main(args: readonly string[], output: Output = process): Promise<number> {
    let code: number = Exit.fine;
    const program = commands(output, (result) => (code = result));
    try {
        await program.parseAsync([...args], { from: "user" });
        return code;
    } catch (error) {
        if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.fine : Exit.unusable;
        if (!isExpected(error)) throw error;
        // A message may quote untrusted text: control characters are escaped, line breaks of the message stay.
        output.stderr.write(`error: ${error.message.split("\n").map(sanitizeText).join("\n")}\n`);
        return Exit.unusable;
    }
}

function commands(output: Output, done: (code: number) => void): Command {
    const program = new Command("qp-tunnel")
        .description("WireGuard relays as code: status, audit log, and project setup")
        .version(packageVersion())
        .addHelpText("after", EXIT_CODES)
        .exitOverride()
        .configureOutput({
            writeOut: (text) => output.stdout.write(text),
            writeErr: (text) => output.stderr.write(text),
        });

    stackCommands(program, output, done);
    reviewCommand(program, output, done);
    approveCommand(program, output, done);
    completionCommands(program, output);
    auditCommands(program, output, done);
    importCommand(program, output, done);
    program
        .command("init")
        .description("set up the Pulumi project in this folder: write the plugin's script and its entry in Pulumi.yaml")
        .option("--json", "print the result as JSON")
        .action(async (options: { json?: boolean }) => {
            const { init } = await import("./init.js");
            done(init(process.cwd(), options, output));
        });
    return program;
}

/** Expected errors: our own and the system's; any other error is a bug and keeps its stack trace. */
function isExpected(error: unknown): error is Error {
    return error instanceof TunnelError || typeof (error as NodeJS.ErrnoException).syscall === "string";
}

if (require.main === module) {
    // A reader that closes the pipe early, like head, has what it wants.
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "EPIPE") throw error;
        process.exit();
    });
    void main(process.argv.slice(2)).then((code) => {
        process.exitCode = code;
    });
}
