import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { isMap, parseDocument, type Document, YAMLMap, YAMLSeq } from "yaml";

import { InvalidArgument } from "../core/errors.js";
import { listNames } from "../providers/resources/sentences.js";
import { compilerProblem } from "./doctor/machine.js";
import { withTypesScript, withoutCheck } from "./initTypes.js";
import { Exit, type Output, printJson } from "./output.js";

const PLUGIN = "qptunnel";
/** A script in the project, because a path into node_modules breaks `pulumi install` on a fresh clone. */
const FOLDER = "plugin";
const SCRIPT = `${FOLDER}/pulumi-resource-${PLUGIN}`;
/** More frequent garbage collection than Node's default saves a sixth of the memory with 1 000 peers. */
const SCRIPT_TEXT = `#!/bin/sh
exec node --max-semi-space-size=2 --optimize-for-size "$(dirname "$0")/../node_modules/pulumi-qp-tunnel/dist/providers/plugin/main.js" "$@"
`;

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
    const text = addPlugin(readFileSync(join(folder, manifest), "utf8"), manifest);
    const changes: Record<string, Change> = {
        [SCRIPT]: write(join(folder, SCRIPT), SCRIPT_TEXT),
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
    const files = [SCRIPT, manifest, ...Object.keys(changes).filter((file) => changes[file] === "updated")];
    output.stdout.write(`next step: commit ${listNames([...new Set(files)])}, then run pulumi preview\n`);
    return Exit.fine;
}

/** A TypeScript program is transpiled by each run of the engine, and checked by `npm run types`. */
function transpileOnly(folder: string): Record<string, Change> {
    const [tsconfig, manifest] = [join(folder, "tsconfig.json"), join(folder, "package.json")];
    if (!existsSync(tsconfig) || !existsSync(manifest)) return {};
    const change = write(tsconfig, withoutCheck(readFileSync(tsconfig, "utf8")));
    if (change === "unchanged") return { "tsconfig.json": change };
    const script = write(manifest, withTypesScript(readFileSync(manifest, "utf8")));
    return { "tsconfig.json": change, ...(script === "unchanged" ? {} : { "package.json": script }) };
}

/** Pulumi.yaml with the plugin in `plugins.providers`; comments and everything else stay as they are. */
function addPlugin(text: string, name: string): string {
    const document = parseDocument(text);
    const [fault] = document.errors;
    if (fault !== undefined || !isMap(document.contents)) {
        throw new InvalidArgument(name, fault?.message ?? "it is not a map", "repair the file");
    }
    const providers = listOf(document, name);
    const path = `./${FOLDER}`;
    const ours = providers.items.find((item) => isMap(item) && item.get("name") === PLUGIN);
    if (isMap(ours)) {
        if (ours.get("path") === path && !ours.has("version")) return text;
        ours.set("path", path);
        // A version here breaks the next upgrade of the package.
        ours.delete("version");
    } else {
        providers.add(document.createNode({ name: PLUGIN, path }));
    }
    return document.toString({ lineWidth: 0 });
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
    if (before === text) return "unchanged";
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return before === undefined ? "created" : "updated";
}
