import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";

import type { Adoption } from "../../core/adoption/model.js";
import { sanitizeText } from "../../core/audit/sanitize.js";
import { renderProject, type ProgramHost, type ProgramOptions } from "../../core/adoption/program.js";
import { nextSteps, renderReadme } from "../../core/adoption/readme.js";
import { canonicalEndpoint, parseEndpoint } from "../../core/arguments/index.js";
import { InvalidArgument } from "../../core/errors.js";
import { checkName } from "../../core/names.js";
import { lockOf, packageManagerOf } from "../../core/packageManager.js";
import { knownHostKey } from "../../providers/hosts/knownHosts.js";
import { init } from "../init.js";
import { Exit, printJson, type Output } from "../output.js";
import { packageVersion } from "../packageVersion.js";
import { ownDependency } from "./ownDependency.js";
import { readAdoption } from "./read.js";

export interface ImportOptions {
    out?: string;
    name: string;
    host: string;
    grants?: string;
    interface?: string;
    endpoint?: string;
    json?: boolean;
}

const PRESHARED_KEYS = "preshared-keys.json";

/** `qp-tunnel import FILE|DIR`: writes a program whose first `up` adopts an existing relay as it is. */
export async function importRelay(path: string, options: ImportOptions, output: Output): Promise<number> {
    checkName(options.name, "--name");
    if (options.grants !== undefined && options.grants !== "open" && options.grants !== "none") {
        throw new InvalidArgument(
            "--grants",
            `"${options.grants}" is neither open nor none`,
            "open keeps the access as it is, none starts without grants",
        );
    }
    if (options.endpoint !== undefined) canonicalEndpoint(options.endpoint, "--endpoint");
    const host = await hostOf(options.host);
    const adoption = readAdoption(path, {
        ...options,
        ...(host.kind === "local" ? { here: { namespace: host.namespace } } : {}),
    });
    const folder = resolve(options.out ?? options.name);
    const inside = relative(folder, adoption.relay.privateKeyFile);
    if (!inside.startsWith("..") && !isAbsolute(inside)) adoption.relay.privateKeyFile = inside;
    const program: ProgramOptions = {
        name: options.name,
        source: sanitizeText(basename(resolve(path))),
        host,
        grants: options.grants ?? (whyNoGrants(adoption) === undefined ? "open" : "none"),
        versions: versions(),
        packageManager: packageManagerOf(process.cwd(), existsSync),
    };
    const files = filesOf(adoption, program);
    write(folder, files);
    // The plugin's script, and its entry in Pulumi.yaml.
    init(folder, {}, { stdout: output.stderr, stderr: output.stderr });
    if (options.json === true) printJson(output, summary(adoption, folder, Object.keys(files), program));
    else printSummary(adoption, folder, Object.keys(files), program, output);
    return Exit.fine;
}

function filesOf(
    { relay, presharedKeys }: Adoption,
    program: ProgramOptions,
): Record<string, { text: string; mode: number }> {
    const lock = lockOf(process.cwd(), existsSync);
    const plain = {
        ...renderProject(relay, program),
        ...(lock === undefined ? {} : settingsOf(lock)),
        "README.md": renderReadme(relay, program),
    };
    const files = Object.fromEntries(Object.entries(plain).map(([name, text]) => [name, { text, mode: 0o644 }]));
    if (Object.keys(presharedKeys).length === 0) return files;
    return { ...files, [PRESHARED_KEYS]: { text: `${JSON.stringify(presharedKeys, undefined, 4)}\n`, mode: 0o600 } };
}

/**
 * What a package manager must be told in the new project. pnpm fails until it is told which packages may run their scripts,
 * and protobufjs, which Pulumi's SDK depends on, has one that does nothing for a program. Yarn 2 and later make no
 * node_modules, from which Pulumi runs a program, and take a folder without a lock file for a part of the one above.
 */
function settingsOf({ file, manager }: NonNullable<ReturnType<typeof lockOf>>): Record<string, string> {
    if (manager.name === "pnpm") return { "pnpm-workspace.yaml": "allowBuilds:\n  protobufjs: false\n" };
    const isBerry = manager.name === "yarn" && /^__metadata:/m.test(readFileSync(file, "utf8"));
    return isBerry ? { ".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": "" } : {};
}

