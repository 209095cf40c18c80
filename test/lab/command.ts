import { join } from "node:path";
import type { LabNode } from "./node.js";
import { execute, type Outcome } from "./processes.js";
import { searchPath, type Stack } from "./stack.js";

export interface CommandOptions {
    /** Where it runs; default: on this machine. */
    node?: LabNode;
    /** In addition to the stack's, which has no passphrase here unless it is given. */
    env?: Record<string, string>;
    /** A file for its standard output, made as a shell with umask 022 makes it. */
    redirect?: string;
}

/** Runs the compiled `qp-tunnel` in a stack's project. */
export async function qpTunnel(stack: Stack, args: string[], options: CommandOptions = {}): Promise<Outcome> {
    const { node, env = {}, redirect = "" } = options;
    const { PULUMI_CONFIG_PASSPHRASE: _withheld, ...open } = stack.env;
    const script = 'umask 022; cd "$1" || exit; [ -z "$2" ] || exec >"$2"; shift 2; exec node "$@"';
    const argv = ["sh", "-c", script, "sh", stack.folder, redirect, COMMAND, ...args];
    const all = { env: { ...open, PATH: searchPath(), ...env } };
    return node === undefined ? execute(argv, all) : node.exec(argv, all);
}

const COMMAND = join(__dirname, "../../dist/cli/main.js");
