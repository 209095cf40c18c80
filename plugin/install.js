// Run when Pulumi installs the plugin from a clone of the repository: builds what a published package contains already.
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { dirname, join } = require("node:path");

const root = dirname(__dirname);
if (!existsSync(join(root, "dist/providers/plugin/main.js"))) {
    // Node that is installed for tests needs its own script; everything else is left out.
    run("npm", ["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund"]);
    run(process.execPath, [join(root, "scripts/build.mjs")]);
}

function run(command, args) {
    // npm is a script on Windows, and what npm tells its scripts would make this folder the inner npm's project.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
    const options = { cwd: root, env, stdio: "inherit", shell: process.platform === "win32" && command === "npm" };
    const { status, error } = spawnSync(command, args, options);
    if (status !== 0) {
        console.error(`pulumi-resource-qptunnel: ${command} ${args[0]}: ${error?.message ?? `exit status ${status}`}`);
        process.exit(1);
    }
}
