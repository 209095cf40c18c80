import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Declared, Stack } from "../../lab/stack.js";

const ROOT = join(__dirname, "../../..");

/** The project of a stack in a bare repository, and a person's clone of it. */
export class Repository {
    readonly origin: string;
    readonly author: string;
    /** Goes first on PATH: what stands for the registry of packages. */
    readonly bin: string;

    /** @param folder empty */
    constructor(
        private readonly stack: Stack,
        readonly folder: string,
    ) {
        this.origin = join(folder, "office.git");
        this.author = join(folder, "author");
        this.bin = join(folder, "bin");
        git(folder, "init", "-q", "--bare", "-b", "main", this.origin);
        git(folder, "clone", "-q", this.origin, this.author);
        git(this.author, "checkout", "-q", "-B", "main");
        for (const name of ["Pulumi.yaml", "Pulumi.prod.yaml", "package.json", "index.js"])
            cpSync(join(stack.folder, name), join(this.author, name));
        writeFileSync(join(this.author, ".gitignore"), "node_modules\naudit/*.lock\n");
        mkdirSync(this.bin);
        const packages = join(stack.folder, "node_modules");
        this.program(
            "npm",
            `[ "$*" = ci ] && exec ln -s "${packages}" node_modules\n[ "$*" = "run types --if-present" ]`,
        );
        const command = `"${process.execPath}" "${join(ROOT, "dist/cli/main.js")}"`;
        this.program("npx", `[ "$1 $2" = "--no qp-tunnel" ] || exit 1\nshift 2\nexec ${command} "$@"`);
    }

    /** A person's commit on main: the program declares something else. */
    push(changes: Partial<Declared>): void {
        this.stack.declare(changes);
        if (git(this.author, "ls-remote", this.origin, "main") !== "")
            git(this.author, "pull", "-q", "--rebase", "origin", "main");
        cpSync(join(this.stack.folder, "program.json"), join(this.author, "program.json"));
        this.commit();
    }

    commit(): void {
        git(this.author, "add", "-A", ".", ":!yarn.lock");
        git(this.author, "commit", "-q", "--allow-empty", "-m", "change");
        git(this.author, "push", "-q", "origin", "main");
    }

    /** What a file on a branch of the origin says. */
    show(file: string, branch = "main"): string {
        git(this.author, "fetch", "-q", "origin", branch);
        return git(this.author, "show", `FETCH_HEAD:${file}`);
    }

    program(name: string, script: string): string {
        const file = join(this.bin, name);
        writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        return file;
    }
}

export function git(at: string, ...args: string[]): string {
    const who = ["-c", "user.name=author", "-c", "user.email=author@localhost"];
    return execFileSync("git", ["-C", at, ...who, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
