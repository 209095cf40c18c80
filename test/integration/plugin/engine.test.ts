import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(__dirname, "../../..");

/** Resources by their type token, as the components will register them: what they need comes from the environment. */
const PROGRAM = `
    const pulumi = require("@pulumi/pulumi");
    const options = { deleteBeforeReplace: true };
    class KeyPair extends pulumi.CustomResource {
        constructor(name, inputs) {
            super("qptunnel:index:KeyPair", name, { publicKey: undefined, privateKey: undefined, ...inputs }, options);
        }
    }
    class Seed extends pulumi.CustomResource {
        constructor(name, inputs) {
            super("qptunnel:index:Seed", name, { seed: undefined, ...inputs }, options);
        }
    }
    const keys = new KeyPair("alice", {
        owner: "alice",
        epoch: Number(process.env.EPOCH),
        privateKey: process.env.ADOPT && pulumi.secret(process.env.ADOPT),
    });
    const seed = new Seed("relay", { relay: "relay" });
    module.exports = { publicKey: keys.publicKey, privateKey: keys.privateKey, seed: seed.seed };
`;

let folder: string;

beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-engine-"));
    mkdirSync(join(folder, "backend"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(
        join(folder, "Pulumi.yaml"),
        JSON.stringify({
            name: "probe",
            runtime: "nodejs",
            main: "index.js",
            plugins: { providers: [{ name: "qptunnel", path: join(root, "plugin") }] },
        }),
    );
    writeFileSync(join(folder, "package.json"), "{}");
    writeFileSync(join(folder, "index.js"), PROGRAM);
    pulumi(["stack", "init", "dev"]);
});

afterAll(() => rmSync(folder, { recursive: true }));

function run(args: string[], env: Record<string, string> = {}): SpawnSyncReturns<string> {
    return spawnSync("pulumi", [...args, "--non-interactive"], {
        cwd: folder,
        encoding: "utf8",
        env: {
            ...process.env,
            PULUMI_HOME: join(folder, "home"),
            PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            EPOCH: "1",
            ...env,
        },
    });
}

function pulumi(args: string[], env: Record<string, string> = {}): string {
    const { status, stdout, stderr, error } = run(args, env);
    if (status !== 0) {
        throw new Error(`pulumi ${args.join(" ")} failed: ${stdout}${stderr}${error?.message ?? ""}`);
    }
    return stdout;
}

const outputs = (): Record<string, string> => JSON.parse(pulumi(["stack", "output", "--show-secrets", "--json"]));

it("offers a schema that the engine accepts", () => {
    const schema = JSON.parse(pulumi(["package", "get-schema", join(root, "plugin/pulumi-resource-qptunnel")]));
    expect(schema.resources["qptunnel:index:KeyPair"]).toMatchObject({
        requiredInputs: ["owner", "epoch"],
        required: ["owner", "epoch", "publicKey", "privateKey"],
    });
    writeFileSync(join(folder, "schema.json"), JSON.stringify(schema));
    pulumi(["schema", "check", "schema.json"]);
});

it("makes keys once, rotates them when asked, and keeps them secret", () => {
    pulumi(["up", "--yes", "--skip-preview"]);
    const first = outputs();
    pulumi(["preview", "--expect-no-changes"]);
    pulumi(["refresh", "--yes", "--expect-no-changes"]);

    const preview = pulumi(["preview", "--diff"], { EPOCH: "2" });
    expect(preview).toMatch(/~ qptunnel:index:KeyPair: \(update\)[^]*~ epoch: 1 => 2/);
    expect(preview).toContain("~ 1 to update");
    pulumi(["up", "--yes", "--skip-preview"], { EPOCH: "2" });
    const second = outputs();
    expect(second["seed"]).toBe(first["seed"]);
    expect(second["publicKey"]).not.toBe(first["publicKey"]);

    const state = pulumi(["stack", "export"]);
    expect(state).toContain(second["publicKey"]);
    for (const hidden of [second["privateKey"], second["seed"]]) {
        expect(hidden).toMatch(/^[A-Za-z0-9+/]{43}=$/);
        expect(state).not.toContain(hidden);
    }
});

it("does not print a secret that it refuses", () => {
    const { status, stdout, stderr } = run(["preview", "--diff"], { ADOPT: "hunter2hunter2hunter2" });
    expect(status).not.toBe(0);
    expect(stdout + stderr).toContain("privateKey: is not a WireGuard private key");
    expect(stdout + stderr).not.toContain("hunter2");
});

it("leaves nothing behind", () => {
    pulumi(["destroy", "--yes"]);
    expect(JSON.parse(pulumi(["stack", "export"])).deployment.resources ?? []).toHaveLength(0);
});