/** Writes nothing at all if any file already exists. */
function write(folder: string, files: Record<string, { text: string; mode: number }>): void {
    const there = Object.keys(files).filter((name) => existsSync(join(folder, name)));
    if (there.length > 0) {
        throw new InvalidArgument(
            folder,
            `has ${there.join(", ")} already`,
            "choose another folder with --out, or move these files away",
        );
    }
    mkdirSync(folder, { recursive: true });
    for (const [name, { text, mode }] of Object.entries(files))
        writeFileSync(join(folder, name), text, { mode, flag: "wx" });
}

/** `local`, `namespace:NAME`, or `[user@]address[:port]`. */
async function hostOf(text: string): Promise<ProgramHost> {
    if (text === "local") return { kind: "local" };
    const namespace = /^namespace:(\S+)$/.exec(text)?.[1];
    if (namespace !== undefined) return { kind: "local", namespace };
    const [, user = "root", place = ""] = /^(?:([^@\s]+)@)?(.+)$/.exec(text) ?? [];
    const { host: address, port = 22 } = parseEndpoint(place, "--host");
    const hostKey = await knownHostKey(address, port);
    return { kind: "ssh", address, user, port, ...(hostKey === undefined ? {} : { hostKey }) };
}

/** The dependencies of the program: this package, and the versions that it was tested with. */
function versions(): Record<string, string> {
    const { dependencies, devDependencies } = JSON.parse(
        readFileSync(require.resolve("pulumi-qp-tunnel/package.json"), "utf8"),
    ) as Record<"dependencies" | "devDependencies", Record<string, string>>;
    return {
        "@pulumi/pulumi": dependencies["@pulumi/pulumi"] ?? "*",
        "@types/node": devDependencies["@types/node"] ?? "*",
        "pulumi-qp-tunnel": ownDependency(dirname(require.resolve("pulumi-qp-tunnel/package.json")), packageVersion()),
        typescript: devDependencies["typescript"] ?? "*",
        yaml: dependencies["yaml"] ?? "*",
    };
}

/** The reason why a program with every grant would allow more than before; undefined if it would not. */
function whyNoGrants({ relay }: Pick<Adoption, "relay">): string | undefined {
    if (relay.forwards === false) return `${relay.interface} does not forward`;
    if (relay.limited === true) return "its hooks limit forwarding (DROP, REJECT)";
    return undefined;
}

function summary({ relay }: Adoption, folder: string, files: string[], program: ProgramOptions): unknown {
    const { left, ...adopted } = relay;
    return { folder, files, relay: adopted, left, next: nextSteps(relay, program).map(({ command }) => command) };
}

function printSummary(
    { relay }: Adoption,
    folder: string,
    files: string[],
    program: ProgramOptions,
    { stdout }: Output,
): void {
    const { peers, left } = relay;
    const preshared = peers.filter((peer) => peer.preshared).length;
    const closed = whyNoGrants({ relay });
    const lines = [
        `${relay.interface}: ${peers.length} peer${peers.length === 1 ? "" : "s"}, ${preshared} with preshared keys, ${relay.services.length} services; UDP port ${relay.listenPort}, ${relay.subnet}`,
        ...peers.map(
            ({ name, address = "new address", routes }) =>
                `  ${name}  ${address}${routes.length === 0 ? "" : `  behind: ${routes.join(", ")}`}`,
        ),
        "",
        `written to ${folder}: ${files.join(", ")}`,
        ...(left.length === 0 ? [] : ["", "not carried over:", ...left.map((sentence) => `  - ${sentence}`)]),
        ...(program.grants === "none" && closed !== undefined
            ? ["", `grants: none, because ${closed}. Add the required grants in index.ts.`]
            : []),
        ...(program.grants === "open"
            ? [
                  "",
                  "grants: every peer, and every network behind a peer, reaches every other, as before. Narrow them in index.ts.",
              ]
            : []),
        ...(program.grants === "open" && peers.length > 100
            ? [
                  `  that is ${peers.length * (peers.length - 1)} access rules, which makes each preview slow: use groups soon, or import with --grants none`,
              ]
            : []),
        "",
        "next steps, in that folder:",
        ...nextSteps(relay, program).map(({ command, why }) => `  ${command}\n      ${why}`),
    ];
    stdout.write(`${lines.join("\n")}\n`);
}
