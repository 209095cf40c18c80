import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { generateKeyPair } from "../../../../core/keys/index.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { KEYS } from "../../providers/resources/relays.js";

const scratch = scratchFolder();
const KEY = generateKeyPair((length) => new Uint8Array(length).fill(7)).privateKey;
const file = (): string =>
    scratch.write(
        "wg9.conf",
        `[Interface]\nPrivateKey = ${KEY}\nAddress = 10.8.0.1/24\nListenPort = 51820\n[Peer]\nPublicKey = ${KEYS.alice}\nAllowedIPs = 10.8.0.2/32\n`,
    );

it("names its options in its help, with what each is without", async () => {
    const { code, stdout } = await run("import", "--help");
    expect(code).toBe(0);
    const named = [...stdout.matchAll(/^ {2}(--[a-z]+)/gm)].map(([, option]) => option);
    expect(named).toEqual(["--out", "--name", "--host", "--grants", "--interface", "--endpoint", "--json"]);
    expect(stdout.replace(/\s+/g, " ")).toContain('(default: "relay")');
    expect(stdout.replace(/\s+/g, " ")).toContain('(default: "local")');
});

it("hands its options on: what is written is for that relay, on that host, under that name", async () => {
    const out = join(scratch.path, "made");
    const options = [
        "--out",
        out,
        "--name",
        "office",
        "--host",
        "namespace:try",
        "--grants",
        "none",
        "--endpoint",
        "vpn.example.org",
    ];
    const { code, stderr } = await run("import", file(), ...options, "--interface", "wg7");
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("error:")]);
    const program = readFileSync(join(out, "index.ts"), "utf8");
    for (const line of [
        'new Relay("office"',
        'hosts.local({ namespace: "try" })',
        'interface: "wg7"',
        "grants: []",
        "vpn.example.org",
    ])
        expect(program).toContain(line);
});

it.each([
    [["import"], "error: missing required argument 'path'"],
    [["import", "x", "--out"], "error: option '--out <folder>' argument missing"],
    [
        ["import", "/nowhere/wg0.conf"],
        "/nowhere/wg0.conf: does not exist; give a wg-quick file, or the state directory of the shell tool",
    ],
])("%j is wrong usage, and writes nothing", async (words, message) => {
    const { code, stderr } = await run(...words);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync("/nowhere")).toBe(false);
});
