import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { Writable } from "node:stream";

import { main } from "../../../cli/main.js";
import { run } from "./run.js";
import { scratchFolder } from "./scratch.js";

const scratch = scratchFolder();
const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
const LONG = `${"a-rather-long-name-".repeat(3)}laptop`;

/** What `pulumi stack export` writes of a relay with these peers. */
function exported(...names: string[]): string {
    const addresses = names.map((name, index) => [name, { address: `10.8.0.${index + 2}`, publicKey: KEY }] as const);
    const since = { status: "active", since: "2026-01-02T03:04:05Z" };
    const inputs = {
        ...{ relay: "office", appName: "qp-tunnel", interface: "wg0", publicKeys: {} },
        host: { kind: "local" },
        peers: Object.fromEntries(addresses),
    };
    const registry = Object.fromEntries(addresses.map(([name, peer]) => [name, { ...peer, ...since }]));
    const urn = "urn:pulumi:dev::shop::qptunnel:index:Relay$qptunnel:index:WireGuard::office-wireguard";
    const resources = [{ urn, type: "qptunnel:index:WireGuard", inputs, outputs: { registry } }];
    return JSON.stringify({ version: 3, deployment: { resources } });
}

/** The command with a terminal of so many columns as its standard output. */
async function inTerminal(columns: number, ...args: string[]): Promise<string> {
    let text = "";
    const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
        text += chunk.toString();
        done();
    };
    const stdout = Object.assign(new Writable({ write }), { columns });
    expect(await main(args, { stdout, stderr: new Writable({ write }) })).toBe(0);
    return text;
}

test("into a file or a pipe a peer is one line, however long", async () => {
    const { stdout } = await run("list", "--state", scratch.write("state.json", exported("alice", LONG)));
    expect(stdout.split("\n").slice(1)).toEqual([
        "",
        `  PEER${" ".repeat(LONG.length - 4)}  ADDRESS   STATUS  SINCE       UNTIL  PUBLIC KEY`,
        `  ${LONG}  10.8.0.3  active  2026-01-02         ${KEY}`,
        `  alice${" ".repeat(LONG.length - 5)}  10.8.0.2  active  2026-01-02         ${KEY}`,
        "",
    ]);
});

test("in a terminal of 80 columns nothing wraps, and a key stays in one piece", async () => {
    const state = scratch.write("state.json", exported("alice"));
    const text = await inTerminal(80, "list", "--state", state);
    expect(text.split("\n").slice(1)).toEqual([
        "",
        "  PEER   ADDRESS   STATUS  SINCE       UNTIL",
        "  alice  10.8.0.2  active  2026-01-02",
        `    PUBLIC KEY ${KEY}`,
        "",
    ]);
    // Wide enough for all of it.
    expect(await inTerminal(100, "list", "--state", state)).toContain(`2026-01-02         ${KEY}\n`);
});

test.each([40, 60, 80, 120, 200])("no line is wider than %d columns, whatever the names", async (columns) => {
    const state = scratch.write("state.json", exported("alice", LONG, "b"));
    const text = await inTerminal(columns, "list", "--state", state);
    expect(text.split("\n").filter((line) => line.length > Math.max(columns, 58))).toEqual([]);
    expect(text.replace(/\s/g, "")).toContain(KEY);
});

test("reads a state that comes through a pipe", async () => {
    scratch.write("state.json", exported("alice"));
    const pipe = join(scratch.path, "pipe");
    execFileSync("mkfifo", [pipe]);
    const writer = spawn("sh", ["-c", 'exec cat "$1" > "$2"', "cat", join(scratch.path, "state.json"), pipe]);
    const { code, stdout } = await run("list", "--state", pipe, "--json");
    expect([code, stdout]).toEqual([0, expect.stringContaining('"name": "alice"')]);
    writer.kill();
    const command = 'exec "$1" --disable-warning=DEP0180 "$2" list --json --state <(cat "$3")';
    const built = join(__dirname, "../../../dist/cli/main.js");
    const args = ["-c", command, "bash", process.execPath, built, join(scratch.path, "state.json")];
    expect(execFileSync("bash", args, { encoding: "utf8" })).toContain('"name": "alice"');
});
