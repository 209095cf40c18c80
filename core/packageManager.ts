import { dirname, join } from "node:path";

/** What installs a project's packages, and what to type for it. */
export interface PackageManager {
    /** As Pulumi.yaml calls it in `packagemanager`. */
    name: "npm" | "pnpm" | "yarn" | "bun";
    install: string;
    add: string;
    /** Adds what a program needs only while it is written. */
    develop: string;
    /** Runs a command of an installed package, and never downloads one. */
    run: string;
}

const PACKAGE_MANAGERS: Record<PackageManager["name"], PackageManager> = {
    npm: manager("npm", { add: "npm install", develop: "npm install --save-dev", run: "npx --no" }),
    pnpm: manager("pnpm", { add: "pnpm add", develop: "pnpm add --save-dev", run: "pnpm exec" }),
    yarn: manager("yarn", { add: "yarn add", develop: "yarn add --dev", run: "yarn run" }),
    bun: manager("bun", { add: "bun add", develop: "bun add --dev", run: "bun run" }),
};

/** In the order in which Pulumi looks for them. */
const LOCKS: [file: string, by: PackageManager["name"]][] = [
    ["yarn.lock", "yarn"],
    ["pnpm-lock.yaml", "pnpm"],
    ["bun.lock", "bun"],
    ["bun.lockb", "bun"],
    ["package-lock.json", "npm"],
    ["npm-shrinkwrap.json", "npm"],
];

/** The lock file of a project: of its own folder or the nearest above, which is where a workspace has it. */
export function lockOf(
    folder: string,
    exists: (file: string) => boolean,
): { file: string; manager: PackageManager } | undefined {
    const found = LOCKS.find(([file]) => exists(join(folder, file)));
    if (found !== undefined) return { file: join(folder, found[0]), manager: PACKAGE_MANAGERS[found[1]] };
    const above = dirname(folder);
    return above === folder ? undefined : lockOf(above, exists);
}

/** The package manager of a project, by its lock file. Default: npm. */
export function packageManagerOf(folder: string, exists: (file: string) => boolean): PackageManager {
    return lockOf(folder, exists)?.manager ?? PACKAGE_MANAGERS.npm;
}

function manager(name: PackageManager["name"], commands: Omit<PackageManager, "name" | "install">): PackageManager {
    return { name, install: `${name} install`, ...commands };
}
