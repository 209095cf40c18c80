import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { relayProgram } from "../../../../providers/hosts/program.js";

/** A relay's folders on disk, and the functions of its program over them. Needs no root and touches no network. */
export class RelayFolder {
    readonly folder = mkdtempSync(join(tmpdir(), "qptunnel-shell-"));

    constructor(files: Record<string, string> = {}) {
        for (const name of ["etc", "run", "work"]) mkdirSync(join(this.folder, name));
        for (const [name, text] of Object.entries(files)) this.write(name, text);
    }

    /**
     * Runs bash after the program's functions; what it prints.
     *
     * @param prefix a command that runs it, for a namespace of its own
     * @throws Error when it fails
     */
    run(script: string, values: Record<string, string> = {}, prefix: string[] = []): string {
        mkdirSync(join(this.folder, "work"), { recursive: true });
        const functions = relayProgram().replace(/^\{ main .*$/m, "");
        const wants = Object.entries(values).map(([key, value]) => `want[${key}]='${value}'`);
        const place = ["etc", "run"].map((name) => `${name}=${join(this.folder, name)}`);
        // The program removes the folder that it works in, so that is given to it last and taken away again.
        const text = [functions, ...place, ...wants, `work=${join(this.folder, "work")}`, script, 'work=""'].join("\n");
        const { status, stdout, stderr } = spawnSync("env", [...prefix, "bash", "-s"], {
            input: text,
            encoding: "utf8",
        });
        if (status !== 0) throw new Error(`exit status ${status}: ${stdout}${stderr}`);
        return stdout;
    }

    /** @param name "etc/peers" */
    read(name: string): string | undefined {
        try {
            return readFileSync(join(this.folder, name), "utf8");
        } catch {
            return undefined;
        }
    }

    write(name: string, text: string): void {
        mkdirSync(dirname(join(this.folder, name)), { recursive: true });
        writeFileSync(join(this.folder, name), text, { mode: 0o600 });
    }

    remove(): void {
        rmSync(this.folder, { recursive: true, force: true });
    }
}
