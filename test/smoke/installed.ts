import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const repository = resolve(__dirname, "../..");

/** A Pulumi project of somebody else, outside this repository, with the packed package installed. */
export interface InstalledPackage {
    project: string;
    /** Runs a command in the project; its standard output. Throws, with everything it printed, when it fails. */
    run(command: string, ...args: string[]): string;
    write(file: string, text: string): void;
    remove(): void;
}

/** Packs the repository as npm would publish it and installs that. Takes some seconds. */
export function installPackage(): InstalledPackage {
    const scratch = mkdtempSync(join(tmpdir(), "qptunnel-smoke-"));
    const project = join(scratch, "project");
    mkdirSync(project);
    const run = (command: string, ...args: string[]) => execute(project, scratch, command, args);
    const write = (file: string, text: string) => writeFileSync(join(project, file), text);

    execute(repository, scratch, "npm", ["pack", "--pack-destination", scratch]);
    const [tarball] = readdirSync(scratch).filter((name) => name.endsWith(".tgz"));
    write("package.json", JSON.stringify({ name: "somebody-elses-project", private: true, main: "index.ts" }));
    const peers = ["typescript@5.9", "ts-node@10", "@types/node@24"];
    run("npm", "install", "--prefer-offline", "--ignore-scripts", join(scratch, tarball!), ...peers);
    return { project, run, write, remove: () => rmSync(scratch, { recursive: true }) };
}

function execute(cwd: string, scratch: string, command: string, args: string[]): string {
    try {
        return execFileSync(command, args, { cwd, env: environment(scratch), encoding: "utf8", stdio: "pipe" });
    } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}\n${stderr}`, { cause: error });
    }
}

/** Ours, without what npm tells its scripts: a nested npm would take this repository for its project. */
function environment(scratch: string): NodeJS.ProcessEnv {
    const ours = Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD|NODE_PATH)/i.test(name));
    return {
        ...Object.fromEntries(ours),
        PULUMI_HOME: join(scratch, "pulumi"),
        PULUMI_BACKEND_URL: `file://${scratch}`,
        PULUMI_CONFIG_PASSPHRASE: "smoke",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        // Where AuditSink makes the signing key.
        XDG_CONFIG_HOME: join(scratch, "config"),
    };
}
