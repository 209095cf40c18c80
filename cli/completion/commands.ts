import type { Command } from "commander";

import { InvalidArgument } from "../../core/errors.js";
import { EXIT_CODES, type Output } from "../output.js";

/** Adds `qp-tunnel completion SHELL`, and the hidden command that its scripts call. */
export function completionCommands(program: Command, output: Output): void {
    program
        .command("completion")
        .description(
            "print a shell's completion script for commands, options and the names of relays, peers and services",
        )
        .argument("<shell>", "bash, zsh or fish")
        .addHelpText("after", EXIT_CODES)
        .action(async (shell: string) => {
            const { SCRIPTS } = await import("./scripts.js");
            const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
            if (script === undefined)
                throw new InvalidArgument(
                    "completion",
                    `${shell} is not a supported shell`,
                    "choose bash, zsh or fish",
                );
            output.stdout.write(script);
        });
    program
        .command("__complete", { hidden: true })
        .argument("[words...]")
        .action(async (words: string[]) => {
            const [{ candidates }, { namesIn }] = await Promise.all([import("./candidates.js"), import("./names.js")]);
            const found = candidates(program, words, () => namesIn(process.cwd()));
            const lines = found.map(({ text, description }) => (description ? `${text}\t${description}` : text));
            output.stdout.write(lines.map((line) => `${line}\n`).join(""));
        });
}
