import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { compileFunction } from "node:vm";

import * as pulumi from "@pulumi/pulumi";
import * as ts from "typescript";
import { parse } from "yaml";

import * as library from "../../../../components/index.js";
import { generateKeyPair } from "../../../../core/keys/index.js";
import { runProgram } from "../../program.js";
import { run } from "../run.js";

const fixed = (byte: number) => generateKeyPair((length) => new Uint8Array(length).fill(byte));
const own = fixed(1);
const PSK = Buffer.alloc(32, 9).toString("base64");
const NAMES = ["alice", "bob", "carol", "dora", "erna", "nas"];

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-import-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const quickFile = (names: string[]): string =>
    `[Interface]\nAddress = 10.8.0.1/24\nListenPort = 51820\nPrivateKey = ${own.privateKey}\n` +
    names
        .map((name, index) => {
            const ips = [`10.8.0.${index + 10}/32`, ...(name === "nas" ? ["192.168.7.0/24"] : [])];
            const psk = index % 2 === 0 ? `PresharedKey = ${PSK}\n` : "";
            return `\n# ${name}\n[Peer]\nPublicKey = ${fixed(index + 2).publicKey}\n${psk}AllowedIPs = ${ips.join(", ")}\n`;
        })
        .join("");

it("writes a project with no secret in it, the preshared keys apart and for the owner only, and says what to do", async () => {
    writeFileSync(join(folder, "wg0.conf"), quickFile(NAMES));
    const out = join(folder, "office");
    const { code, stdout, stderr } = await run("import", join(folder, "wg0.conf"), "--out", out, "--json");
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as { files: string[]; relay: object; left: string[]; next: string[] };
    expect(result.files.sort()).toEqual(
        [
            ".gitignore",
            "Pulumi.yaml",
            "README.md",
            "index.ts",
            "package.json",
            "peers.yaml",
            "preshared-keys.json",
            "tsconfig.json",
        ].sort(),
    );
    expect(result.relay).toMatchObject({ interface: "wg0", publicKey: own.publicKey, subnet: "10.8.0.0/24" });
    expect(result.next).toContain("pulumi up");
    const secrets = [own.privateKey, PSK];
    for (const name of [...result.files, "plugin/pulumi-resource-qptunnel"]) {
        const text = readFileSync(join(out, name), "utf8");
        if (name !== "preshared-keys.json") expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    }
    expect(secrets.filter((secret) => (stdout + stderr).includes(secret))).toEqual([]);
    expect(statSync(join(out, "preshared-keys.json")).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(out, "preshared-keys.json"), "utf8"))).toEqual({
        alice: PSK,
        carol: PSK,
        erna: PSK,
    });

    const again = await run("import", join(folder, "wg0.conf"), "--out", out);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(
        /has Pulumi\.yaml, .* already; choose another folder with --out, or move these files away/,
    );
});

it.each([
    ["in a file", NAMES],
    ["in the program", ["alice", "nas"]],
])(
    "makes a program that is the relay: with its peers %s, keys, addresses and openness are those of before",
    async (_, names) => {
        writeFileSync(join(folder, "wg0.conf"), quickFile(names));
        const out = join(folder, "relay");
        expect(
            await run(
                "import",
                join(folder, "wg0.conf"),
                "--out",
                out,
                "--host",
                "namespace:try",
                "--endpoint",
                "vpn.example.org",
            ),
        ).toMatchObject({ code: 0 });
        const registered = await registeredBy(out, {
            presharedKeys: readFileSync(join(out, "preshared-keys.json"), "utf8"),
        });
        const inputs = (type: string) => registered.find((one) => one.type === `qptunnel:index:${type}`)!.inputs;
        expect(inputs("KeyPair")).toMatchObject({ privateKeyFile: join(folder, "wg0.conf") });
        expect(inputs("Registry")["peers"]).toEqual(
            Object.fromEntries(
                names.map((name, index) => [
                    name,
                    {
                        address: `10.8.0.${index + 10}`,
                        publicKey: fixed(index + 2).publicKey,
                        ...(name === "nas" ? { routes: ["192.168.7.0/24"] } : {}),
                    },
                ]),
            ),
        );
        expect(inputs("WireGuard")).toMatchObject({ listenPort: 51820, adopts: expect.any(String) });
        expect(JSON.stringify(inputs("WireGuard")["presharedKeys"])).toContain(PSK);
        const rules = inputs("Grants")["rules"] as Record<string, string[]>;
        const nas = names.length - 1;
        expect(rules["alice"]).toHaveLength(names.length);
        expect(rules["alice"]).toContain(`10.8.0.10 -> 10.8.0.${nas + 10} all`);
        expect(rules["alice"]).toContain("10.8.0.10 -> 192.168.7.0/24 all");
        // Hosts behind a peer open connections as well.
        expect(rules["nas"]).toContain("192.168.7.0/24 -> 10.8.0.10 all");
        expect(Object.keys(rules).sort()).toEqual([...names].sort());
    },
);

