import type { Command } from "commander";

import { EXIT_CODES, type Output } from "../output.js";
import type { ImportOptions } from "./import.js";

/** Adds `qp-tunnel import`, which is loaded when it is called. */
export function importCommand(program: Command, output: Output, done: (code: number) => void): void {
    program
        .command("import")
        .description(
            "make a program of an existing relay, which its first up takes over as it is: a wg-quick file, or the state directory of the shell tool",
        )
        .argument("<path>", "wg0.conf, or a folder with peers.json")
        .option("--out <folder>", "where to write; default: a new folder named as the relay")
        .option("--name <name>", "of the relay and its project", "relay")
        .option("--host <host>", "where it runs: local, namespace:NAME, or [user@]address[:port] for SSH", "local")
        .option(
            "--grants <what>",
            "open: everybody reaches everybody, as before; or none. Default: open, unless hooks limit what is forwarded or the interface is here and forwards nothing",
        )
        .option("--interface <name>", "default: the file's name, or wg0")
        .option("--endpoint <host>", "where peers reach it, host or host:port; default: the machine's own address")
        .option("--json", "print what was found and written as JSON")
        .addHelpText("after", EXIT_CODES)
        .action(async (path: string, options: ImportOptions) => {
            const { importRelay } = await import("./import.js");
            done(await importRelay(path, options, output));
        });
}
