import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { execute, type Outcome } from "../lab/processes.js";

// Somebody who is not root has a fresh clone and may use sudo: the README's first command, as it stands there, with the
// real sudo. The account is mounted over this machine's for these commands alone, and is never in its files.

jest.setTimeout(1_500_000);

const root = resolve(__dirname, "../..");
const NAME = "plainuser";
const ID = 4251;

let folder: string;
let clone: string;

beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-plain-"));
    chmodSync(folder, 0o755);
    clone = join(folder, "home/clone");
    mkdirSync(clone, { recursive: true });
    copyRepository();
    const passwd = readFileSync("/etc/passwd", "utf8");
    expect(passwd).not.toContain(`:${ID}:`);
    const account = `${NAME}:x:${ID}:${ID}::${join(folder, "home")}:/bin/bash\n`;
    etc("passwd", passwd + account, 0o644);
    etc("shadow", `${readFileSync("/etc/shadow", "utf8")}${NAME}:*:19000:0:99999:7:::\n`, 0o640);
    etc("sudoers", `Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n${NAME} ALL=(ALL:ALL) NOPASSWD: ALL\n`, 0o440);
    // What npm has fetched before, so that it need not ask for it again: a copy, since npm writes to it as its owner.
    const cache = join(execFileSync("npm", ["config", "get", "cache"], { encoding: "utf8" }).trim(), "_cacache");
    execFileSync("sh", ["-c", 'mkdir -p "$0" && { [ ! -d "$1" ] || cp -r "$1" "$0"; }', join(folder, "npm"), cache]);
    execFileSync("chown", ["-R", `${ID}:${ID}`, join(folder, "home"), join(folder, "npm")]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function etc(name: string, text: string, mode: number): void {
    writeFileSync(join(folder, name), text, { mode });
}

/** All that a clone has; of the tests themselves a file of each tier, and those that `npm test` does not run. */
function copyRepository(): void {
    const list = execFileSync("git", ["-C", root, "ls-files", "-z", "-co", "--exclude-standard"], { encoding: "utf8" });
    const kept = ["test/unit/core/keys/index.test.ts", "test/integration/lab.test.ts", "test/smoke/caddy.test.ts"];
    const isLeftOut = (name: string): boolean =>
        name.endsWith(".test.ts") && !kept.includes(name) && !/^test\/(?:vm|browsers)\//.test(name);
    const names = list.split("\0").filter((name) => name !== "" && !isLeftOut(name));
    expect(names).toEqual(expect.arrayContaining(kept));
    const input = names.join("\0");
    const archive = execFileSync("tar", ["-C", root, "--null", "--ignore-failed-read", "-T", "-", "-cf", "-"], { input, maxBuffer: 2 ** 30 }); // prettier-ignore
    execFileSync("tar", ["-C", clone, "-xf", "-"], { input: archive });
}

/** As that person types it, in the clone. Network namespaces that root makes for them are the machine's, their account is not. */
function types(command: string): Promise<Outcome> {
    const mounts = ["passwd", "shadow", "sudoers"].map((name) => `mount --bind ${folder}/${name} /etc/${name}`);
    const script = `mount --make-private / && ${mounts.join(" && ")} && exec runuser -u ${NAME} -- "$@"`;
    const enter = ["unshare", "-m", "--propagation", "unchanged", "sh", "-c", script, "sh"];
    const registry = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
    const proxies = Object.entries(process.env).filter(([name]) => /^https?_proxy$/i.test(name));
    const env = [
        ...proxies.map(([name, value]) => `${name}=${value ?? ""}`),
        ...[
            `HOME=${join(folder, "home")}`,
            `USER=${NAME}`,
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ],
        ...[
            `npm_config_cache=${join(folder, "npm")}`,
            `npm_config_registry=${registry}`,
            "npm_config_prefer_offline=true",
        ],
    ];
    return execute([...enter, "env", "-i", "-C", clone, ...env, "bash", "-c", command], { timeout: 1_200_000 });
}

/** What is in the clone and not that person's. */
function foreign(): string {
    return execFileSync("find", [clone, "!", "-uid", String(ID), "-print"], { encoding: "utf8" });
}

const leftovers = (): string[] => readdirSync("/etc").filter((name) => name.startsWith("qp-tunnel-wg"));

const [, first = ""] = /^```sh\n(.*?)^```$/ms.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
const commands = first
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/ +#.*/, ""));

it("is who they are, and root by sudo alone", async () => {
    expect((await types("id -un; sudo -n id -un")).stdout).toBe(`${NAME}\nroot\n`);
    expect(readFileSync("/etc/passwd", "utf8")).not.toContain(NAME);
});

it.each(commands)("%s", async (command) => {
    const before = leftovers();
    const { code, stdout, stderr } = await types(command);
    expect({ code, end: stdout.slice(-1500), stderr: code === 0 ? "" : stderr.slice(-1500) }).toMatchObject({
        code: 0,
        stderr: "",
    });
    expect(stderr).toMatch(/so it needs root\.\nRunning: sudo env PATH=/);
    if (command.endsWith("npm test")) {
        const passed = (tier: string): unknown =>
            expect.stringMatching(new RegExp(`^${tier}: [1-9]\\d* passed, 0 failed`));
        const lines = stdout.split("\n").filter((line) => /^(unit|integration|smoke): /.test(line));
        expect(lines).toEqual(["unit", "integration", "smoke"].map(passed));
    } else {
        expect(stdout).not.toMatch(/failed(?! *0)/i);
    }
    expect(foreign()).toBe("");
    expect(leftovers()).toEqual(before);
});
