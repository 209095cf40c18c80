import type { Command } from "commander";

import type { CaOptions } from "./ca.js";
import type { ConfigOptions } from "./config/config.js";
import type { DoctorOptions } from "./doctor/doctor.js";
import { EXIT_CODES, type Output } from "./output.js";
import type { StatusOptions } from "./status/options.js";

/** Adds the commands about a stack and its relays. Each is loaded when it is called. */
export function stackCommands(program: Command, output: Output, done: (code: number) => void): void {
    const command = (name: string, description: string): Command =>
        program
            .command(name)
            .description(description)
            .option("--stack <name>", "the stack; default: the one selected in this folder")
            .option("--state <file>", "instead of asking the engine: what pulumi stack export --file wrote")
            .option("--json", "print the result as JSON");
    // In the order of the help.
    for (const add of COMMANDS) add({ command, output, done });
}

/** What a command is added with. */
interface Context {
    /** Makes it. */
    command: (name: string, description: string) => Command;
    output: Output;
    done: (code: number) => void;
}

const COMMANDS = [addStatus, addDoctor, addList, addConfig, addCa];

function addStatus({ command, output, done }: Context): void {
    command("status", "ask the relays who is connected, what is served, and what is not as the state says")
        .option("--relay <name>", "only this one; default: every relay of the stack")
        .option("--watch [seconds]", "again and again, every 5 seconds unless said otherwise")
        .option("--prometheus", "print metrics in Prometheus's text format")
        .option("--probe", "open a TLS connection to every service and tell what was negotiated; takes longer")
        .option("--require <names>", "peers who must be connected, separated by commas")
        .option("--stale <seconds>", "how old a handshake of --require may be (default: 180); alone: of all peers")
        .option(
            "--expiring <days>",
            "days before its end from which a certificate, or a peer that expires, is a problem",
            "30",
        )
        .option("--timeout <seconds>", "how long a relay may take to answer", "30")
        .addHelpText("after", STATUS_CODES)
        .action(async (options: StatusOptions) => {
            const { status } = await import("./status/status.js");
            done(await status(options, output));
        });
}

function addDoctor({ command, output, done }: Context): void {
    command("doctor", "what is here, what is missing, and what to do: programs, project, log, signing key, relays")
        .option("--timeout <seconds>", "how long a relay may take to answer", "30")
        .addHelpText("after", EXIT_CODES)
        .action(async (options: DoctorOptions) => {
            const { doctor } = await import("./doctor/doctor.js");
            done(await doctor(options, output));
        });
}

function addList({ command, output, done }: Context): void {
    command("list", "peers and services of the stack, those that were revoked too; asks no relay")
        .option("--relay <name>", "only of this one; default: of every relay of the stack")
        .addHelpText("after", EXIT_CODES)
        .action(async (options: object) => {
            const { list } = await import("./list.js");
            done(await list(options, output));
        });
}

function addConfig({ command, output, done }: Context): void {
    command("config", "hand out a peer's configuration, a secret: to standard output or into files of mode 0600")
        .argument("<peer>", "her name")
        .option("--relay <name>", "on which; needed when she is on several")
        .option("--epoch <number>", "for this key epoch of the relay; default: its newest")
        .option("--format <name>", "wg-quick, nixos, networkd or routeros", "wg-quick")
        .option("--interface <name>", "what the tunnel is called on her machine", "wg0")
        .option("-o, --output <path>", "a file, or the folder for a format of several files")
        .option("--qr", "a code for the WireGuard apps, drawn in the terminal")
        .option("--png <file>", "the same code as an image")
        .addHelpText("after", EXIT_CODES)
        .action(async (peer: string, options: ConfigOptions) => {
            const { config } = await import("./config/config.js");
            done(await config(peer, options, output));
        });
}

function addCa({ command, output, done }: Context): void {
    command("ca", "hand out what clients of a relay's services have to trust; prints its fingerprint as well")
        .option("--format <name>", "pem, der (one authority), or mobileconfig (a profile for macOS and iOS)", "pem")
        .option("--relay <name>", "whose; needed when the stack has more than one")
        .option("--algorithm <name>", "only the authority of this kind: ed25519 or ecdsa-p256")
        .option("-o, --output <file>", "where to write; default: standard output")
        .addHelpText("after", EXIT_CODES)
        .action(async (options: CaOptions) => {
            const { ca } = await import("./ca.js");
            done(await ca(options, output));
        });
}

const STATUS_CODES = `${EXIT_CODES}

For status, a problem is a rogue peer, anything that is not as the state says, a certificate that is about to end, and
whatever --require, --stale and --probe find. A relay that cannot be asked ends it with 2.`;