it("takes the state directory of the shell tool: active peers, their preshared keys, open services", async () => {
    const state = join(folder, "state");
    mkdirSync(join(state, "peers", "alice"), { recursive: true });
    const write = (name: string, content: unknown) =>
        writeFileSync(join(state, name), typeof content === "string" ? content : JSON.stringify(content));
    const peer = (name: string, index: number, status = "active") => ({
        name,
        public_key: fixed(index).publicKey,
        tunnel_ip: `10.8.0.${index}`,
        status,
        added_at: "2026-01-01T00:00:00Z",
        added_by: "operator",
        revoked_at: null,
    });
    write("peers.json", {
        version: 1,
        relay: { endpoint: "203.0.113.7:51999", public_key: own.publicKey, tunnel_ip: "10.8.0.1" },
        peers: [peer("server", 2), peer("alice", 10), peer("mallory", 11, "revoked")],
        ip_pool: { subnet: "10.8.0.0/24", next_client_ip: "10.8.0.12", reserved: ["10.8.0.1", "10.8.0.2"] },
    });
    const service = (name: string, upstream: string, port: number, status: string) => ({
        name,
        upstream,
        port,
        status,
        exposed_at: "x",
        cert_expires: "",
        caddy_pid: 1,
    });
    write("services.json", {
        version: 1,
        services: [service("grafana", "localhost:3000", 8443, "active"), service("old", "localhost:1", 8444, "closed")],
        port_pool: {},
    });
    write("relay.key", `${own.privateKey}\n`);
    write("peers/alice/preshared.key", `${PSK}\n`);
    const out = join(folder, "relay");
    const { code, stdout } = await run("import", state, "--out", out, "--grants", "none", "--json");
    expect(code).toBe(0);
    expect(stdout).not.toContain(PSK);
    const { relay, left } = JSON.parse(stdout) as { relay: Record<string, unknown>; left: string[] };
    expect(relay).toEqual({
        interface: "wg0",
        privateKeyFile: join(state, "relay.key"),
        publicKey: own.publicKey,
        listenPort: 51999,
        subnet: "10.8.0.0/24",
        endpoint: "203.0.113.7:51999",
        peers: [
            { name: "server", publicKey: fixed(2).publicKey, address: "10.8.0.2", routes: [], preshared: false },
            { name: "alice", publicKey: fixed(10).publicKey, address: "10.8.0.10", routes: [], preshared: true },
        ],
        services: [{ name: "grafana", port: 8443, upstream: { peer: "server", port: 3000 } }],
    });
    expect(left).toEqual(
        expect.arrayContaining([
            expect.stringMatching(/^1 revoked peer is not carried over/),
            expect.stringMatching(/^grafana moves: TLS now ends on the relay/),
        ]),
    );
    const registered = await registeredBy(out, { presharedKeys: JSON.stringify({ alice: PSK }) });
    const grants = registered.find(({ type }) => type === "qptunnel:index:Grants")!.inputs["rules"];
    expect(grants).toEqual({
        "(relay)": ["10.8.0.1 -> 10.8.0.2 tcp/3000"],
        alice: ["10.8.0.10 -> 10.8.0.1 tcp/8443"],
        server: ["10.8.0.2 -> 10.8.0.1 tcp/8443"],
    });

    write("relay.key", `${fixed(99).privateKey}\n`);
    expect((await run("import", state, "--out", join(folder, "other"))).stderr).toMatch(
        /relay\.key: is not the private key of/,
    );
    write("peers.json", "{");
    expect((await run("import", state, "--out", join(folder, "other"))).stderr).toMatch(/peers\.json: is not JSON/);
});

