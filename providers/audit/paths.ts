import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/**
 * Folder that relative paths of a program's arguments start from: the nearest Pulumi.yaml upwards that names the
 * project. With `main` the engine starts a plugin in the program's folder, which may lie below and may have a project
 * file of its own; without one that names it, the nearest counts.
 */
export function projectFolder(project: string, from: string = process.cwd()): string {
    const folders = projectFolders(resolve(from));
    return folders.find(({ name }) => name === project)?.folder ?? folders[0]?.folder ?? resolve(from);
}

/** Absolute path of a file that a program names: absolute, from the home directory (~/) or from the project's folder. */
export function inProject(path: string, project: string): string {
    return path.startsWith("~/") ? join(homedir(), path.slice(2)) : resolve(projectFolder(project), path);
}

function projectFolders(from: string): { folder: string; name: string | undefined }[] {
    const found = ["Pulumi.yaml", "Pulumi.yml"].map((name) => join(from, name)).find((file) => existsSync(file));
    const here =
        found === undefined
            ? []
            : [{ folder: from, name: /^name:\s*["']?([^\s"'#]+)/m.exec(readFileSync(found, "utf8"))?.[1] }];
    return from === dirname(from) ? here : [...here, ...projectFolders(dirname(from))];
}

/** The user's configuration directory by the XDG rules. */
export function configFolder(env: Record<string, string | undefined> = process.env): string {
    const set = env.XDG_CONFIG_HOME;
    return set !== undefined && set.startsWith("/") ? set : join(homedir(), ".config");
}
