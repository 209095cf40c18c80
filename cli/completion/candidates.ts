import type { Command, Option } from "commander";

import type { Names } from "./names.js";

/** A possible completion at the cursor. */
interface Candidate {
    text: string;
    description?: string;
}

/**
 * The candidates for the last of these words. None means a file name or free text.
 *
 * @param words after the command's name; the last one is being typed and may be empty
 * @param names called only where names are possible
 */
export function candidates(program: Command, words: readonly string[], names: () => Names): Candidate[] {
    // Bash splits "--relay=x" at the equals sign.
    const typed = words.filter((word) => word !== "=");
    const current = words.at(-1) === "=" ? "" : (typed.pop() ?? "");
    const { command, before, open } = place(program, typed);
    const inline = /^(--[a-z-]+=)(.*)$/s.exec(current);
    const option = open ?? optionOf(command, inline?.[1]?.slice(0, -1));
    if (option !== undefined) {
        const [, prefix = "", value = current] = inline ?? [];
        return valuesOf(path(command), option, value, names).map((each) => ({ ...each, text: prefix + each.text }));
    }
    const found = current.startsWith("-")
        ? optionsOf(command)
        : [...subcommands(command), ...argument(command, before, names)];
    return found.filter(({ text }) => text.startsWith(current));
}

/** The command of these words, the number of its arguments so far, and the option whose value is missing. */
function place(program: Command, words: readonly string[]): { command: Command; before: number; open?: Option } {
    let command = program;
    let before = 0;
    let open: Option | undefined;
    for (const word of words) {
        const takes = open;
        open = undefined;
        if (takes !== undefined && (takes.required || !word.startsWith("-"))) continue;
        const option = optionOf(command, word);
        const next = command.commands.find((each) => each.name() === word);
        if (option?.required || option?.optional) open = option;
        else if (option !== undefined || word.startsWith("-")) continue;
        else if (next === undefined) before += 1;
        else [command, before] = [next, 0];
    }
    return { command, before, ...(open?.required ? { open } : {}) };
}

function optionOf({ options }: Command, flag: string | undefined): Option | undefined {
    return options.find(({ long, short }) => flag !== undefined && (flag === long || flag === short));
}

function subcommands(command: Command): Candidate[] {
    return command
        .createHelp()
        .visibleCommands(command)
        .map((each) => ({ text: each.name(), description: each.description() }));
}

function optionsOf(command: Command): Candidate[] {
    return command
        .createHelp()
        .visibleOptions(command)
        .map(({ long, short, description }) => ({ text: long ?? short ?? "", description }));
}

function argument(command: Command, before: number, names: () => Names): Candidate[] {
    return before === 0 && path(command) === "config" ? plain(names().peers) : [];
}

/** "audit show" */
function path(command: Command): string {
    const { parent } = command;
    return parent === null ? "" : `${path(parent)} ${command.name()}`.trim();
}

/** Which names an option takes. */
const NAMED: Record<string, (names: Names) => string[]> = {
    "--relay": ({ relays }) => relays,
    "--from-relay": ({ relays }) => relays,
    "--require": ({ peers }) => peers,
    "--name": ({ relays, peers, services, former }) => [...new Set([...peers, ...services, ...former, ...relays])],
};

/** Words that an option of a command takes. */
const WORDS: Record<string, string[]> = {
    "config --format": ["wg-quick", "nixos", "networkd", "routeros"],
    "ca --format": ["pem", "der", "mobileconfig"],
    "ca --algorithm": ["ed25519", "ecdsa-p256"],
    "audit export --format": ["cps-json", "csv", "ocsf", "cef"],
    "audit show --status": ["success", "failure"],
};

function valuesOf(command: string, { long, argChoices }: Option, value: string, names: () => Names): Candidate[] {
    const named = NAMED[long ?? ""];
    const words = argChoices ?? WORDS[`${command} ${long}`] ?? (named === undefined ? [] : named(names()));
    // In a list only the part after the last comma is being typed.
    const listed = long === "--require" ? value.slice(0, value.lastIndexOf(",") + 1) : "";
    return plain(words.map((word) => listed + word)).filter(({ text }) => text.startsWith(value));
}

function plain(words: readonly string[]): Candidate[] {
    return words.map((text) => ({ text }));
}
