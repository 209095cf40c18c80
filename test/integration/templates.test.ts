import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { parse, stringify } from "yaml";

import type { Outcome } from "../lab/processes.js";
import { pulumiIn } from "../lab/scratchEngine.js";

// Each folder of templates/ through the real `pulumi new`, and a preview of the project that it makes.

jest.setTimeout(240_000);

const ROOT = resolve(__dirname, "../..");
const TEMPLATES = readdirSync(join(ROOT, "templates"));

let folder: string;
let project: string;

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-template-"));
    project = join(folder, "office");
    mkdirSync(join(folder, "state"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function pulumi(...args: string[]): Promise<Outcome> {
    return pulumiIn(folder, args, 200_000);
}

/** As `npm install` leaves it: the packages that the project names, and no others. */
function install(): void {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as Record<
        "dependencies" | "devDependencies",
        Record<string, string>
    >;
    mkdirSync(join(project, "node_modules/@pulumi"), { recursive: true });
    mkdirSync(join(project, "node_modules/@types"));
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
        const source = name === "pulumi-qp-tunnel" ? ROOT : join(ROOT, "node_modules", name);
        symlinkSync(source, join(project, "node_modules", name));
    }
}

/** The cloud's provider is a double. */
function useDouble(): void {
    const file = join(project, "Pulumi.yaml");
    const manifest = parse(readFileSync(file, "utf8")) as { plugins: { providers: { name: string; path: string }[] } };
    manifest.plugins.providers.push({ name: "digitalocean", path: join(ROOT, "test/lab/plugins/digitalocean") });
    writeFileSync(file, stringify(manifest));
}

/** What a person answers. */
const ANSWERS: Record<string, string> = {
    endpoint: "vpn.example.org",
    address: "192.0.2.1",
    hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVq3LAGdXi6ZJ9YbzMBBYVFBBZfQ+CU0zQ6BpTzqlTc",
    "digitalocean:token": "token",
};

it.each(TEMPLATES)("%s makes a project that type-checks and previews", async (template) => {
    await pulumi(
        "new",
        join(ROOT, "templates", template),
        "--generate-only",
        "--yes",
        "--name",
        "office",
        "--dir",
        project,
    );
    expect(readFileSync(join(project, "Pulumi.yaml"), "utf8")).toMatch(/^name: office\n/);
    if (template === "digitalocean") useDouble();
    install();
    expect(JSON.parse(readFileSync(join(project, "package.json"), "utf8"))).toMatchObject({ name: "office" });
    execFileSync("npm", ["run", "--silent", "types"], { cwd: project, stdio: "pipe" });

    const asked = readFileSync(join(ROOT, "templates", template, "Pulumi.yaml"), "utf8").split(/^ {2}config:\n/m)[1]!;
    await pulumi("stack", "init", "dev", "-C", project);
    for (const [, key = "", body = ""] of asked.matchAll(/^ {4}(\S+):\n((?: {6}.*\n)*)/gm)) {
        const value = ANSWERS[key] ?? /default: (.*)/.exec(body)?.[1] ?? "";
        const secret = body.includes("secret: true") ? ["--secret"] : ["--plaintext"];
        await pulumi("config", "set", ...secret, "-C", project, key, value);
    }
    const { stdout } = await pulumi("preview", "-C", project);
    expect(stdout).toMatch(/: \S+ will be added at 10\./);
    expect(stdout).toMatch(/\+ \d+ to create/);
    expect(stdout).not.toMatch(/error/i);
});
