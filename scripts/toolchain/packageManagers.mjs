// What `npm run test:smoke` needs besides: the package managers that the package is installed with, other than npm.

import { chmod, cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { cache } from "./cache.mjs";
import { step, which } from "./run.mjs";
import { hashOf, intoPlace } from "./sources.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const pinned = join(root, "tools/package-managers");

/** By command: what it runs. Yarn 1 and Yarn 4 have the same name, so Yarn 4 has one of its own here. */
const COMMANDS = {
    pnpm: `node_modules/@pnpm/exe.linux-${arch()}/pnpm`,
    yarn: "node_modules/yarn/bin/yarn.js",
    berry: "node_modules/@yarnpkg/cli-dist/bin/yarn.js",
    bun: `node_modules/@oven/bun-linux-${arch() === "arm64" ? "aarch64" : "x64-baseline"}/bin/bun`,
};

/**
 * Installs them once, by the hashes in their lock file and without running a script of theirs.
 *
 * @returns {Promise<Record<string, string>>} the folder with a command for each
 * @throws an error that says what cannot be had
 */
export async function providePackageManagers() {
    const folder = join(cache, `package-managers-${await hashOf(pinned)}`);
    const commands = join(folder, "bin");
    if (Object.keys(COMMANDS).every((name) => which(name, [commands]) !== undefined))
        return { QPTUNNEL_PACKAGE_MANAGERS: commands };
    await intoPlace(folder, async (fresh) => {
        for (const name of ["package.json", "package-lock.json"]) await cp(join(pinned, name), join(fresh, name));
        await step("installing pnpm, Yarn and Bun", "npm", ["ci", "--ignore-scripts", "--no-audit", "--prefix", fresh]);
        await mkdir(join(fresh, "bin"));
        for (const [name, file] of Object.entries(COMMANDS)) {
            const isScript = /\.js$/.test(file);
            if (isScript) await writeScript(join(fresh, "bin", name), file);
            else await symlink(join("..", file), join(fresh, "bin", name));
            if (!isScript) await chmod(join(fresh, file), 0o755);
        }
    });
    return { QPTUNNEL_PACKAGE_MANAGERS: commands };
}

async function writeScript(script, file) {
    await writeFile(script, `#!/bin/sh\nexec node "$(dirname "$0")/../${file}" "$@"\n`, { mode: 0o755 });
}
