/** Where package managers put the package: the same project, installed by each. */
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { type InstalledPackage, packPackage } from "./installed.js";

export interface Layout {
    manager: "npm" | "pnpm" | "yarn" | "bun";
    /** What the project says to its package manager. */
    settings?: Record<string, string>;
    /** The project is a member of a workspace, whose folder is above. */
    workspace?: true;
    /** What starts the engine. */
    pulumi?: string;
    /** `yarn` is Yarn 4. */
    berry?: true;
}

const NPM = { manager: "npm", settings: { ".npmrc": "ignore-scripts=true\nprefer-offline=true\n" } } as const;
// pnpm fails until it is told which packages may run their scripts.
const BUILDS = 'allowBuilds: { protobufjs: false, "@pulumi/command": false }\n';
const yarn4 = (nodeLinker: string): Layout => ({
    manager: "yarn",
    settings: { ".yarnrc.yml": `nodeLinker: ${nodeLinker}\nenableScripts: false\nenableTelemetry: false\n` },
    berry: true,
});

// Scripts of packages would download providers.
export const LAYOUTS: Record<string, Layout> = {
    npm: NPM,
    "npm, in a workspace": { ...NPM, workspace: true },
    pnpm: { manager: "pnpm", settings: { "pnpm-workspace.yaml": BUILDS } },
    "pnpm, in a workspace": {
        ...{ manager: "pnpm", workspace: true },
        settings: { "pnpm-workspace.yaml": `packages: [project]\n${BUILDS}` },
    },
    "Yarn 1": {
        manager: "yarn",
        settings: { ".yarnrc": "--install.ignore-scripts true\n--add.ignore-scripts true\n" },
    },
    "Yarn 4 with node_modules": yarn4("node-modules"),
    "Yarn 4 with Plug'n'Play": { ...yarn4("pnp"), pulumi: "yarn exec pulumi" },
    Bun: { manager: "bun" },
};

/** A project like that of `pulumi new typescript`, with this package. */
export function installWith(layout: Layout, tarball: string): InstalledPackage & { scratch: string } {
    const packed = packPackage(tarball);
    packed.env["PATH"] = [commands(layout, packed.scratch), process.env["PATH"]].join(delimiter);
    // Yarn 1 may know another tarball of the same name and version.
    if (layout.manager === "yarn" && !layout.berry) packed.env["YARN_CACHE_FOLDER"] = join(packed.scratch, "yarn");
    const above = layout.workspace ? ".." : ".";
    for (const [file, text] of Object.entries(layout.settings ?? {})) packed.write(join(above, file), text);
    if (layout.berry) packed.write("yarn.lock", "");
    if (layout.workspace)
        packed.write("../package.json", JSON.stringify({ name: "shop", private: true, workspaces: ["project"] }));
    packed.write(
        "package.json",
        JSON.stringify({
            ...{ name: "project", version: "1.0.0", private: true, main: "index.ts" },
            devDependencies: { "@types/node": "^24", typescript: "~5.9.3" },
            dependencies: { "@pulumi/pulumi": "^3.113.0", "pulumi-qp-tunnel": `file:${tarball}` },
        }),
    );
    packed.run("sh", "-c", `cd ${above} && exec ${layout.manager} install`);
    return packed;
}

/** A folder for PATH in which `yarn` is the right one. */
function commands({ berry }: Layout, scratch: string): string {
    const provided = process.env["QPTUNNEL_PACKAGE_MANAGERS"];
    if (provided === undefined) {
        throw new Error('QPTUNNEL_PACKAGE_MANAGERS is not set: it is by "npm run test:smoke"');
    }
    const bin = join(scratch, "bin");
    mkdirSync(bin);
    for (const [name, command] of Object.entries({ pnpm: "pnpm", bun: "bun", yarn: berry ? "berry" : "yarn" })) {
        writeFileSync(join(bin, name), `#!/bin/sh\nexec ${join(provided, command)} "$@"\n`, { mode: 0o755 });
    }
    return bin;
}
