#!/usr/bin/env node
/** The operator's and the auditor's command. Each subcommand is loaded when it is called. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { Command, CommanderError } from "commander";

import { TunnelError } from "../core/errors.js";
import { Exit, type Output } from "./output.js";

const EXIT_CODES = `
Exit codes:
  0  it is as it should be
  1  a problem was found, for instance a log that was changed
  2  wrong usage, or something could not be read or written`;

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
        output.stderr.write(`error: ${error.message}\n`);
        return Exit.unusable;
    }
}

function commands(output: Output, done: (code: number) => void): Command {
    const program = new Command("qp-tunnel")
        .description("WireGuard relays as code: the audit log, and setting up a project")
        .version(packageVersion())
        .addHelpText("after", EXIT_CODES)
        .exitOverride()
        .configureOutput({
            writeOut: (text) => output.stdout.write(text),
            writeErr: (text) => output.stderr.write(text),
        });

    const audit = program
        .command("audit")
        .description("check and hand on a sealed audit log")
        .copyInheritedSettings(program);
    audit
        .command("verify")
        .description("check every line of a log: bytes, hashes, chain, signatures, and what was pinned of it")
        .argument("<file>", "the log, a .jsonl file")
        .option("--checkpoint <file|json>", "what the log must begin with: a checkpoint as JSON or as a signed note")
        .option("--full", "check the signature of every record, not only of the first and the last")
        .option("--key <hex>", "the public key the log must be sealed with; otherwise the one its first record names")
        .option("--json", "print the result as JSON")
        .addHelpText("after", EXIT_CODES)
        .action(async (file: string, options: object) => {
            const { verify } = await import("./audit/verify.js");
            done(await verify(file, options, output));
        });
    audit
        .command("export")
        .description("write the log in another format, after checking every signature")
        .argument("<file>", "the log, a .jsonl file")
        .requiredOption("--format <name>", "cps-json: one JSON array of sealed capsules (Capsule Protocol 1.0)")
        .option("-o, --output <file>", "where to write; default: standard output")
        .option(
            "--keyring <folder>",
            "also write a data directory of the capsule command that holds the public key only",
        )
        .addHelpText("after", EXPORT_HELP + EXIT_CODES)
        .action(async (file: string, options: { format: string }) => {
            const { exportLog } = await import("./audit/export.js");
            done(await exportLog(file, options, output));
        });
    program
        .command("init")
        .description("set up the Pulumi project in this folder: the plugin's script and its entry in Pulumi.yaml")
        .option("--json", "print what was done as JSON")
        .action(async (options: { json?: boolean }) => {
            const { init } = await import("./init.js");
            done(init(process.cwd(), options, output));
        });
    return program;
}

const EXPORT_HELP = `
An export is verified without this software by the independent command of the Python package qp-capsule:
  qp-tunnel audit export --format cps-json audit/prod.jsonl -o capsules.json
  capsule verify --pubkey <public key> capsules.json
Versions before 1.5.4 have no --pubkey; they find the key in a data directory. Hand them a copy, because they may
write a key of their own into it:
  qp-tunnel audit export --format cps-json audit/prod.jsonl -o capsules.json --keyring ./keys
  QUANTUMPIPES_DATA_DIR=$PWD/keys capsule verify --signatures capsules.json
`;

/** What a person can act on: our own errors and the system's; anything else is a bug and keeps its stack. */
function isExpected(error: unknown): error is Error {
    return error instanceof TunnelError || typeof (error as NodeJS.ErrnoException).syscall === "string";
}

/** The compiled file lies one folder deeper than the source. */
function packageVersion(from: string = __dirname): string {
    try {
        const { name, version } = JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as Record<
            string,
            string
        >;
        if (name === "pulumi-qp-tunnel" && version !== undefined) return version;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    return packageVersion(dirname(from));
}

if (require.main === module) {
    void main(process.argv.slice(2)).then((code) => {
        process.exitCode = code;
    });
}
