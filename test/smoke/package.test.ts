import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parse } from "yaml";

import { type InstalledPackage, installPackage, repository } from "./installed.js";

const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };

/** What `pulumi new typescript` writes, and what that leaves to TypeScript said aloud. */
const asOfPulumiNew = {
    compilerOptions: {
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
        skipLibCheck: false,
    },
    files: ["strict.ts"],
};

let installed: InstalledPackage;

beforeAll(() => {
    installed = installPackage();
});

afterAll(() => installed?.remove());

describe("what the package contains", () => {
    const allowed = [
        /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
        /^dist\/(components|core|providers|cli|policies|testing)\/.+\.(js|js\.map|d\.ts)$/,
        /^plugin\/(PulumiPlugin\.yaml|package\.json|(index|install)\.js|pulumi-resource-qptunnel(\.cmd)?)$/,
        /^providers\/relay\/[a-zA-Z]+\.sh$/,
        /^scripts\/(tools|toolchain\/[a-zA-Z]+)\.mjs$/,
        /^tools\/(caddy|engine|language-host)\/(go\.mod|go\.sum|main\.go|tools\.go)$/,
    ];
    const files = () => {
        const folder = join(installed.project, "node_modules/pulumi-qp-tunnel");
        return (readdirSync(folder, { recursive: true }) as string[]).filter((name) =>
            statSync(join(folder, name)).isFile(),
        );
    };

    test("is what it needs to run, and nothing else", () => {
        expect(files().filter((name) => !allowed.some((pattern) => pattern.test(name)))).toEqual([]);
    });

    test("includes everything that package.json promises, and the licence", () => {
        const promised = ["README.md", "LICENSE", "CHANGELOG.md", "scripts/tools.mjs", "tools/caddy/go.sum"];
        const { main, types, bin } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
            main: string;
            types: string;
            bin: Record<string, string>;
        };
        const present = files();
        expect([main, types, ...Object.values(bin), ...promised].filter((name) => !present.includes(name))).toEqual([]);
    });

    test("names no folder of the machine that built it", () => {
        const folder = join(installed.project, "node_modules/pulumi-qp-tunnel");
        const naming = files().filter((name) => readFileSync(join(folder, name), "utf8").includes(`${repository}/`));
        expect(naming).toEqual([]);
    });
});

