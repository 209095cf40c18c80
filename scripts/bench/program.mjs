// What a preview of the README's program costs as users have it: TypeScript in a project that `qp-tunnel init` prepared.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { timed } from "./processes.mjs";
import { Project } from "./project.mjs";
import { row } from "./rows.mjs";

/** @param {{ root: string, quick: boolean, add: (row: import("./rows.mjs").Row) => void }} bench */
export async function measureProgram({ root, quick, add }) {
    const project = new Project(root);
    try {
        prepare(project, root);
        await project.stack("program");
        const [checked, transpiled, javascript] = [[], [], []];
        // The first run of an engine fills its caches.
        await project.preview();
        for (let turn = 0; turn < (quick ? 1 : 3); turn++) {
            typeCheck(project, false);
            transpiled.push(await project.preview());
            typeCheck(project, true);
            checked.push(await project.preview());
        }
        await asJavaScript(project, root);
        for (let turn = 0; turn < (quick ? 1 : 3); turn++) javascript.push(await project.preview());
        const seconds = (runs) => runs.map((run) => run.seconds);
        const cpu = (runs) => runs.map((run) => run.cpu);
        const what = "preview of the README's program";
        add(row(`${what}, as init leaves it`, "s", seconds(transpiled), { atMost: 3.5 }, cpu(transpiled)));
        add(row(`${what}, type-checked`, "s", seconds(checked), undefined, cpu(checked)));
        add(row(`${what}, as JavaScript`, "s", seconds(javascript), undefined, cpu(javascript)));
    } finally {
        project.close();
    }
}

/** The files of `pulumi new typescript`, the README's program in them, and what init adds. */
function prepare(project, root) {
    const file = (name) => join(project.folder, name);
    const compilerOptions = {
        strict: true,
        outDir: "bin",
        target: "es2020",
        module: "commonjs",
        moduleResolution: "node",
        sourceMap: true,
        experimentalDecorators: true,
        pretty: true,
        noFallthroughCasesInSwitch: true,
        noImplicitReturns: true,
        forceConsistentCasingInFileNames: true,
    };
    writeFileSync(file("tsconfig.json"), JSON.stringify({ compilerOptions, files: ["index.ts"] }));
    writeFileSync(file("package.json"), JSON.stringify({ name: "bench", main: "index.ts" }));
    writeFileSync(file("Pulumi.yaml"), JSON.stringify({ name: "bench", runtime: "nodejs", main: "index.ts" }));
    const host = `hosts.local({ namespace: "${project.name}" }), interface: "${project.name}"`;
    writeFileSync(file("index.ts"), readmeProgram(root).replace("hosts.local()", host));
    rmSync(file("index.js"));
    for (const name of ["typescript", "ts-node", "@types"]) {
        const link = join(project.folder, "node_modules", name);
        if (!existsSync(link)) symlinkSync(join(root, "node_modules", name), link);
    }
    execFileSync(process.execPath, [join(root, "dist/cli/main.js"), "init"], { cwd: project.folder, stdio: "ignore" });
}

/** The README's first program that declares a relay. */
function readmeProgram(root) {
    const blocks = readFileSync(join(root, "README.md"), "utf8").matchAll(/```ts\n([^]*?)```/g);
    const program = [...blocks].map(([, text]) => text).find((text) => text.includes("new Relay("));
    if (program === undefined) throw new Error("README.md has no program with a relay");
    return program;
}

function typeCheck(project, checked) {
    const file = join(project.folder, "tsconfig.json");
    const text = readFileSync(file, "utf8").replace(/"noCheck": ?(true|false)/, `"noCheck": ${!checked}`);
    writeFileSync(file, text);
}

async function asJavaScript(project, root) {
    const file = (name) => join(project.folder, name);
    const compile = [join(root, "node_modules/.bin/tsc"), "-p", file("tsconfig.json"), "--noCheck"];
    await timed([process.execPath, ...compile], { cwd: project.folder });
    const manifest = readFileSync(file("Pulumi.yaml"), "utf8");
    writeFileSync(file("Pulumi.yaml"), manifest.replace("index.ts", "bin/index.js"));
    writeFileSync(file("package.json"), JSON.stringify({ name: "bench", main: "bin/index.js" }));
}
