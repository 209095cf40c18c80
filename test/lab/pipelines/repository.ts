import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Edits a file's text. */
export type Edit = (text: string) => string;

/** An example's project in a bare repository, and a person's clone of it. */
export class Repository {
    readonly origin: string;
    readonly author: string;

    /**
     * @param folder empty
     * @param project the example's folder
     */
    constructor(
        readonly folder: string,
        project: string,
    ) {
        this.origin = join(folder, "relay.git");
        this.author = join(folder, "author");
        git(folder, "init", "-q", "--bare", "-b", "main", this.origin);
        git(folder, "clone", "-q", this.origin, this.author);
        git(this.author, "checkout", "-q", "-B", "main");
        cpSync(project, this.author, {
            recursive: true,
            filter: (source) => !/\/(node_modules|audit)$|Pulumi\..+\.yaml$/.test(source),
        });
    }

    /** A person's commit on the newest main. */
    commit(file: string, edit: Edit, message = "change"): void {
        this.#update();
        this.#edit(file, edit, message);
        git(this.author, "push", "-q", "origin", "main");
    }

    /** A branch of one commit, for a pull request; main stays as it is. */
    branch(name: string, file: string, edit: Edit): void {
        this.#update();
        git(this.author, "checkout", "-q", "-b", name);
        this.#edit(file, edit, name);
        git(this.author, "push", "-q", "origin", name);
        git(this.author, "checkout", "-q", "main");
    }

    /** What GitHub makes of a pull request at an event: the merge of its branch into main as it is then. */
    mergeRef(number: number, name: string): string {
        this.#update();
        git(this.author, "checkout", "-q", "--detach", "main");
        git(this.author, "merge", "-q", "--no-edit", `origin/${name}`);
        const ref = `refs/pull/${number}/merge`;
        git(this.author, "push", "-q", "--force", "origin", `HEAD:${ref}`);
        git(this.author, "checkout", "-q", "main");
        return ref;
    }

    /** Merges a branch into main, as the button does. */
    merge(name: string): void {
        this.#update();
        git(this.author, "merge", "-q", "--no-ff", "--no-edit", `origin/${name}`);
        git(this.author, "push", "-q", "origin", "main");
    }

    /** What a file on a branch of the origin says. */
    show(file: string, branch = "main"): string {
        git(this.author, "fetch", "-q", "origin", branch);
        return git(this.author, "show", `FETCH_HEAD:${file}`);
    }

    has(file: string, branch = "main"): boolean {
        if (git(this.author, "ls-remote", "origin", `refs/heads/${branch}`) === "") return false;
        git(this.author, "fetch", "-q", "origin", branch);
        return git(this.author, "ls-tree", "--name-only", "FETCH_HEAD", file).trim() === file;
    }

    /** Names of branches. */
    branches(): string[] {
        const refs = git(this.author, "ls-remote", "--heads", "origin");
        return [...refs.matchAll(/refs\/heads\/(.+)/g)].map(([, name]) => name!).sort();
    }

    /** Files that the newest commit on main changes, and its first line. */
    newest(): { files: string[]; title: string } {
        this.#update();
        const files = git(this.author, "show", "--format=", "--name-only", "--first-parent", "HEAD");
        return {
            files: files.split("\n").filter(Boolean),
            title: git(this.author, "log", "-1", "--format=%s").trim(),
        };
    }

    #update(): void {
        git(this.author, "fetch", "-q", "origin");
        if (git(this.author, "branch", "-r", "--list", "origin/main") !== "")
            git(this.author, "reset", "-q", "--hard", "origin/main");
    }

    #edit(file: string, edit: Edit, message: string): void {
        const path = join(this.author, file);
        writeFileSync(path, edit(readFileSync(path, "utf8")));
        git(this.author, "add", "-A");
        git(this.author, "commit", "-q", "--allow-empty", "-m", message);
    }
}

export function git(at: string, ...args: string[]): string {
    const who = ["-c", "user.name=author", "-c", "user.email=author@localhost"];
    return execFileSync("git", ["-C", at, ...who, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
