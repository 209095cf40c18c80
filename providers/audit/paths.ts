import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** Folder of the nearest Pulumi.yaml upwards: what relative paths of a program's arguments start from. */
export function projectFolder(from: string = process.cwd()): string {
    for (let folder = resolve(from); ; folder = dirname(folder)) {
        if (["Pulumi.yaml", "Pulumi.yml"].some((name) => existsSync(join(folder, name)))) return folder;
        if (folder === dirname(folder)) return resolve(from);
    }
}

/** Absolute path of a file that a program names: absolute, from the home directory (~/) or from the project's folder. */
export function inProject(path: string): string {
    return path.startsWith("~/") ? join(homedir(), path.slice(2)) : resolve(projectFolder(), path);
}

/** The user's configuration directory by the XDG rules. */
export function configFolder(env: Record<string, string | undefined> = process.env): string {
    const set = env.XDG_CONFIG_HOME;
    return set !== undefined && set.startsWith("/") ? set : join(homedir(), ".config");
}
