import { randomBytes, webcrypto } from "node:crypto";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import ts from "typescript";
import { type Issued, createAuthority, issueLeaf } from "../../core/certificates/index.js";
import { renderClientConfig } from "../../core/client/config.js";
import { HostError } from "../../core/errors.js";
import { generateKeyPair } from "../../core/keys/index.js";
import { Lab, type LabNode, type TOPOLOGY, checkPrerequisites, ipv6Of, renderSetconf } from "../lab/index.js";

// The laboratory proves itself: each of its instruments sees what it is there to see, before anything is measured with it.

jest.setTimeout(60_000);

const COMMON = { appName: "qp-tunnel", subnet: "10.8.0.0/24", algorithm: "ecdsa-p256" } as const;

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode, alice: LabNode, bob: LabNode, outside: LabNode;

/** A relay made by hand: forwards everything, filters nothing. */
beforeAll(async () => {
    lab = await Lab.create("selftest");
    [relay, alice, bob, outside] = (["relay", "alice", "bob", "outside"] as const).map((name) => lab.node(name)) as [
        LabNode,
        LabNode,
        LabNode,
        LabNode,
    ];
    const keys = {
        relay: generateKeyPair(randomBytes),
        alice: generateKeyPair(randomBytes),
        bob: generateKeyPair(randomBytes),
    };
    const peer = (name: "alice" | "bob", address: string) => ({
        name,
        publicKey: keys[name].publicKey,
        presharedKey: "",
        allowedIps: [`${address}/32`],
        keepalive: 0,
    });
    await relay.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    await relay.wireGuard({
        interface: lab.interface("relay"),
        config: renderSetconf({
            privateKey: keys.relay.privateKey,
            listenPort: 51820,
            peers: [peer("alice", "10.8.0.2"), peer("bob", "10.8.0.3")],
        }),
        addresses: ["10.8.0.1/24"],
    });
    const config = (peerName: "alice" | "bob", address: string) => ({
        peerName,
        address,
        relayPublicKey: keys.relay.publicKey,
        endpoint: "198.51.100.2:51820",
        allowedIps: ["10.8.0.0/24"],
        keepalive: 25,
        mtu: 1420,
        relayName: "relay",
        appName: "qp-tunnel",
    });
    const generated = renderClientConfig({ ...config("alice", "10.8.0.2"), privateKey: keys.alice.privateKey });
    await alice.wgQuickUp(generated, lab.interface("alice"));
    await bob.wgQuickUp(renderClientConfig(config("bob", "10.8.0.3")), lab.interface("bob"), keys.bob.privateKey);
}, 60_000);

afterAll(() => lab?.close());

test("a client's file works in wg-quick as it is, with a key in it and with a key of its own", async () => {
    // Bob, who has sent nothing yet, is found at once: his file makes him say hello as soon as it has his key.
    expect(await alice.ping("10.8.0.3")).toBe(true);
    expect(await bob.ping("10.8.0.1")).toBe(true);
    expect((await alice.exec(["ip", "-o", "link", "show", lab.interface("alice")])).stdout).toContain("mtu 1420");
});

test("a connection is open, refused, dropped or unreachable, and each is told apart", async () => {
    const server = await bob.httpServer(8080, "hello from bob");
    expect(await alice.tcp("10.8.0.3", 8080)).toBe("open");
    expect(await alice.tcp("10.8.0.3", 8081)).toBe("refused");
    await firewall("tcp dport 8080 drop", async () => expect(await alice.tcp("10.8.0.3", 8080)).toBe("timeout"));
    expect(await alice.tcp("203.0.113.1", 8080)).toBe("unreachable");
    await server.stop();
    expect(await alice.tcp("10.8.0.3", 8080)).toBe("refused");
});

test("the same for UDP, where an answer is the proof", async () => {
    const server = await bob.udpEcho(5353);
    expect(await alice.udp("10.8.0.3", 5353)).toBe("open");
    expect(await alice.udp("10.8.0.3", 5354)).toBe("refused");
    await firewall("udp dport 5353 drop", async () => expect(await alice.udp("10.8.0.3", 5353)).toBe("timeout"));
    expect(server.program.messages).toContainEqual({ from: "10.8.0.2", text: "?" });
    await server.stop();
});

