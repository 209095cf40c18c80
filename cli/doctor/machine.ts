import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join, resolve } from "node:path";

import { parseDocument } from "yaml";

import { packageManagerOf } from "../../core/packageManager.js";
import { engines } from "../packageVersion.js";
import { run } from "../../providers/hosts/run.js";
import { ok, problem, warn, type Finding } from "./finding.js";

/** The programs that every use needs, and the project in this folder. */
export async function examineMachine(folder: string): Promise<Finding[]> {
    return [node(process.versions.node), ...(await pulumi()), ...project(folder)];
}

function node(version: string): Finding {
    const least = engines();
    return isAtLeast(version, least)
        ? ok("node", version)
        : problem("node", `${version}, and this package needs ${least}`, `install Node ${least} or newer`);
}

async function pulumi(): Promise<Finding[]> {
    const path = found("pulumi");
    if (path === undefined)
        return [problem("pulumi", "is not on PATH", "install the pulumi CLI: https://www.pulumi.com/docs/install/")];
    const version = await firstLine([path, "version"]);
    const host = found("pulumi-language-nodejs");
    return [
        version === undefined
            ? problem("pulumi", `${path} does not run`, "install the pulumi CLI again")
            : ok("pulumi", version.replace(/^v/, "")),
        host === undefined
            ? problem(
                  "language host",
                  "pulumi-language-nodejs is not on PATH",
                  "install the complete pulumi CLI: it includes the language host",
              )
            : ok("language host", host),
    ];
}

interface Manifest {
    runtime?: string | { name?: string; options?: { typescript?: boolean } };
    plugins?: { providers?: { name?: string; path?: string }[] };
}

/** The problem with the compiler of a project's program, if there is one. */
export function compilerProblem(folder: string): Finding | undefined {
    return project(folder).find(({ name, state }) => name === "typescript" && state === "problem");
}

/** Where the engine finds the plugin, and what compiles the program. */
function project(folder: string): Finding[] {
    const name = ["Pulumi.yaml", "Pulumi.yml"].find((each) => existsSync(join(folder, each)));
    if (name === undefined)
        return [warn("project", "there is no Pulumi.yaml in this folder", "run this in the folder of a project")];
    const document = parseDocument(readFileSync(join(folder, name), "utf8"));
    if (document.errors.length > 0)
        return [problem("project", `${name}: ${document.errors[0]?.message.split("\n")[0]}`, "repair the file")];
    const { runtime, plugins } = (document.toJS() ?? {}) as Manifest;
    return [ok("project", name), plugin(folder, plugins), ...typescript(folder, runtime)];
}

const initialize = (folder: string): string =>
    `run \`${packageManagerOf(folder, existsSync).run} qp-tunnel init\`, and commit what it writes`;

function plugin(folder: string, plugins: Manifest["plugins"]): Finding {
    const entry = plugins?.providers?.find((each) => each.name === "qptunnel");
    if (entry?.path === undefined) {
        const path = found("pulumi-resource-qptunnel");
        return path === undefined
            ? problem("plugin", "Pulumi.yaml has no entry for it", initialize(folder))
            : ok("plugin", path);
    }
    const script = join(resolve(folder, entry.path), "pulumi-resource-qptunnel");
    if (!existsSync(script)) return problem("plugin", `${script} does not exist`, initialize(folder));
    if (!isExecutable(script)) return problem("plugin", `${script} is not executable`, `chmod +x ${script}`);
    const installed = versionFrom(folder, "pulumi-qp-tunnel");
    return installed === undefined
        ? problem(
              "plugin",
              "pulumi-qp-tunnel is not installed in this project",
              packageManagerOf(folder, existsSync).install,
          )
        : ok("plugin", `${entry.path}, pulumi-qp-tunnel ${installed}`);
}

/** Pulumi has a TypeScript of its own, 3.8, which does not know `import { type … }`. */
function typescript(folder: string, runtime: Manifest["runtime"]): Finding[] {
    const options = typeof runtime === "object" ? runtime.options : undefined;
    if (options?.typescript === false || !existsSync(join(folder, "index.ts"))) return [];
    const version = versionFrom(folder, "typescript");
    const fix = `${packageManagerOf(folder, existsSync).develop} typescript@5`;
    if (version === undefined) {
        const instead = "Pulumi then compiles with its own 3.8, which does not know `import { type … }`";
        return [problem("typescript", `is not installed in this project: ${instead}`, fix)];
    }
    if (!isAtLeast(version, "4.5.0"))
        return [problem("typescript", `${version} does not know \`import { type … }\``, fix)];
    return [ok("typescript", version)];
}

/** The tools for a relay on this machine; on other machines the relay's program checks them. */
export function examineTools(kinds: ReadonlySet<string>, serving: boolean): Finding[] {
    const findings: Finding[] = [];
    if (kinds.has("ssh")) {
        const path = found("ssh");
        findings.push(
            path === undefined ? problem("ssh", "is not on PATH", "install the OpenSSH client") : ok("ssh", path),
        );
    }
    if (kinds.has("local")) {
        const missing = [...LOCAL, ...(serving ? ["caddy"] : [])].filter((each) => found(each) === undefined);
        findings.push(
            missing.length > 0
                ? problem(
                      "tools",
                      `missing on this machine: ${missing.join(", ")}`,
                      "install them: `npm run -s tools` in a clone, or the distribution's packages",
                  )
                : ok("tools", LOCAL.join(", ")),
        );
        if (process.getuid?.() !== 0)
            findings.push(
                warn("root", "a relay is on this machine, and the current user is not root", "run `pulumi up` as root"),
            );
    }
    return findings;
}

const LOCAL = ["bash", "wg", "nft", "ip", "curl", "flock", "awk"];
/** Where root finds programs that others do not. */
const MORE = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

function found(program: string): string | undefined {
    const folders = [...(process.env.PATH ?? "").split(delimiter), ...MORE].filter((folder) => folder !== "");
    return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return true;
    } catch {
        return false;
    }
}

async function firstLine(command: string[]): Promise<string | undefined> {
    try {
        const { code, stdout } = await run(command, "", 30, process.env);
        return code === 0 ? stdout.trim().split("\n")[0] : undefined;
    } catch {
        return undefined;
    }
}

/** The version of a package as a program in the folder would load it. */
function versionFrom(folder: string, name: string): string | undefined {
    try {
        const file = createRequire(join(folder, "index.js")).resolve(`${name}/package.json`);
        return (JSON.parse(readFileSync(file, "utf8")) as { version?: string }).version;
    } catch {
        return undefined;
    }
}

function isAtLeast(version: string, least: string): boolean {
    const [have, need] = [version, least].map((each) => each.split(".").map((part) => Number.parseInt(part, 10)));
    for (const [index, part] of (need ?? []).entries()) {
        const own = have?.[index] ?? 0;
        if (own !== part) return own > part;
    }
    return true;
}
