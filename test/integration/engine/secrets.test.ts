import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";

jest.setTimeout(300_000);

const BROUGHT = Buffer.alloc(32, "carol's own").toString("base64");

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
/** All that the engine printed. */
let said = "";
/** Arguments and environment of whatever ran: as /proc showed them, and as the programs of an apply were given them. */
const ran = new Set<string>();
/** Work folders and files in them that others than root could have opened. */
const open = new Set<string>();
/** Every work folder that was seen. */
const worked = new Set<string>();
/** Every secret there was, by what it is. */
const secrets = new Map<string, string>();
let marker: string;

beforeAll(async () => {
    lab = await Lab.create("secrets");
    relay = lab.node("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers: [{ name: "alice" }, { name: "bob" }, { name: "carol", presharedKey: { secret: BROUGHT } }],
        services: [
            { name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] },
            { name: "wiki", upstream: "198.51.100.66:80", certificate: "ecdsa-p256", allow: "everyone" },
        ],
    });
    marker = join(lab.folder, "marker");
    writeFileSync(marker, "");
    const record = join(lab.folder, "ran");
    for (const program of ["bash", "wg", "nft", "ip", "curl", "caddy", "wireguard-go", "awk", "nsenter", "unshare"])
        stack.interpose(program, `{ echo "$0" "$@"; tr '\\0' '\\n' < /proc/$$/environ; } >> ${record}`);
    const watching = setInterval(watch, 20);
    try {
        await run("preview", "--diff");
        await run("preview", "--json");
        await run("up", "--yes", "--skip-preview");
        await collect("first");
        await relay.run(["wg", "set", stack.declared.interface, "peer", await firstPeer(), "remove"]);
        stack.declare({
            mtu: 1400,
            peers: [{ name: "alice", keyEpoch: 2 }, { name: "bob" }, stack.declared.peers[2]!],
        });
        await run("refresh", "--yes", "--diff");
        await run("preview", "--diff");
        await run("preview", "--json");
        await run("up", "--yes", "--skip-preview", "--diff");
        await collect("second");
    } finally {
        clearInterval(watching);
    }
    ran.add(readFileSync(record, "utf8"));
    stack.restore();
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("knows what it looks for", () => {
    const kinds = new Set([...secrets.keys()].map((name) => name.replace(/^(first|second) /, "")));
    expect([...kinds].sort()).toStrictEqual([
        "certificate key notes",
        "certificate key notes.p256",
        "certificate key wiki",
        "log's key",
        // Alice's next key has no address before its first handshake.
        "preshared key (none)",
        "preshared key 10.8.0.2/32",
        "preshared key 10.8.0.3/32",
        "preshared key 10.8.0.4/32",
        "private key alice-key",
        "private key bob-key",
        "private key carol-key",
        "private key relay-ca",
        "private key relay-ca-ecdsa-p256",
        "private key relay-key",
        "seed relay-seed",
    ]);
    expect(secrets.get("first private key alice-key")).not.toBe(secrets.get("second private key alice-key"));
    expect([...secrets.values()]).toContain(BROUGHT);
    expect(found(`a line with ${secrets.get("second private key alice-key")} in it`)).toStrictEqual([
        "second private key alice-key",
    ]);
});

it("prints none, previewing, applying or refreshing", () => {
    expect(said).toMatch(/alice gets a new key/);
    expect(found(said)).toStrictEqual([]);
});

it("gives none to a program as argument or environment", () => {
    const all = [...ran].join("\n");
    expect(all).toMatch(/\/wg addconf /);
    expect(all).toMatch(/XDG_CONFIG_HOME=/);
    expect(found(all)).toStrictEqual([]);
});

it("writes none into the log, or in the open into the state", async () => {
    expect(found(readFileSync(stack.logFile, "utf8"))).toStrictEqual([]);
    expect(found((await stack.succeed(["stack", "export"])).stdout)).toStrictEqual([]);
});

it("leaves none in a file, but in root's own on the relay and in the key file of the log", async () => {
    const patterns = join(lab.folder, "patterns");
    writeFileSync(patterns, [...secrets.values()].join("\n"), { mode: 0o600 });
    const search = `find /tmp /var/tmp /run /dev/shm ${stack.place("etc")} -xdev -type f -newer ${marker} -print0 2>/dev/null | xargs -0 grep -lF -f ${patterns} 2>/dev/null`;
    const files = (await relay.exec(["bash", "-c", search])).stdout.trim().split("\n");
    const ours = files.filter((file) => !file.startsWith(lab.folder) && file !== join(stack.folder, "program.json"));
    const known = [
        join(stack.folder, "config/pulumi-qp-tunnel/keys/lab/dev.key"),
        join(stack.place("etc"), "peers"),
        join(stack.place("etc"), `key.${stack.declared.interface}`),
        ...readdirSync(join(stack.place("etc"), "certs"))
            .filter((name) => name.endsWith(".key"))
            .map((name) => join(stack.place("etc"), "certs", name)),
    ];
    expect(ours.sort()).toStrictEqual(known.sort());
    expect(known.filter((file) => (statSync(file).mode & 0o077) !== 0)).toStrictEqual([]);
    expect([worked.size > 0, ...open]).toStrictEqual([true]);
});