describe("a program", () => {
    test("gets the documented names from require", () => {
        const names = installed.run("node", "-p", "Object.keys(require('pulumi-qp-tunnel')).sort().join()").trim();
        expect(names.split(",")).toEqual(
            expect.arrayContaining(["AuditSink", "ExposedService", "Peer", "Relay", "hosts"]),
        );
    });

    test("gets them from import as well", () => {
        const program =
            "import { Relay, hosts } from 'pulumi-qp-tunnel'; console.log(typeof Relay, typeof hosts.local)";
        expect(installed.run("node", "--input-type=module", "-e", program).trim()).toBe("function function");
    });

    test("loads neither the DigitalOcean nor the command package for it", () => {
        const loaded = installed
            .run("node", "-p", "require('pulumi-qp-tunnel'); Object.keys(require.cache).join('\\n')")
            .split("\n");
        expect(loaded.length).toBeGreaterThan(10);
        expect(loaded.filter((file) => /@pulumi\/(digitalocean|command)\//.test(file))).toEqual([]);
    });
});

describe("the commands", () => {
    test("qp-tunnel says its version", () => {
        expect(installed.run("npx", "--no", "--", "qp-tunnel", "--version").trim()).toBe(version);
    });

    test("qp-tunnel import makes a project that is installed from where this one was", () => {
        const key = Buffer.alloc(32, 2).toString("base64");
        installed.write(
            "wg0.conf",
            `[Interface]\nAddress = 10.8.0.1/24\nListenPort = 51820\nPrivateKey = ${key}\n[Peer]\nPublicKey = ${key}\nAllowedIPs = 10.8.0.2/32\n`,
        );
        installed.run("npx", "--no", "--", "qp-tunnel", "import", "wg0.conf", "--out", "office");
        installed.run("npm", "install", "--prefix", "office", "--prefer-offline", "--ignore-scripts", "--no-audit");
        const own = join(installed.project, "office/node_modules/pulumi-qp-tunnel/package.json");
        expect(JSON.parse(readFileSync(own, "utf8"))).toMatchObject({ version });
    });

    test("the plugin starts, prints a port and ends when the engine goes away", async () => {
        const plugin = spawn(join(installed.project, "node_modules/.bin/pulumi-resource-qptunnel"), [], {
            stdio: ["pipe", "pipe", "inherit"],
        });
        try {
            const [line] = (await once(plugin.stdout.setEncoding("utf8"), "data")) as [string];
            expect(Number(line)).toBeGreaterThan(1023);
            plugin.stdin.end();
            expect(await once(plugin, "exit")).toEqual([0, null]);
        } finally {
            plugin.kill();
        }
    });
});

describe("somebody's Pulumi project", () => {
    const plugin = () => readFileSync(join(installed.project, "plugin/pulumi-resource-qptunnel"), "utf8");
    const settings = () => readFileSync(join(installed.project, "Pulumi.yaml"), "utf8");

    beforeAll(() => {
        installed.write("Pulumi.yaml", "# ours\nname: somebody\nruntime: nodejs\nmain: index.ts\n");
        installed.write(
            "tsconfig.json",
            JSON.stringify({
                compilerOptions: { target: "es2022", module: "nodenext", strict: true, skipLibCheck: true },
                files: ["index.ts"],
            }),
        );
        installed.write(
            "index.ts",
            `import { AuditSink, Peer, Relay, hosts } from "pulumi-qp-tunnel";
            const audit = new AuditSink("audit");
            const alice = new Peer("alice");
            const relay = new Relay("relay", { host: hosts.local({ namespace: "nowhere" }), endpoint: "192.0.2.1", peers: [alice], audit });
            export const endpoint = relay.endpoint;
            export const config = relay.configFor(alice);`,
        );
    });

    test("is set up by init, which changes nothing the second time", () => {
        installed.run("npx", "--no", "--", "qp-tunnel", "init");
        const written = [plugin(), settings()];
        expect(plugin().trim().split("\n")).toHaveLength(2);
        expect(statSync(join(installed.project, "plugin/pulumi-resource-qptunnel")).mode & 0o111).toBe(0o111);
        expect(settings()).toMatch(/^# ours\n/);
        expect(parse(settings())).toEqual({
            name: "somebody",
            runtime: "nodejs",
            main: "index.ts",
            plugins: { providers: [{ name: "qptunnel", path: "./plugin" }] },
        });
        const compiler = readFileSync(join(installed.project, "tsconfig.json"), "utf8");
        expect(JSON.parse(compiler)).toMatchObject({ compilerOptions: { noCheck: true, strict: true } });
        installed.run("npx", "--no", "--", "qp-tunnel", "init");
        expect([plugin(), settings()]).toEqual(written);
    });

    test("type-checks against the package's types", () => {
        expect(installed.run("npm", "run", "--silent", "types")).toBe("");
    });

    test("type-checks with the libraries' own types checked, as `pulumi new typescript` sets it up", () => {
        installed.write("tsconfig.strict.json", JSON.stringify(asOfPulumiNew));
        // Also names every kind of host and what a program asks while it runs, so that their types are looked into.
        installed.write(
            "strict.ts",
            `import * as pulumi from "@pulumi/pulumi";
            import { AuditSink, ExposedService, HostError, Peer, Relay, TunnelError, getStatus, hosts } from "pulumi-qp-tunnel";
            import { relayPolicies, type RelayPolicy } from "pulumi-qp-tunnel/policies";
            import { access, mocks, plan, valueOf, type Right } from "pulumi-qp-tunnel/testing";
            const alice = new Peer("alice");
            const wiki = new ExposedService("wiki", { upstream: { peer: alice, port: 3000 }, allow: [alice], on: alice });
            const machines = [hosts.local(), hosts.ssh({ address: "192.0.2.1" }), hosts.digitalOcean(), hosts.script({ path: "relay.sh" })];
            const relays = machines.map((host, n) => new Relay(\`relay\${n}\`, { host, peers: [alice], services: [wiki], audit: new AuditSink(\`audit\${n}\`) }));
            export const states: pulumi.Output<string[]>[] = relays.map((relay) => getStatus(relay).peers.apply((all) => all.map(({ state }) => state)));
            export const problem = (error: TunnelError): string => (error instanceof HostError ? error.fix : error.problem);
            export const rights = (): Promise<[Right[], string[], string]> => Promise.all([access(relays[0]!), plan(relays[0]!), valueOf(relays[0]!.endpoint)]);
            export const mocked: pulumi.runtime.Mocks = mocks();
            export const policies: RelayPolicy[] = relayPolicies({ "relay-key-age": { maxDays: 90 } });`,
        );
        expect(installed.run("npx", "--no", "--", "tsc", "--noEmit", "-p", "tsconfig.strict.json")).toBe("");
        const listed = installed.run(
            "npx",
            "--no",
            "--",
            "tsc",
            "--noEmit",
            "-p",
            "tsconfig.strict.json",
            "--listFiles",
        );
        expect(listed).toContain("pulumi-qp-tunnel/dist/components/relay.d.ts");
        expect(listed).not.toMatch(/node_modules\/(zod|@peculiar)\//);
    });

    test("brings no provider that it does not use", () => {
        expect(readdirSync(join(installed.project, "node_modules/@pulumi"))).toEqual(["pulumi"]);
    });

    test("previews a relay with the real engine", () => {
        installed.run("pulumi", "stack", "init", "dev");
        const preview = installed.run("pulumi", "preview", "--non-interactive");
        expect(preview).toContain("qptunnel:index:WireGuard");
        expect(preview).toContain('endpoint: "192.0.2.1:51820"');
        expect(preview).toMatch(/config *: \[secret\]/);
    });

    test("is told which package a host needs that is not installed", () => {
        const program = readFileSync(join(installed.project, "index.ts"), "utf8");
        const preview = (host: string) => {
            installed.write("index.ts", program.replace(/hosts\.local\([^)]*\)/, host));
            return () => installed.run("pulumi", "preview", "--non-interactive");
        };
        expect(preview('hosts.digitalOcean({ region: "fra1" })')).toThrow(
            "host: hosts.digitalOcean: needs the package @pulumi/digitalocean, which is not installed; run `npm install @pulumi/digitalocean@^4.80`",
        );
        expect(preview('hosts.local({ setup: { create: "true" } })')).toThrow(
            "host.setup: needs the package @pulumi/command, which is not installed; run `npm install @pulumi/command@^1.2`",
        );
    });
});

test("this repository's own plugin script starts the build, with Node and without bash on PATH", async () => {
    const bin = mkdtempSync(join(tmpdir(), "qptunnel-nobash-"));
    symlinkSync(process.execPath, join(bin, "node"));
    symlinkSync("/usr/bin/dirname", join(bin, "dirname"));
    const plugin = spawn(join(repository, "plugin/pulumi-resource-qptunnel"), [], {
        stdio: ["pipe", "pipe", "inherit"],
        env: { PATH: bin },
    });
    try {
        const [line] = (await once(plugin.stdout.setEncoding("utf8"), "data")) as [string];
        expect(Number(line)).toBeGreaterThan(1023);
        plugin.stdin.end();
        expect(await once(plugin, "exit")).toEqual([0, null]);
    } finally {
        plugin.kill();
        rmSync(bin, { recursive: true });
    }
});

test("@pulumi/command is asked for from 1.2 on, the release that checks host keys", () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
        peerDependencies: Record<string, string>;
    };
    expect(peerDependencies["@pulumi/command"]).toMatch(/^\^1\.2\.\d+$/);
});
