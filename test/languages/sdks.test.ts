/** The SDKs that Pulumi generates of the plugin's schema, and how Pulumi finds the plugin in a folder. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { execute } from "../lab/processes.js";
import { PLUGIN, PYTHON, generate, installed, pulumiPackage } from "./sdks.js";

let folder: string;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "qptunnel-sdk-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function succeed(argv: string[], env: Record<string, string> = {}): Promise<string> {
    const outcome = await execute(argv, { timeout: 280_000, env });
    expect({ code: outcome.code, said: outcome.stdout + outcome.stderr }).toMatchObject({ code: 0 });
    return outcome.stdout;
}

test("Python: every file compiles, and the relay's arguments and outputs are there", async () => {
    const sdk = await generate(folder, "python");
    await succeed([PYTHON, "-m", "compileall", "-q", sdk]);
    const program = `import inspect, pulumi_qptunnel as q
print(*[name for name in ("host", "peers", "services", "grants", "audit") if name in inspect.signature(q.RelayArgs.__init__).parameters])
print(*[name for name in ("configs", "urls", "registry", "ca_certificate") if isinstance(getattr(q.Relay, name), property)])`;
    expect(
        (await succeed([PYTHON, "-c", program], { PYTHONPATH: await installed(sdk) })).trim().split("\n"),
    ).toStrictEqual(["host peers services grants audit", "configs urls registry ca_certificate"]);
});

test("Go: it formats as it is, and every file parses", async () => {
    const sdk = await generate(folder, "go");
    expect(await succeed(["gofmt", "-l", sdk])).toBe("");
    const relay = readFileSync(join(sdk, "qptunnel/relay.go"), "utf8");
    expect(relay).toMatch(/func NewRelay\(ctx \*pulumi\.Context/);
});

test("TypeScript: the relay's arguments are typed", async () => {
    const sdk = await generate(folder, "nodejs");
    expect(readFileSync(join(sdk, "relay.ts"), "utf8")).toMatch(
        /peers: pulumi\.Input<pulumi\.Input<inputs\.\w+>\[\]>;/,
    );
});

test("C#: every resource has a class, and the relay's arguments are typed to the last", async () => {
    const sdk = await generate(folder, "dotnet");
    const files = (readdirSync(sdk, { recursive: true }) as string[]).filter((name) => name.endsWith(".cs"));
    const text = (name: string): string => readFileSync(join(sdk, name), "utf8");
    const resources = ["Relay", "Host", "WireGuard", "Firewall", "Proxy", "Grants", "KeyPair", "AuditCheckpoint"];
    expect(files).toEqual(expect.arrayContaining(resources.map((name) => `${name}.cs`)));
    const namespaces = files.map((name) => /^namespace (\S+)/m.exec(text(name))?.[1]);
    expect([...new Set(namespaces)].sort()).toStrictEqual([
        "Pulumi.Qptunnel",
        "Pulumi.Qptunnel.Inputs",
        "Pulumi.Qptunnel.Outputs",
    ]);
    const relay = Object.fromEntries(
        [...text("Relay.cs").matchAll(/public (Input(?:List)?<\S+>)\?? (\w+)/g)].map(([, type, name]) => [
            name!,
            type!,
        ]),
    );
    expect(relay).toMatchObject({
        Host: "Input<Inputs.RelayHostArgs>",
        Peers: "InputList<Inputs.PeerSpecArgs>",
        Services: "InputList<Inputs.ServiceSpecArgs>",
        Grants: "InputList<Inputs.GrantSpecArgs>",
        Expect: "InputList<Inputs.AccessExpectationArgs>",
        Audit: "Input<Inputs.AuditSettingsArgs>",
        Identity: "Input<Pulumi.Qptunnel.RelayIdentity>",
        ListenPort: "Input<int>",
    });
    expect(text("Enums.cs")).toContain("public readonly struct HostKind");
    expect(text("Inputs/RelayHostArgs.cs")).toMatch(/Input<Pulumi\.Qptunnel\.HostKind> Kind/);
    const untyped = files.filter((name) => /(?:Input|Output|Immutable)\w*<(?:string, )?object\b/.test(text(name)));
    expect(untyped).toStrictEqual([]);
});

describe("PulumiPlugin.yaml", () => {
    test("starts the plugin without any shell: its schema is the same", async () => {
        const [started, loaded] = [join(PLUGIN, "pulumi-resource-qptunnel"), PLUGIN];
        const schema = await pulumiPackage(folder, "get-schema", started);
        expect(JSON.parse(schema)).toMatchObject({ name: "qptunnel" });
        expect(await pulumiPackage(folder, "get-schema", loaded)).toBe(schema);
    });

    test("lets a project add the package by its folder", async () => {
        writeFileSync(join(folder, "Pulumi.yaml"), "name: somebody\nruntime: python\n");
        await pulumiPackage(folder, "add", PLUGIN);
        const project = parse(readFileSync(join(folder, "Pulumi.yaml"), "utf8")) as { packages: object };
        expect(Object.keys(project.packages)).toStrictEqual(["qptunnel"]);
        expect(readFileSync(join(folder, "sdks/qptunnel/pulumi_qptunnel/relay.py"), "utf8")).toContain("class Relay(");
    });
});