it("hides one that a tool quotes in its complaint", async () => {
    stack.interpose(
        "wg",
        `[ "$1" != addconf ] || { echo "Key is not the correct length or format: '$(sed -n 's/^PresharedKey = //p' "$3" | head -n 1)'" >&2; exit 1; }`,
    );
    stack.declare({ peers: [{ name: "alice", keyEpoch: 3 }, { name: "bob" }, stack.declared.peers[2]!] });
    const text = await stack.fail(["up", "--yes", "--skip-preview"]);
    await collect("third");
    expect(text).toContain("Key is not the correct length or format");
    expect(found(text)).toStrictEqual([]);
    expect(found(readFileSync(stack.logFile, "utf8"))).toStrictEqual([]);
    stack.restore();
    await stack.up();
});

it("keeps a private key until its owner has it, and nothing of a removed peer", async () => {
    const [, bob, carol] = stack.declared.peers;
    const device = stack.declared.interface;
    const alice = { name: "alice", keyEpoch: 3, handedOut: true };
    await collect("last");
    const config = async (): Promise<string> =>
        (await stack.outputs<{ configs: Record<string, string> }>()).configs["alice"]!;
    const exported = async (): Promise<string[]> =>
        found((await stack.succeed(["stack", "export", "--show-secrets"])).stdout);
    const hers = ["last private key alice-key", "third private key alice-key"];
    expect(await exported()).toEqual(expect.arrayContaining(hers));
    expect(await config()).toContain(secrets.get("last private key alice-key"));
    const wire = async (): Promise<string[]> => (await relay.run(["wg", "show", device, "dump"])).split("\n").sort();
    const before = await wire();

    stack.declare({ peers: [alice, bob!, carol!] });
    const { steps, words } = await stack.plan();
    expect(Object.keys(steps)).toStrictEqual(["alice", "alice-key"]);
    expect(words["alice-key"]).toStrictEqual([
        "alice: its private key is removed from the state and stays only in the file that was handed out; nothing changes on a relay",
    ]);
    await stack.up();
    for (const name of hers) expect(await exported()).not.toContain(name);
    expect(await config()).not.toMatch(/^PrivateKey/m);
    expect(await config()).toContain("The private key was in an earlier file");
    expect(await wire()).toStrictEqual(before);
    await stack.preview("--expect-no-changes");

    stack.declare({ peers: [{ name: "alice", keyEpoch: 3 }, bob!, carol!] });
    expect(await stack.fail(["preview"])).toContain(
        "only its owner has it; keep it true, or raise keyEpoch for a new key",
    );

    const gone = ["last private key carol-key", "last preshared key 10.8.0.4/32"];
    expect(await exported()).toEqual(expect.arrayContaining(gone));
    stack.declare({ peers: [alice, bob!] });
    await stack.up();
    for (const name of gone) expect(await exported()).not.toContain(name);
    const { registry } = (await stack.state())["relay-wireguard"]!.outputs as { registry: Record<string, object> };
    expect(registry["carol"]).toStrictEqual({
        ...{ address: "10.8.0.4", status: "revoked", by: expect.any(String) },
        ...{ since: expect.any(String), revokedAt: expect.any(String) },
        ...{ publicKey: expect.any(String), fingerprint: expect.any(String) },
    });
});

async function run(...args: string[]): Promise<void> {
    const { code, text } = await stack.run(args);
    said += text;
    if (code !== 0) throw new Error(text);
}

function watch(): void {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        for (const file of ["cmdline", "environ"]) {
            const text = contentOf(`/proc/${pid}/${file}`);
            // This test's own process has what it looks for.
            if (text !== "" && pid !== String(process.pid)) ran.add(text);
        }
    }
    for (const folder of readdirSync("/run").filter((name) => name.startsWith("qp-tunnel.work."))) {
        worked.add(folder);
        if (modeOf(`/run/${folder}`) & 0o077) open.add(folder);
    }
}

/** Empty when it is gone by now. */
function contentOf(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return "";
    }
}

function modeOf(file: string): number {
    return statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
}

async function firstPeer(): Promise<string> {
    return (await relay.run(["wg", "show", stack.declared.interface, "peers"])).split("\n")[0]!;
}

/** From the state, the wire, the relay's files and the operator's. */
async function collect(when: string): Promise<void> {
    const keep = (what: string, secret: string): unknown => secrets.set(`${when} ${what}`, secret);
    for (const [name, { outputs }] of Object.entries(await stack.state())) {
        const { privateKey, seed } = (outputs ?? {}) as { privateKey?: string; seed?: string };
        if (privateKey !== undefined) keep(`private key ${name}`, bodyOf(privateKey));
        if (seed !== undefined) keep(`seed ${name}`, seed);
    }
    const device = stack.declared.interface;
    for (const line of (await relay.run(["wg", "show", device, "dump"])).trim().split("\n").slice(1)) {
        const [, presharedKey, , address] = line.split("\t") as [string, string, string, string];
        keep(`preshared key ${address}`, presharedKey);
    }
    const certs = join(stack.place("etc"), "certs");
    for (const name of readdirSync(certs).filter((file) => file.endsWith(".key")))
        keep(`certificate key ${name.split("-")[0]}`, bodyOf(readFileSync(join(certs, name), "utf8")));
    keep("log's key", readFileSync(join(stack.folder, "config/pulumi-qp-tunnel/keys/lab/dev.key"), "utf8").trim());
}

/** What of a key would be recognized anywhere: of a PEM its first line, in which the key begins. */
function bodyOf(key: string): string {
    return /-----\n([^\n]+)\n/.exec(key)?.[1] ?? key;
}

function found(text: string): string[] {
    return [...secrets]
        .filter(([, secret]) => text.includes(secret))
        .map(([name]) => name)
        .sort();
}
