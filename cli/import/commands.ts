import type { Command } from "commander";

import { EXIT_CODES, type Output } from "../output.js";
import type { ImportOptions } from "./import.js";

/** Adds `qp-tunnel import`, which is loaded on its first use. */
export function importCommand(program: Command, output: Output, done: (code: number) => void): void {
    program
        .command("import")
        .description(
            "write a program for an existing relay, which its first `pulumi up` adopts: from a wg-quick file, or the state directory of the shell tool",
        )
        .argument("<path>", "wg0.conf, or a folder with peers.json")
        .option("--out <folder>", "output folder; default: a new folder named after the relay")
        .option("--name <name>", "name of the relay and its project", "relay")
        .option("--host <host>", "the relay's host: local, namespace:NAME, or [user@]address[:port] for SSH", "local")
        .option(
            "--grants <what>",
            "open: all peers reach each other, as before; or none. Default: open, unless hooks limit forwarding or the interface on this machine forwards nothing",
        )
        .option("--interface <name>", "default: the file's name, or wg0")
        .option(
            "--endpoint <host>",
            "the address that peers connect to, host or host:port; default: the machine's own address",
        )
        .option("--json", "print the result as JSON")
        .addHelpText("after", EXIT_CODES)
        .action(async (path: string, options: ImportOptions) => {
            const { importRelay } = await import("./import.js");
            done(await importRelay(path, options, output));
        });
}
