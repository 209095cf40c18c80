import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Installs a package of Python's index into an environment of its own in the tools' cache, once.
 *
 * @param command what the package installs: with it the environment is complete
 * @param otherwise what is not tested without it
 * @returns the environment's folder of commands
 */
export function installPythonPackage(name: string, version: string, command: string, otherwise: string): string {
    const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
    const venv = join(process.env["QPTUNNEL_CACHE"] ?? join(cache, "pulumi-qp-tunnel"), `${name}-${version}`);
    const commands = join(venv, "bin");
    if (existsSync(join(commands, command))) return commands;
    must("python3", ["-m", "venv", venv], "Python 3.11 or newer with its venv module is needed");
    must(join(commands, "pip"), ["install", "--quiet", `${name}==${version}`], `pip cannot get ${name} ${version}`);
    return commands;

    function must(program: string, args: string[], problem: string): void {
        const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
        if (status !== 0) throw new Error(`${problem}, so ${otherwise}: ${error?.message ?? stderr}`);
    }
}
