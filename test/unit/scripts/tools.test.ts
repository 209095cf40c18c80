import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const script = resolve(__dirname, "../../../scripts/tools.mjs");

let scratch: string;
let bin: string;

beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "qptunnel-tools-"));
    bin = join(scratch, "bin");
    mkdirSync(bin);
});

afterEach(() => rmSync(scratch, { recursive: true }));

test("the last line is a directory with a Node that is new enough, and the second run only looks", () => {
    const directory = tools("node");
    const version = execFileSync(join(directory, "node"), ["--version"], { encoding: "utf8" });
    expect(Number(version.slice(1).split(".")[0])).toBeGreaterThanOrEqual(22);
    const made = statSync(directory).ino;
    expect(tools("node")).toBe(directory);
    expect(statSync(directory).ino).toBe(made);
});

test("a tool that was removed since is found again", () => {
    const directory = tools("node");
    rmSync(join(directory, "node"));
    expect(tools("node")).toBe(directory);
    expect(readdirSync(directory)).toContain("node");
});

test("an engine on PATH is taken as it is when it is new enough and has its language host", () => {
    command("pulumi", "echo v3.260.1");
    command("pulumi-language-nodejs", "");
    expect(links(tools("pulumi"))).toEqual({});
});

test("Caddy is built from tools/caddy where there is Go, also when another one is on PATH", () => {
    command("caddy", "echo v2.11.4 h1:of-the-release");
    // `go build … -o FILE .`: what it would build is a file of that name.
    command("go", 'while [ "$1" != -o ]; do shift; done; echo "#!/bin/sh" > "$2"; /bin/chmod +x "$2"');
    expect(links(tools("caddy"))).toEqual({
        caddy: expect.stringMatching(/cache\/caddy-2\.11\.4-[0-9a-f]{12}\/caddy$/),
    });
});

test("what another caller was given is on nobody else's PATH, so it is not found there", () => {
    const given = join(scratch, "cache/bin/0123456789ab");
    mkdirSync(given, { recursive: true });
    for (const name of ["pulumi", "pulumi-language-nodejs"]) command(name, "echo v3.260.1", given);
    const { stdout } = run(["--check", "--only", "pulumi"], [given, bin].join(":"));
    expect(stdout).toBe("pulumi           missing: `npm run tools` gets it\n");
});

test("without Go, a Caddy on PATH is taken", () => {
    command("caddy", "echo v2.10.0 h1:of-the-release");
    expect(links(tools("caddy"))).toEqual({});
});

test("a failing build is shown with the end of what it said", () => {
    command("go", "echo no space left >&2; exit 3");
    command("caddy", "echo v2.10.0 h1:of-the-release");
    const { status, stderr } = run(["--only", "caddy"]);
    // The Caddy on PATH still serves.
    expect(status).toBe(0);
    expect(stderr).toContain("go ended with 3:\nno space left");
});

test("--check installs nothing and names what is missing", () => {
    const { status, stdout } = run(["--check", "--only", "pulumi,caddy"]);
    expect(status).toBe(1);
    expect(stdout).toBe(
        "pulumi           missing: `npm run tools` gets it\ncaddy            missing: `npm run tools` gets it\n",
    );
    expect(readdirSync(scratch)).toEqual(["bin"]);
});

test("the check of shell programs fails when it cannot run", () => {
    const check = resolve(__dirname, "../../../scripts/shellcheck.mjs");
    const env = { PATH: bin, HOME: scratch, QPTUNNEL_CACHE: join(scratch, "cache") };
    const { status, stderr } = spawnSync(process.execPath, [check], { env, encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain("the shell programs were not checked: missing tools:\n  shellcheck: ");
});

test("a shellcheck on PATH is taken when it is new enough", () => {
    command("shellcheck", "echo 'version: 0.9.0'");
    expect(links(tools("shellcheck"))).toEqual({});
});

function tools(only: string): string {
    const { status, stdout, stderr } = run(["--only", only]);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    return stdout.trim().split("\n").at(-1)!;
}

/** The script with nothing on PATH but the commands of this test. */
function run(args: string[], path = bin) {
    const env = { PATH: path, HOME: scratch, QPTUNNEL_CACHE: join(scratch, "cache") };
    return spawnSync(process.execPath, [script, ...args], { env, encoding: "utf8" });
}

function command(name: string, body: string, folder = bin): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

function links(directory: string): Record<string, string> {
    const names = readdirSync(directory).filter((name) => !name.startsWith("."));
    return Object.fromEntries(names.map((name) => [name, readlinkSync(join(directory, name))]));
}
