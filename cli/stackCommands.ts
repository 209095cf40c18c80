import type { Command } from "commander";

import type { AccessOptions } from "./access/access.js";
import type { CaOptions } from "./ca.js";
import type { ConfigOptions } from "./config/config.js";
import type { DoctorOptions } from "./doctor/doctor.js";
import type { OfferOptions } from "./offer/offer.js";
import { EXIT_CODES, type Output } from "./output.js";
import type { StatusOptions } from "./status/options.js";

/** Adds the commands for a stack and its relays. Each is loaded when it is called. */
export function stackCommands(program: Command, output: Output, done: (code: number) => void): void {
    const command = (name: string, description: string): Command =>
        program
            .command(name)
            .description(description)
            .option("--stack <name>", "the stack; default: the one selected in this folder")
            .option("--state <file>", "file from pulumi stack export --file; default: the engine exports the state")
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

const COMMANDS = [addStatus, addDoctor, addList, addAccess, addConfig, addCa, addOffer];

function addStatus({ command, output, done }: Context): void {
    command("status", "query the relays: connected peers, services, and differences from the state")
        .option("--relay <name>", "only this relay; default: every relay of the stack")
        .option("--watch [seconds]", "repeat, every 5 seconds by default")
        .option("--prometheus", "print metrics in the Prometheus text format")
        .option("--probe", "open a TLS connection to every service and show what was negotiated; takes longer")
        .option("--require <names>", "peers that must be connected, separated by commas")
        .option("--stale <seconds>", "maximum age of a handshake for --require (default: 180); alone: for all peers")
        .option("--expiring <days>", "report certificates and peers that expire within this many days", "30")
        .option("--timeout <seconds>", "time limit for a relay's answer", "30")
        .addHelpText("after", STATUS_CODES)
        .action(async (options: StatusOptions) => {
            const { status } = await import("./status/status.js");
            done(await status(options, output));
        });
}

function addDoctor({ command, output, done }: Context): void {
    command("doctor", "check this machine and report what is missing: programs, project, log, signing key, relays")
        .option("--timeout <seconds>", "time limit for a relay's answer", "30")
        .addHelpText("after", EXIT_CODES)
        .action(async (options: DoctorOptions) => {
            const { doctor } = await import("./doctor/doctor.js");
            done(await doctor(options, output));
        });
}

function addList({ command, output, done }: Context): void {
    command("list", "list the stack's peers and services, revoked ones included; does not contact the relays")
        .option("--relay <name>", "only this relay; default: every relay of the stack")
        .addHelpText("after", EXIT_CODES)
        .action(async (options: object) => {
            const { list } = await import("./list.js");
            done(await list(options, output));
        });
}

function addAccess({ command, output, done }: Context): void {
    command(
        "access",
        "show who is allowed to reach what, and by which grant or service; only --live contacts the relays",
    )
        .option("--relay <name>", "only this relay; default: every relay of the stack")
        .option("--from <name>", "only what this peer, or this network behind one, is allowed to reach")
        .option("--to <target>", "only who is allowed to reach it: nas:tcp/22, grafana, 192.168.7.0/24, internet")
        .option("--matrix", "one row for each source, one column for each destination")
        .option("--csv", "print comma-separated values")
        .option("--graph <form>", "draw it: mermaid or svg")
        .option("--diff <files...>", "compare two files, the old and the new one: exported states or previews")
        .option("--live", "compare with what the relays let through: their whole ruleset and their peers are read")
        .option("--timeout <seconds>", "with --live: time limit for a relay's answer", "30")
        .addHelpText("after", ACCESS_CODES)
        .action(async (options: AccessOptions) => {
            const { access } = await import("./access/access.js");
            done(await access(options, output));
        });
}

function addConfig({ command, output, done }: Context): void {
    command("config", "export a peer's configuration, a secret: to standard output or into files of mode 0600")
        .argument("<peer>", "the peer's name")
        .option("--relay <name>", "the relay; required if the peer is on several")
        .option("--epoch <number>", "key epoch of the relay; default: the newest")
        .option("--format <name>", "wg-quick, nixos, networkd or routeros", "wg-quick")
        .option("--interface <name>", "name of the tunnel interface on the peer's machine", "wg0")
        .option("-o, --output <path>", "a file, or the folder for a format of several files")
        .option("--qr", "draw a QR code for the WireGuard apps in the terminal")
        .option("--png <file>", "write the QR code as an image")
        .addHelpText("after", EXIT_CODES)
        .action(async (peer: string, options: ConfigOptions) => {
            const { config } = await import("./config/config.js");
            done(await config(peer, options, output));
        });
}

function addCa({ command, output, done }: Context): void {
    command("ca", "export the CA certificate that clients of a relay's services must trust, and print its fingerprint")
        .option("--format <name>", "pem, der (one CA), or mobileconfig (a profile for macOS and iOS)", "pem")
        .option("--relay <name>", "the relay; required if the stack has more than one")
        .option("--algorithm <name>", "only the CA of this kind: ed25519 or ecdsa-p256")
        .option("-o, --output <file>", "output file; default: standard output")
        .addHelpText("after", EXIT_CODES)
        .action(async (options: CaOptions) => {
            const { ca } = await import("./ca.js");
            done(await ca(options, output));
        });
}

function addOffer({ command, output, done }: Context): void {
    command(
        "offer",
        "write the stack's offer for another party: its peers' public keys, what they ask for, and how far the log has grown",
    )
        .argument("[log]", "the log, a .jsonl file; without it the offer is the stack's output as it is")
        .option("--name <output>", "the stack's output that has the offer", "offer")
        .option("--for <file>", "the recipient's own offer, which says how far it has recorded the log")
        .option("--since <size>", "prove that the log extends its first SIZE records; default: what --for says")
        .option("--signing-key <reference>", "sign a checkpoint now; default: the one in the stack's output")
        .option("-o, --output <file>", "output file; default: standard output")
        .addHelpText("after", EXIT_CODES)
        .action(async (log: string | undefined, options: OfferOptions) => {
            const { offer } = await import("./offer/offer.js");
            done(await offer(log, options, output));
        });
}

const ACCESS_CODES = `${EXIT_CODES}

For access, a problem is that --from is not allowed to reach all of --to; with --live, that a relay lets something
through that the program does not allow, or the reverse. If a relay cannot be queried, it exits with status 2.`;

const STATUS_CODES = `${EXIT_CODES}

For status, a problem is an unknown peer, any difference from the state, a certificate that is about to expire, and
anything that --require, --stale and --probe find. If a relay cannot be queried, it exits with status 2.`;