it.each([
    [["/nowhere/wg0.conf"], /does not exist/],
    [["FILE", "--grants", "some"], /--grants: "some" is neither open nor none/],
    [["FILE", "--name", "get"], /--name: "get" is a property of every Output/],
    [["FILE", "--interface", "lo"], /--interface: "lo" is reserved by the kernel/],
    [["FILE", "--host", "a b"], /--host: /],
])("refuses %j", async (args, words) => {
    const file = join(folder, "wg0.conf");
    writeFileSync(file, quickFile(["alice"]));
    chmodSync(file, 0o600);
    const { code, stderr } = await run(
        "import",
        ...args.map((arg) => (arg === "FILE" ? file : arg)),
        "--out",
        join(folder, "out"),
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
});

/** What the program in a folder registers, run as the engine would. */
async function registeredBy(out: string, config: Record<string, string>) {
    const { outputText, diagnostics } = ts.transpileModule(readFileSync(join(out, "index.ts"), "utf8"), {
        reportDiagnostics: true,
        compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    expect(diagnostics).toEqual([]);
    const { registered } = await runProgram(() => {
        pulumi.runtime.setAllConfig(
            Object.fromEntries(Object.entries(config).map(([key, value]) => [`office:${key}`, value])),
        );
        const own = createRequire(__filename);
        const required = (name: string): unknown =>
            name === "pulumi-qp-tunnel" ? library : name === "@pulumi/pulumi" ? pulumi : own(name);
        // The program as it was written.
        (compileFunction(outputText, ["require", "exports", "__dirname"]) as (...of: unknown[]) => void)(
            required,
            {},
            out,
        );
        return {};
    });
    return registered;
}

it("prints no escape sequence of a foreign file or its name, and makes a project of it all the same", async () => {
    const name = "wg: \x1b[31m\n.conf";
    const hook = "PostUp = echo \x1b]0;owned\x07 hello\n";
    writeFileSync(join(folder, name), quickFile(["alice"]).replace("[Interface]\n", `[Interface]\n${hook}`));
    const out = join(folder, "relay");
    const { code, stdout, stderr } = await run("import", join(folder, name), "--interface", "wg0", "--out", out);
    expect({ code, stderr: stderr.includes("\x1b") }).toEqual({ code: 0, stderr: false });
    expect(stdout).not.toContain("\x1b");
    expect(stdout).toContain("PostUp = echo \u241b]0;owned\u2407 hello: no longer run");
    for (const file of ["index.ts", "README.md", "Pulumi.yaml"])
        expect(readFileSync(join(out, file), "utf8")).not.toContain("\x1b");
    expect(parse(readFileSync(join(out, "Pulumi.yaml"), "utf8"))).toMatchObject({ runtime: { name: "nodejs" } });
    ts.transpileModule(readFileSync(join(out, "index.ts"), "utf8"), { reportDiagnostics: true }).diagnostics?.forEach(
        (diagnostic) => expect(diagnostic.messageText).toBe(""),
    );
});

it.each([
    ["", undefined, "asOpenAsBefore"],
    ["PostUp = iptables -A FORWARD -i %i -o %i -j DROP\n", undefined, "no access yet"],
    ["PostUp = nft add rule inet f forward iifname %i reject\n", undefined, "no access yet"],
    ["PostUp = iptables -A INPUT -i %i -j DROP\n", undefined, "asOpenAsBefore"],
    ["PostUp = iptables -A FORWARD -i %i -o %i -j DROP\n", "open", "asOpenAsBefore"],
])("grants no more than hooks let through: %j, --grants %s", async (hook, grants, words) => {
    writeFileSync(join(folder, "wg0.conf"), quickFile(["alice"]).replace("[Interface]\n", `[Interface]\n${hook}`));
    const out = join(folder, "relay");
    const given = grants === undefined ? [] : ["--grants", grants];
    const { code, stdout } = await run("import", join(folder, "wg0.conf"), "--out", out, ...given);
    expect(code).toBe(0);
    expect(readFileSync(join(out, "index.ts"), "utf8")).toContain(words);
    expect(stdout.includes("grants: none, because its hooks limit forwarding")).toBe(words.startsWith("no access"));
});

it.each([
    ["in the program", 2],
    ["in a file", 7],
])("keeps beside a peer what no name could be made of, %s", async (_, count) => {
    const names = Array.from({ length: count }, (_none, index) => `Client Мария\u2028 ${index}: */`);
    writeFileSync(join(folder, "wg0.conf"), quickFile(names));
    const out = join(folder, "relay");
    expect(await run("import", join(folder, "wg0.conf"), "--out", out)).toMatchObject({ code: 0 });
    const text = readFileSync(join(out, count > 5 ? "peers.yaml" : "index.ts"), "utf8");
    expect(text).toContain(`${count > 5 ? "#" : "    //"} Client Мария<U+2028> 1: */\n`);
    const registered = await registeredBy(out, {
        presharedKeys: readFileSync(join(out, "preshared-keys.json"), "utf8"),
    });
    const { peers } = registered.find(({ type }) => type === "qptunnel:index:Registry")!.inputs as { peers: object };
    expect(Object.keys(peers)).toHaveLength(count);
});

it("depends on this package the way it is installed here", async () => {
    writeFileSync(join(folder, "wg0.conf"), quickFile(["alice"]));
    const out = join(folder, "relay");
    expect(await run("import", join(folder, "wg0.conf"), "--out", out)).toMatchObject({ code: 0 });
    const { dependencies } = JSON.parse(readFileSync(join(out, "package.json"), "utf8")) as {
        dependencies: Record<string, string>;
    };
    // Tests run in a clone.
    expect(dependencies["pulumi-qp-tunnel"]).toBe(`file:${resolve(__dirname, "../../../..")}`);
});

it.each([
    ["a file that is not there", "none.conf", /none\.conf: does not exist; give a wg-quick file/],
    ["a pipe", "pipe", /pipe: is not a regular file; give a wg-quick file/],
    ["a network that is none", "tool", /ip_pool\.subnet: /],
    [
        "a list of peers that no relay can have",
        "twice",
        /twice: cannot become a program: peers\.bob\.address: .*belongs to "alice"/,
    ],
])("refuses %s with a sentence", async (_, name, words) => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    mkdirSync(join(folder, "tool"));
    const relay = { endpoint: "203.0.113.7:51820", public_key: own.publicKey, tunnel_ip: "10.8.0.1" };
    const peers = { relay, peers: [], ip_pool: { subnet: "10.8.0.0/zz" } };
    writeFileSync(join(folder, "tool/peers.json"), JSON.stringify(peers));
    mkdirSync(join(folder, "twice"));
    const both = ["alice", "bob"].map((called, index) => ({
        name: called,
        public_key: fixed(index + 2).publicKey,
        tunnel_ip: "10.8.0.9",
        status: "active",
    }));
    writeFileSync(
        join(folder, "twice/peers.json"),
        JSON.stringify({ relay, peers: both, ip_pool: { subnet: "10.8.0.0/24" } }),
    );
    const { code, stderr } = await run("import", join(folder, name), "--out", join(folder, "relay"));
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
});

it.each([
    ["package-lock.json", "{}", {}],
    ["pnpm-lock.yaml", "", { "pnpm-workspace.yaml": "allowBuilds:\n  protobufjs: false\n" }],
    ["yarn.lock", "# yarn lockfile v1\n", {}],
    ["yarn.lock", "__metadata:\n  version: 8\n", { ".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": "" }],
    ["bun.lock", "{}", {}],
])("in a project with %s (%j), the new one has the settings %j", async (lock, text, settings) => {
    const before = process.cwd();
    writeFileSync(join(folder, lock), text);
    writeFileSync(join(folder, "wg0.conf"), quickFile(["alice"]));
    process.chdir(folder);
    try {
        const { stdout } = await run("import", "wg0.conf", "--out", "office", "--json");
        const { files } = JSON.parse(stdout) as { files: string[] };
        const found = files.filter((name) => /^(?:pnpm|yarn|\.yarn)/.test(name));
        const written = found.map((name) => [name, readFileSync(join(folder, "office", name), "utf8")]);
        expect(Object.fromEntries(written)).toStrictEqual(settings);
    } finally {
        process.chdir(before);
    }
});
