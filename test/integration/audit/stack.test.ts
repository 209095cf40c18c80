/** The auditor's commands on the log of a real relay that the real engine made. */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { generateKeyPair } from "../../../core/keys/index.js";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { leakedKeys } from "../../unit/providers/audit/leaks.js";
import { run } from "../../unit/cli/run.js";

jest.setTimeout(300_000);

const pair = () => generateKeyPair((length) => new Uint8Array(randomBytes(length)));
const team = ["alice", "bob", "carol"].map((name) => ({ name, ...pair() }));
const peers = team.map(({ name, publicKey }) => ({ name, publicKey }));

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let state: string;
let mirror: string;

beforeAll(async () => {
    lab = await Lab.create("auditor");
    relay = lab.node("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        // One whose key is generated, so that a private key is near.
        peers: [...peers, { name: "nas" }],
        services: [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] }],
    });
    state = join(stack.folder, "state.json");
    mirror = join(stack.folder, "mirror.jsonl");
    await stack.up();
    // The engine's process had it; the commands run in this one.
    process.env["XDG_CONFIG_HOME"] = stack.env["XDG_CONFIG_HOME"];
});

afterAll(() => {
    delete process.env["XDG_CONFIG_HOME"];
    lab?.close();
    stack?.close();
});

const audit = (command: string, ...more: string[]) => run("audit", command, stack.logFile, ...more);

async function exportState(): Promise<void> {
    await stack.succeed(["stack", "export", "--file", state]);
}

it("the log, the state and the wire say the same, after the first update and after people came and went", async () => {
    await exportState();
    expect(await audit("verify", "--full", "--state", state)).toMatchObject({ code: 0, stderr: "" });
    expect(await audit("reconcile", "--state", state, "--live")).toEqual({
        code: 0,
        stdout: expect.stringMatching(
            /^\d+ records result in 4 peers and 1 services; the state and the interface agree\n$/,
        ),
        stderr: "",
    });
    expect((await audit("push", "--to", mirror)).code).toBe(0);

    stack.declare({
        peers: [...peers.slice(1), { name: "nas", keyEpoch: 2 }, { name: "dora", publicKey: pair().publicKey }],
        services: [],
    });
    await stack.up();
    await exportState();
    expect((await audit("reconcile", "--state", state, "--live")).stdout).toMatch(
        /^\d+ records result in 4 peers and 0 services; the state and the interface agree\n$/,
    );
    const { stdout } = await audit("export", "--format", "csv");
    const events = stdout.split("\r\n").slice(1, -1);
    expect(events.map((row) => row.split(",").slice(2, 4).join(" ")).sort()).toEqual([
        "added alice",
        "added bob",
        "added carol",
        "added dora",
        "added nas",
        "key rotated nas",
        "removed alice",
    ]);
});

it("a peer on the wire without a record is found, and one that is missing is named", async () => {
    const device = lab.interface("relay");
    const rogue = pair().publicKey;
    await relay.run(["wg", "set", device, "peer", rogue, "allowed-ips", "10.8.0.99/32"]);
    await relay.run(["wg", "set", device, "peer", peers[1]!.publicKey, "remove"]);
    const { code, stdout } = await audit("reconcile", "--state", state, "--live", "--json");
    const { valid, differences } = JSON.parse(stdout) as { valid: boolean; differences: object[] };
    expect([code, valid, differences]).toEqual([
        1,
        false,
        [
            {
                relay: "relay",
                kind: "peer",
                name: "bob",
                problem: "the log added it, the interface does not have its key",
            },
            { relay: "relay", kind: "peer", name: rogue, problem: "the interface has this key, no record added it" },
        ],
    ]);
    await stack.refresh();
    await stack.up();
    await exportState();
    expect((await audit("reconcile", "--state", state, "--live")).code).toBe(0);
});

it("the key is rotated, the engine goes on with the new one, and what was pinned before still holds", async () => {
    const before = join(stack.folder, "before.json");
    renameSync(state, before);
    const rotation = await audit("rotate-key", "--json");
    expect(rotation).toMatchObject({ code: 0, stderr: "" });
    await stack.preview("--expect-no-changes");
    stack.declare({ mtu: 1380 });
    await stack.up();
    await stack.refresh("--expect-no-changes");
    await exportState();
    for (const pinned of [before, state]) {
        expect(await audit("verify", "--full", "--state", pinned)).toMatchObject({ code: 0, stderr: "" });
    }
    const { previous, publicKey } = JSON.parse(rotation.stdout) as Record<string, string>;
    const used = stack.log().map(({ capsule }) => capsule.signed_by);
    expect([...new Set(used)]).toEqual([previous!.slice(0, 16), publicKey!.slice(0, 16)]);
    expect(await audit("prove", "2", "--state", state)).toMatchObject({ code: 0, stderr: "" });
});

it("a fresh machine gets the log from its mirror before it may write", async () => {
    expect((await audit("push", "--to", mirror)).code).toBe(0);
    const log = readFileSync(stack.logFile);
    rmSync(stack.logFile);
    expect(await stack.fail(["preview"])).toContain("it is missing: the log does not exist");
    writeFileSync(mirror, log.subarray(0, log.length / 2));
    expect(await audit("pull", "--from", mirror, "--state", state)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("it is missing: the log ends after"),
    });
    writeFileSync(mirror, log);
    expect((await audit("pull", "--from", mirror, "--state", state)).code).toBe(0);
    await stack.up();
    await exportState();
    expect((await audit("verify", "--state", state)).code).toBe(0);
});

it("no private key stands in the log: neither a peer's, nor the relay's, nor one of the log", async () => {
    const resources = await stack.state();
    const secrets = Object.values(resources).flatMap(({ outputs }) =>
        [outputs?.["privateKey"], outputs?.["seed"]]
            .map((secret) => plain(secret))
            .filter((secret) => secret !== undefined),
    );
    expect(secrets.length).toBeGreaterThan(1);
    const log = readFileSync(stack.logFile, "utf8");
    const publicKeys = [...new Set(log.match(/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=/g) ?? [])];
    expect(publicKeys.length).toBeGreaterThan(4);
    expect(leakedKeys(log, publicKeys)).toEqual([]);
    for (const secret of [...secrets, ...team.map(({ privateKey }) => privateKey)]) expect(log).not.toContain(secret);
});

it("after a destroy the log is whole, and lists no peer", async () => {
    await stack.destroy();
    const { code, stdout } = await audit("verify", "--full", "--checkpoint", `${stack.logFile}.note`);
    expect(stdout).toContain("intact");
    expect(code).toBe(0);
    const { stdout: people } = await audit("export", "--format", "csv");
    const left = new Set<string>();
    for (const row of people.split("\r\n").slice(1, -1)) {
        const [, , event, name = ""] = row.split(",");
        if (event === "former key removed") continue;
        if (event === "removed") left.delete(name);
        else left.add(name);
    }
    expect([...left]).toEqual([]);
});

/** A secret as `stack export --show-secrets` writes it. */
function plain(secret: unknown): string | undefined {
    if (typeof secret === "string") return secret;
    const { plaintext } = (secret ?? {}) as { plaintext?: string };
    return plaintext === undefined ? undefined : (JSON.parse(plaintext) as string);
}
