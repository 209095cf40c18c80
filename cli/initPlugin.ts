/**
 * The files of a project by which the engine starts the plugin. They are in the project because a path into node_modules
 * breaks `pulumi install` on a fresh clone, and because not every package manager has the package in a node_modules folder
 * beside Pulumi.yaml: a workspace has it in a folder above, and Yarn's Plug'n'Play in an archive. So Node looks it up.
 */

export const FOLDER = "plugin";

/** The engine looks for a file of this name, on Windows with the extension .cmd. */
export const SCRIPT = `${FOLDER}/pulumi-resource-qptunnel`;

/** More frequent garbage collection than Node's default saves a sixth of the memory with 1 000 peers. */
const NODE = "node --max-semi-space-size=2 --optimize-for-size";

/** By path; a line of a file for Windows ends as its shell wants it. */
export const PLUGIN_FILES: Record<string, string> = {
    [SCRIPT]: `#!/bin/sh\nexec ${NODE} "$(dirname "$0")/start.cjs" "$@"\n`,
    [`${SCRIPT}.cmd`]: `@echo off\r\n${NODE} "%~dp0start.cjs" %*\r\n`,
    [`${FOLDER}/start.cjs`]: `// The plugin of the pulumi-qp-tunnel that this project has installed.\nrequire("pulumi-qp-tunnel/plugin");\n`,
};
