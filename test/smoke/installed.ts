import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

export const repository = resolve(__dirname, "../..");

/** A Pulumi project of somebody else, outside this repository, with the packed package installed. */
export interface InstalledPackage {
    project: string;
    /** Runs a command in the project; its standard output. Throws, with everything it printed, when it fails. */
    run(command: string, ...args: string[]): string;
    write(file: string, text: string): void;
    remove(): void;
}

/** A folder outside this repository, with the package as npm would publish it, and an empty project. */
export interface Packed extends InstalledPackage {
    scratch: string;
    tarball: string;
    /** Variables for the commands. */
    env: Record<string, string>;
}

/** Packs the repository and installs that with npm. Takes some seconds. */
export function installPackage(): InstalledPackage {
    const packed = packPackage();
    packed.write("package.json", JSON.stringify({ name: "somebody-elses-project", private: true, main: "index.ts" }));
    const peers = ["typescript@5.9", "ts-node@10", "@types/node@24"];
    packed.run("npm", "install", "--prefer-offline", "--ignore-scripts", packed.tarball, ...peers);
    return packed;
}

/** Packs the repository as npm would publish it, unless that was done already. */
export function packPackage(tarball?: string): Packed {
    const scratch = mkdtempSync(join(tmpdir(), "qptunnel-smoke-"));
    const project = join(scratch, "project");
    mkdirSync(project);
    const env: Record<string, string> = {};
    const run = (command: string, ...args: string[]) =>
        execute(project, { ...environment(scratch), ...env }, command, args);
    const write = (file: string, text: string) => {
        mkdirSync(dirname(join(project, file)), { recursive: true });
        writeFileSync(join(project, file), text);
    };
    const remove = () => rmSync(scratch, { recursive: true });
    return { scratch, project, tarball: tarball ?? pack(scratch), env, run, write, remove };
}

function pack(scratch: string): string {
    execute(repository, environment(scratch), "npm", ["pack", "--pack-destination", scratch]);
    const [tarball] = readdirSync(scratch).filter((name) => name.endsWith(".tgz"));
    return join(scratch, tarball!);
}

function execute(cwd: string, env: NodeJS.ProcessEnv, command: string, args: string[]): string {
    try {
        return execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: "pipe" });
    } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}\n${stderr}`, { cause: error });
    }
}

/**
 * Ours, without what npm tells its scripts: a nested npm would take this repository for its project. CI is not for a
 * project that has no lock file yet: package managers ask for one there.
 */
function environment(scratch: string): NodeJS.ProcessEnv {
    const ours = Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD|NODE_PATH|CI$)/i.test(name));
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
