import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";

// Whoever looks at a relay's machine, or at what it hands out, reads the name that its program gave it, and not the library's.

jest.setTimeout(300_000);

const OURS = /qp[-_]?tunnel/i;
const team = withKeys("alice", "bob");
const peers = team.map(({ name, publicKey }) => ({ name, publicKey }));

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let device: string;
let etc: string;
/** What the relay's programs made their work folders with. */
let made: string;

beforeAll(async () => {
    lab = await Lab.create("label");
    relay = lab.node("relay");
    device = lab.interface("relay");
    const place = `corp-${device}.${relay.namespace}`;
    etc = `/etc/${place}`;
    stack = await Stack.create({
        ...{ namespace: relay.namespace, interface: device, appName: "corp", peers },
        services: [{ name: "wiki", upstream: "127.0.0.1:3000", allow: ["alice"] }],
        grants: [{ from: "alice", to: "bob", ports: ["tcp/22"] }],
    });
    made = join(lab.folder, "made");
    stack.interpose("mktemp", `printf '%s\\n' "$*" >>${made}`);
    await stack.up();
});

afterAll(async () => {
    lab?.close();
    for (const folder of [etc, etc?.replace("/etc/", "/run/")]) rmSync(folder, { recursive: true, force: true });
    for (const name of readdirSync("/run").filter((each) => each.startsWith("corp.work.")))
        rmSync(join("/run", name), { recursive: true, force: true });
    stack?.close();
});

/** Where the programs since the last call worked, without process and chance. */
function workedIn(): string[] {
    const lines = readFileSync(made, "utf8")
        .split("\n")
        .filter((line) => line.startsWith("-d /run/"));
    writeFileSync(made, "");
    return [...new Set(lines.map((line) => line.replace(/^-d /, "").replace(/\.\d+\.X+$/, "")))];
}

it("has that name in its work folders, processes, tables, sockets, files and configurations", async () => {
    expect(workedIn()).toEqual(["/run/corp.work"]);
    const inside = (await relay.run(["ip", "netns", "pids", relay.namespace])).trim().split(/\s+/);
    const commands = inside.map((pid) =>
        spawnSync("ps", ["-o", "args=", "-p", pid], { encoding: "utf8" }).stdout.trim(),
    );
    expect(commands.filter((command) => command.includes("/etc/corp-")).length).toBeGreaterThan(2);
    const { configs, caCertificate } = await stack.outputs<{
        configs: Record<string, string>;
        caCertificate: string;
    }>();
    const subject = spawnSync("openssl", ["x509", "-noout", "-text"], { input: caCertificate, encoding: "utf8" });
    const files = readdirSync(etc, { recursive: true, encoding: "utf8" });
    const seen: Record<string, string> = {
        processes: commands.join("\n"),
        tables: await relay.run(["nft", "list", "ruleset"]),
        sockets: await relay.run(["ss", "-Hlxntup"]),
        files: files.join("\n"),
        proxy: readFileSync(join(etc, "caddy.json"), "utf8"),
        authority: subject.stdout,
        configuration: configs["alice"]!,
    };
    expect(seen["authority"]).toContain("corp.internal");
    expect(seen["configuration"]).toContain("(corp)");
    // The Caddy that the library brings along, and the version in its own folder, are files of the machine, not of this relay.
    const told = Object.entries(seen).filter(([, text]) => OURS.test(text.replaceAll(/\/\S*\/caddy\b/g, "")));
    expect(told).toEqual([]);
});

it("removes what killed programs left behind, of this version and of one before, and nothing of other programs", async () => {
    const dead = String(spawnSync("true").pid);
    const folders = {
        gone: [`/run/corp.work.${dead}.AbCdEf12`, `/run/qp-tunnel-work.${dead}.AbCdEf12`],
        kept: [
            `/run/corp.work.${process.pid}.AbCdEf12`,
            `/run/qp-tunnel-work.${dead}`,
            `/run/other.work.${dead}.AbCdEf12`,
        ],
    };
    const all = [...folders.gone, ...folders.kept];
    try {
        for (const folder of all) mkdirSync(folder, { mode: 0o700 });
        await stack.refresh();
        expect(folders.gone.filter(existsSync)).toEqual([]);
        expect(folders.kept.filter(existsSync)).toEqual(folders.kept);
    } finally {
        for (const folder of all) rmSync(folder, { recursive: true, force: true });
    }
});

it("works where the guard of an older version looks, until that is replaced, and nothing is taken away meanwhile", async () => {
    workedIn();
    appendFileSync(join(etc, "program"), '\n# work=$(mktemp -d "/run/qp-tunnel-work.$$.XXXXXXXX")\n');
    stack.declare({ grants: [{ from: "alice", to: "bob", ports: ["tcp/22", "tcp/80"] }] });
    await stack.up();
    expect(workedIn()).toEqual(["/run/qp-tunnel-work"]);
    stack.declare({ peers: [...peers, { name: "carol", publicKey: withKeys("carol")[0]!.publicKey }] });
    await stack.up();
    await stack.refresh("--expect-no-changes");
    expect(workedIn()).toContain("/run/corp.work");
    workedIn();
    await stack.refresh("--expect-no-changes");
    expect(workedIn()).toEqual(["/run/corp.work"]);
    expect(stack.log().filter(({ action }) => action === "guard_restore")).toEqual([]);
    await stack.destroy();
    expect(existsSync(etc)).toBe(false);
});
