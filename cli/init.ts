import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { isMap, parseDocument, type Document, YAMLMap, YAMLSeq } from "yaml";

import { InvalidArgument } from "../core/errors.js";
import { lockOf, type PackageManager } from "../core/packageManager.js";
import { listNames } from "../providers/resources/sentences.js";
import { compilerProblem } from "./doctor/machine.js";
import { FOLDER, PLUGIN_FILES, SCRIPT } from "./initPlugin.js";
import { withTypesScript, withoutCheck } from "./initTypes.js";
import { Exit, type Output, printJson } from "./output.js";

const PLUGIN = "qptunnel";
/** Of the Node runtime in Pulumi.yaml. */
const OPTION = "packagemanager";

type Change = "created" | "updated" | "unchanged";

/**
 * `qp-tunnel init`: lets the engine find the plugin from this project. Running it again changes nothing.
 *
 * @param folder of the project, with its Pulumi.yaml
 */
export function init(folder: string, options: { json?: boolean }, output: Output): number {
    const manifest = ["Pulumi.yaml", "Pulumi.yml"].find((name) => existsSync(join(folder, name)));
    if (manifest === undefined) {
        throw new InvalidArgument(
            folder,
            "there is no Pulumi.yaml",
            "run this in the folder of a Pulumi project (pulumi new)",
        );
    }
    // The manifest is checked before anything is written.
    const manager = lockOf(folder, existsSync)?.manager;
    const text = completed(readFileSync(join(folder, manifest), "utf8"), manifest, manager);
    const changes: Record<string, Change> = {
        ...Object.fromEntries(
            Object.entries(PLUGIN_FILES).map(([file, content]) => [file, write(join(folder, file), content)]),
        ),
        [manifest]: write(join(folder, manifest), text),
        ...transpileOnly(folder),
    };
    chmodSync(join(folder, SCRIPT), 0o755);
    if (options.json) {
        printJson(output, { folder, changes });
        return Exit.fine;
    }
    for (const [file, change] of Object.entries(changes)) output.stdout.write(`${file}: ${change}\n`);
    const compiler = compilerProblem(folder);
    if (compiler !== undefined) output.stderr.write(`note: ${compiler.name} ${compiler.found}; ${compiler.fix}\n`);
    const others = Object.keys(changes).filter((file) => changes[file] === "updated" && !(file in PLUGIN_FILES));
    const files = [`${FOLDER}/`, ...new Set([manifest, ...others])];
    output.stdout.write(`next step: commit ${listNames(files)}, then run pulumi preview\n`);
    return Exit.fine;
}

/** A TypeScript program is transpiled by each run of the engine, and checked by the script `types`. */
function transpileOnly(folder: string): Record<string, Change> {
    const [tsconfig, manifest] = [join(folder, "tsconfig.json"), join(folder, "package.json")];
    if (!existsSync(tsconfig) || !existsSync(manifest)) return {};
    const change = write(tsconfig, withoutCheck(readFileSync(tsconfig, "utf8")));
    if (change === "unchanged") return { "tsconfig.json": change };
    const script = write(manifest, withTypesScript(readFileSync(manifest, "utf8")));
    return { "tsconfig.json": change, ...(script === "unchanged" ? {} : { "package.json": script }) };
}

/** Pulumi.yaml with the plugin and the package manager; comments and everything else stay as they are. */
function completed(text: string, name: string, manager: PackageManager | undefined): string {
    const document = parseDocument(text);
    const [fault] = document.errors;
    if (fault !== undefined || !isMap(document.contents)) {
        throw new InvalidArgument(name, fault?.message ?? "it is not a map", "repair the file");
    }
    const changed = [addPlugin(document, name), addPackageManager(document, manager)];
    return changed.includes(true) ? document.toString({ lineWidth: 0 }) : text;
}

/** Adds the entry in `plugins.providers`; whether anything changed. */
function addPlugin(document: Document, name: string): boolean {
    const providers = listOf(document, name);
    const path = `./${FOLDER}`;
    const ours = providers.items.find((item) => isMap(item) && item.get("name") === PLUGIN);
    if (!isMap(ours)) {
        providers.add(document.createNode({ name: PLUGIN, path }));
        return true;
    }
    if (ours.get("path") === path && !ours.has("version")) return false;
    ours.set("path", path);
    // A version here breaks the next upgrade of the package.
    ours.delete("version");
    return true;
}

/**
 * `pulumi install` looks for a lock file beside Pulumi.yaml only, and silently takes npm where the package manager is not
 * on PATH: the option says which one it is. One that is there stays.
 */
function addPackageManager(document: Document, manager: PackageManager | undefined): boolean {
    const runtime = document.get("runtime");
    const name = isMap(runtime) ? runtime.get("name") : runtime;
    if (manager === undefined || manager.name === "npm" || name !== "nodejs") return false;
    if (document.hasIn(["runtime", "options", OPTION])) return false;
    if (isMap(runtime)) document.setIn(["runtime", "options", OPTION], manager.name);
    else document.set("runtime", document.createNode({ name, options: { [OPTION]: manager.name } }));
    return true;
}

function listOf(document: Document, name: string): YAMLSeq {
    const plugins = document.get("plugins") ?? new YAMLMap();
    if (!isMap(plugins)) throw new InvalidArgument(`${name}: plugins`, "it is not a map", "repair the file");
    const providers = plugins.get("providers") ?? new YAMLSeq();
    if (!(providers instanceof YAMLSeq)) {
        throw new InvalidArgument(`${name}: plugins.providers`, "it is not a list", "repair the file");
    }
    plugins.set("providers", providers);
    document.set("plugins", plugins);
    return providers;
}

function write(path: string, text: string): Change {
    const before = existsSync(path) ? readFileSync(path, "utf8") : undefined;
    // Git stores a file for Windows with the line ends of the repository.
    const lines = (content?: string): string | undefined => content?.replaceAll("\r\n", "\n");
    if (before === text || (text.includes("\r\n") && lines(before) === lines(text))) return "unchanged";
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return before === undefined ? "created" : "updated";
}
