/** The examples of docs/testing.md, each run by the test runner that it is for, in a project that has installed the package. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { type InstalledPackage, installPackage, repository } from "./installed.js";

const page = readFileSync(join(repository, "docs/testing.md"), "utf8");
/** Blocks that say in their first line what file they are. */
const files = new Map(
    [...page.matchAll(/^```(?:ts|js)\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name!, text!]),
);
/** Command lines on the page. */
const commands = [...page.matchAll(/^`((?:node|mocha) [^`]+)`$/gm)].map(([, line]) => line!.split(" "));

/** What `pulumi new typescript` writes, as far as it matters here. */
const compilerOptions = {
    strict: true,
    target: "es2020",
    module: "commonjs",
    moduleResolution: "node",
    esModuleInterop: true,
    skipLibCheck: true,
};

/** Of the same versions as this repository's. */
const { devDependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
};
const RUNNERS = ["jest", "ts-jest", "vite", "vitest", "mocha", "@types/mocha"].map(
    (name) => `${name}@${devDependencies[name]}`,
);

/** For a machine that is busy with other tests. */
const PATIENT = "--testTimeout=60000";

let installed: InstalledPackage;

beforeAll(() => {
    installed = installPackage();
    installed.run("npm", "install", "--prefer-offline", "--ignore-scripts", ...RUNNERS);
    installed.write("tsconfig.json", JSON.stringify({ compilerOptions }));
    for (const [name, text] of files) installed.write(name, text);
});

afterAll(() => installed?.remove());

test("the page has a program, a configuration, and an example for each runner", () => {
    expect([...files.keys()]).toEqual([
        "office.ts",
        "office.test.ts",
        "jest.config.js",
        "office.spec.ts",
        "office.node.ts",
        "office.mocha.ts",
        "documented.node.ts",
    ]);
    expect(commands.map(([, ...args]) => args.at(-1))).toEqual(["office.node.ts", "office.mocha.ts"]);
});

test("jest", () => {
    const report = installed.run("npx", "--no", "--", "jest", "--json", PATIENT, "office.test.ts");
    expect(JSON.parse(report)).toMatchObject({ success: true, numPassedTests: 3, numTotalTests: 3 });
});

test("vitest", () => {
    const report = installed.run(
        "npx",
        "--no",
        "--",
        "vitest",
        "run",
        "--reporter=tap-flat",
        PATIENT,
        "office.spec.ts",
    );
    expect(report).toMatch(/^1\.\.1$/m);
    expect(report).toMatch(/^ok 1 - /m);
});

test("node:test", () => {
    expect(installed.run(...nodeTest("office.node.ts"))).toMatch(/^. pass 1$/m);
});

test("mocha", () => {
    const [, ...args] = commands.find(([program]) => program === "mocha")!;
    expect(installed.run("npx", "--no", "--", "mocha", ...args)).toMatch(/^ {2}1 passing/m);
});

test("mocks as in Pulumi's documentation", () => {
    expect(installed.run(...nodeTest("documented.node.ts"))).toMatch(/^. pass 1$/m);
});

test("plan is what the engine prints in the preview of a first deployment", () => {
    installed.write("Pulumi.yaml", "name: office\nruntime: nodejs\nmain: index.ts\n");
    installed.write("index.ts", 'import { office } from "./office";\noffice();\n');
    installed.write("print.ts", PRINT);
    const planned = JSON.parse(installed.run("node", "--require", "ts-node/register", "print.ts")) as string[];
    installed.run("npx", "--no", "--", "qp-tunnel", "init");
    installed.run("pulumi", "stack", "init", "dev");
    const preview = installed.run("pulumi", "preview", "--non-interactive");
    const printed = [...preview.matchAll(/^ +(office: .*)$/gm)].map(([, sentence]) => sentence!.trimEnd());
    expect(planned.length).toBeGreaterThan(5);
    expect([...new Set(printed)].sort()).toEqual([...planned].sort());
});

const PRINT = `
import * as pulumi from "@pulumi/pulumi";
import { mocks, plan } from "pulumi-qp-tunnel/testing";
import { office } from "./office";
void pulumi.runtime
    .setMocks(mocks())
    .then(() => plan(office()))
    .then((sentences) => console.log(JSON.stringify(sentences)));
`;

function nodeTest(file: string): [program: string, ...args: string[]] {
    const [program, ...args] = commands.find(([each]) => each === "node")!;
    return [program!, ...args.slice(0, -1), file];
}
