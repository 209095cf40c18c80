/** The packed package, installed by each package manager: types, commands, and a preview by the engine. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { packageManagerOf } from "../../core/packageManager.js";
import { type InstalledPackage, type Packed, packPackage } from "./installed.js";
import { LAYOUTS, installWith } from "./layouts.js";

const PROGRAM = `import * as pulumi from "@pulumi/pulumi";
import { AuditSink, Peer, Relay, hosts } from "pulumi-qp-tunnel";
import { relayPolicies, type RelayPolicy } from "pulumi-qp-tunnel/policies";
import { access, type Right } from "pulumi-qp-tunnel/testing";
const alice = new Peer("alice");
const relay = new Relay("relay", {
    host: hosts.local({ namespace: "nowhere" }),
    endpoint: "192.0.2.1",
    peers: [alice],
    audit: new AuditSink("audit"),
});
export const endpoint: pulumi.Output<string> = relay.endpoint;
const rights: (relay: Relay) => Promise<Right[]> = access;
const policies: RelayPolicy[] = relayPolicies({ "relay-key-age": { maxDays: 90 } });
export const loaded = [typeof rights, policies.length > 0];
`;

const STRICT = { strict: true, noEmit: true, skipLibCheck: false, types: ["node"] };
const TYPED: Record<string, object> = {
    // As `pulumi new typescript` writes it, without the choice of libraries whose types are skipped.
    commonjs: {
        compilerOptions: {
            ...{
                ...STRICT,
                target: "es2020",
                module: "commonjs",
                moduleResolution: "node",
                outDir: "bin",
                sourceMap: true,
            },
            ...{ experimentalDecorators: true, noFallthroughCasesInSwitch: true, noImplicitReturns: true },
        },
        files: ["index.ts"],
    },
    nodenext: { compilerOptions: { ...STRICT, target: "es2022", module: "nodenext" }, files: ["index.ts", "esm.mts"] },
    bundler: {
        compilerOptions: { ...STRICT, target: "es2022", module: "esnext", moduleResolution: "bundler" },
        files: ["index.ts"],
    },
};

/** Needs a package that is not installed at first. */
const SETUP = `const pulumi = require("@pulumi/pulumi");
const { mocks } = require("pulumi-qp-tunnel/testing");
const { AuditSink, Relay, hosts } = require("pulumi-qp-tunnel");
pulumi.runtime.setMocks(mocks()).then(() => {
    const host = hosts.local({ namespace: "nowhere", setup: { create: "true" } });
    new Relay("relay", { host, endpoint: "192.0.2.1", peers: [], audit: new AuditSink("audit") });
    console.log("declared");
});
`;

let packed: Packed;
beforeAll(() => (packed = packPackage()));
afterAll(() => packed?.remove());

describe.each(Object.entries(LAYOUTS))("%s", (_name, layout) => {
    const { manager, pulumi = "pulumi" } = layout;
    let installed: InstalledPackage & { scratch: string };
    const run = (line: string): string => {
        // npx takes options of the command for its own where nothing separates them.
        const [command, ...args] = line.replace(/^npx --no /, "npx --no -- ").split(" ");
        return installed.run(command!, ...args);
    };
    const read = (file: string): string => readFileSync(join(installed.project, file), "utf8");
    const own = () => packageManagerOf(installed.project, existsSync);

    beforeAll(() => {
        installed = installWith(layout, packed.tarball);
        installed.write("Pulumi.yaml", "name: shop\nruntime: nodejs\n");
        for (const file of ["index.ts", "esm.mts"]) installed.write(file, PROGRAM);
        for (const [name, config] of Object.entries(TYPED)) installed.write(`${name}.json`, JSON.stringify(config));
        installed.write("tsconfig.json", JSON.stringify(TYPED["commonjs"]));
    });
    afterAll(() => installed?.remove());

    test.each(Object.keys(TYPED))("a program type-checks as %s, with the types of libraries", (name) => {
        expect(run(`${own().run} tsc -p ${name}.json`)).not.toContain("error");
    });

    test("init names the package manager for `pulumi install`", () => {
        expect(own().name).toBe(manager);
        run(`${own().run} qp-tunnel init`);
        const { runtime } = parse(read("Pulumi.yaml")) as { runtime: unknown };
        const named = { name: "nodejs", options: { packagemanager: manager } };
        expect(runtime).toStrictEqual(manager === "npm" ? "nodejs" : named);
    });

    test("the engine finds the plugin and previews a relay", () => {
        run(`${pulumi} stack init dev`);
        const preview = run(`${pulumi} preview --non-interactive`);
        expect(preview).toContain("relay: alice will be added at 10.8.0.2");
        expect(preview).toContain('endpoint: "192.0.2.1:51820"');
    });

    test("an optional package is found after the command that the error gives", () => {
        installed.write("setup.cjs", SETUP);
        const node = layout.pulumi === undefined ? "node setup.cjs" : "yarn node setup.cjs";
        let said = "";
        try {
            run(node);
        } catch (error) {
            said = (error as Error).message;
        }
        const [, command] = /needs the package @pulumi\/command, which is not installed; run `(.*)`/.exec(said) ?? [];
        expect(command).toBe(`${own().add} @pulumi/command@^1.2`);
        run(command!);
        expect(run(node)).toContain("declared");
    });

    test("import makes a project that this package manager installs from where this one was", () => {
        const key = Buffer.alloc(32, 2).toString("base64");
        const quick = `[Interface]\nAddress = 10.8.0.1/24\nListenPort = 51820\nPrivateKey = ${key}\n[Peer]\nPublicKey = ${key}\nAllowedIPs = 10.8.0.2/32\n`;
        installed.write("wg0.conf", quick);
        const office = join(installed.scratch, "new/office");
        run(`${own().run} qp-tunnel import wg0.conf --out ${office}`);
        const text = (file: string): string => readFileSync(join(office, file), "utf8");
        expect(JSON.parse(text("package.json"))).toMatchObject({
            dependencies: { "pulumi-qp-tunnel": `file:${packed.tarball}` },
        });
        expect(text("README.md")).toContain(`1. \`${manager} install\``);
        const { runtime } = parse(text("Pulumi.yaml")) as { runtime: { options: object } };
        expect(runtime.options).toMatchObject(manager === "npm" ? {} : { packagemanager: manager });
        installed.run("sh", "-c", `cd ${office} && ${manager} install`);
        expect(existsSync(join(office, "node_modules/pulumi-qp-tunnel/package.json"))).toBe(true);
    });
});