test("an attacker who routes to inside addresses, and forges one, gets in where nothing stops it", async () => {
    const server = await relay.udpEcho(7000, "10.8.0.1");
    await outside.routeTo("10.8.0.0/24", "198.51.100.2");
    expect(await outside.udp("10.8.0.1", 7000)).toBe("open");
    await outside.forge("10.8.0.77/32");
    await outside.udp("10.8.0.1", 7000, { from: "10.8.0.77", timeout: 200 });
    expect(await server.program.next((message) => message["from"] === "10.8.0.77")).toEqual({
        from: "10.8.0.77",
        text: "?",
    });
    expect(await outside.ping(ipv6Of("198.51.100.2"))).toBe(true);
    await server.stop();
});

test("HTTPS tells status, body and what was negotiated, and trusts one authority only", async () => {
    const [trusted, other] = [await authority(), await authority()];
    const leaf = await issueLeaf({
        ...COMMON,
        authority: trusted,
        service: "echo",
        addresses: ["10.8.0.3"],
        now: new Date(),
        crypto: webcrypto,
    });
    const pem = join(lab.folder, "server.pem");
    writeFileSync(pem, leaf.privateKey + leaf.certificate, { mode: 0o600 });
    const server = await bob.httpServer(8443, "hello over TLS", { pem });
    const request = { address: "10.8.0.3", port: 8443, ca: trusted.certificate };

    expect(await alice.https(request)).toEqual({
        status: 200,
        body: "hello over TLS",
        protocol: "TLSv1.3",
        cipher: "TLS_AES_256_GCM_SHA384",
        group: "X25519MLKEM768",
        subject: "DNS:echo.qp-tunnel.internal, IP Address:10.8.0.3",
    });
    expect(await alice.https({ ...request, groups: "X25519" })).toMatchObject({ status: 200, group: "X25519" });
    expect(await alice.https({ ...request, servername: "echo.qp-tunnel.internal" })).toMatchObject({ status: 200 });
    expect(await alice.https({ ...request, servername: "other.qp-tunnel.internal" })).toMatchObject({
        error: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    expect(await alice.https({ ...request, ca: other.certificate })).toMatchObject({
        error: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    });
    expect(await alice.https({ ...request, port: 8444 })).toMatchObject({ error: "ECONNREFUSED" });
    await server.stop();
});

test("a probe counts every datagram of an interruption, and none on a flow beside it", async () => {
    const server = await relay.udpEcho(7001);
    const [disturbed, beside] = [await alice.probe("10.8.0.1", 7001), await bob.probe("10.8.0.1", 7001)];
    await disturbed.passes(200);
    await firewall("ip saddr 10.8.0.2 drop", () => disturbed.passes(400));
    await disturbed.passes(200);
    const [report, control] = [await disturbed.stop(), await beside.stop()];

    expect(control).toMatchObject({ lost: 0, longestGap: 0, outages: [] });
    expect(control.sent).toBeGreaterThan(600);
    expect(report.outages).toEqual([{ first: expect.any(Number), lost: report.lost, milliseconds: report.longestGap }]);
    // Progress is told every 50 datagrams, so that many may have left before the firewall closed.
    expect(report.lost).toBeGreaterThanOrEqual(300);
    expect(report.sent - report.lost).toBeGreaterThanOrEqual(300);
    expect(report.longestGap).toBeGreaterThanOrEqual(report.lost * 2 * 0.9);
    await server.stop();
});

test("a probe that is not answered says so", async () => {
    await expect(alice.probe("10.8.0.99", 7001)).rejects.toThrow("no answer from 10.8.0.99 port 7001 within 3 s");
});

test("what a laboratory needs and does not find is named, all of it at once", () => {
    const path = process.env["PATH"];
    process.env["PATH"] = lab.folder;
    try {
        expect(() => checkPrerequisites()).toThrow(
            new HostError(
                "laboratory",
                "ip, nft, wg, wg-quick, ping, bash, sysctl, wireguard-go not found on PATH",
                "install what is missing: apt-get install --no-install-recommends " +
                    "iproute2 nftables wireguard-tools iputils-ping bash procps wireguard-go",
            ),
        );
    } finally {
        process.env["PATH"] = path;
    }
});

describe("nothing is left", () => {
    test("when a laboratory is closed", async () => {
        const short = await Lab.create("short", { one: { wan: "198.51.100.1" }, two: { wan: "198.51.100.2" } });
        const name = short.interface("one");
        await short.node("one").wireGuard({
            interface: name,
            config: renderSetconf({
                privateKey: generateKeyPair(randomBytes).privateKey,
                listenPort: 51820,
                peers: [],
            }),
            addresses: ["10.8.0.1/24"],
        });
        await short.node("two").httpServer(80, "left running");
        expect(traces("short")).not.toEqual([]);
        short.close();
        expect(traces("short")).toEqual([]);
        expect(existsSync(short.folder)).toBe(false);
        expect(existsSync(`/var/run/wireguard/${name}.sock`)).toBe(false);
        short.close();
    });

    test("when its process is killed", async () => {
        const child = runElsewhere(`
            const { Lab } = require("./test/lab/index.js");
            Lab.create("orphan", { one: { wan: "198.51.100.1" } }).then(async (lab) => {
                await lab.node("one").httpServer(80, "left running");
                console.log(lab.folder);
            });
        `);
        const folder = await firstLine(child);
        expect(traces("orphan")).not.toEqual([]);
        child.kill("SIGKILL");
        await eventually(() => traces("orphan").length === 0 && !existsSync(folder));
    });
});

/** While `during` runs, the relay drops what matches. */
async function firewall(rule: string, during: () => Promise<void>): Promise<void> {
    const chain = (hook: string) => `chain ${hook} { type filter hook ${hook} priority 0; ${rule}; }\n`;
    const table = `table inet selftest {\n${chain("forward")}${chain("input")}}\n`;
    await relay.run(["nft", "-f", "-"], { input: table });
    try {
        await during();
    } finally {
        await relay.run(["nft", "delete", "table", "inet", "selftest"]);
    }
}

async function authority(): Promise<Issued> {
    return createAuthority({ ...COMMON, now: new Date(), crypto: webcrypto });
}

/** Namespaces of a laboratory of this label, and processes that run a program of the laboratory in one. */
function traces(label: string): string[] {
    const namespaces = execFileSync("ip", ["netns", "list"], { encoding: "utf8" }).split("\n");
    return namespaces.filter((line) => new RegExp(`^qplab\\d+x\\d+${label}-`).test(line));
}

/** Runs a script against the laboratory in a process of its own, which then may be killed. */
function runElsewhere(script: string): ChildProcess {
    const root = join(__dirname, "../..");
    const copy = join(lab.folder, "elsewhere");
    const sources = readdirSync(join(root, "test/lab"), { recursive: true, encoding: "utf8" }).map(
        (file) => `test/lab/${file}`,
    );
    for (const file of [...sources.filter((file) => /\.(ts|mjs|sh)$/.test(file)), "core/errors.ts", "core/fault.ts"]) {
        const text = readFileSync(join(root, file), "utf8");
        const target = join(copy, file.replace(/\.ts$/, ".js"));
        mkdirSync(dirname(target), { recursive: true });
        const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
        writeFileSync(target, file.endsWith(".ts") ? ts.transpileModule(text, { compilerOptions }).outputText : text);
    }
    return spawn(process.execPath, ["-e", script], { cwd: copy, stdio: ["ignore", "pipe", "inherit"] });
}

async function firstLine(child: ChildProcess): Promise<string> {
    for await (const line of createInterface(child.stdout!)) return line;
    throw new Error("it ended without a word");
}

async function eventually(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 50));
}
