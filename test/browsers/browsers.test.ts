import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Lab, type LabNode, type Server, type TOPOLOGY } from "../lab/index.js";
import { execute } from "../lab/processes.js";
import { Stack, searchPath } from "../lab/stack.js";
import { withKeys } from "../integration/engine/fixtures.js";

// Chromium and Firefox on a peer's machine, which opens services of a relay through the tunnel.

const [ALICE, BOB] = withKeys("alice", "bob") as [
    ReturnType<typeof withKeys>[number],
    ReturnType<typeof withKeys>[number],
];
const upstream = { peer: "bob", port: 3000 };
const PAGE = "the page behind the relay";

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let alice: LabNode;
let server: Server;
/** What `qp-tunnel ca` hands out, by algorithm: files. */
const authorities: Record<string, string> = {};

beforeAll(async () => {
    lab = await Lab.create("browsers");
    alice = lab.node("alice");
    stack = await Stack.create({
        namespace: lab.node("relay").namespace,
        interface: lab.interface("relay"),
        peers: [ALICE, BOB].map(({ name, publicKey }) => ({ name, publicKey })),
        services: [
            { name: "web", upstream, allow: ["alice"], certificate: "ecdsa-p256", port: 8443 },
            { name: "raw", upstream, allow: ["alice"], certificate: "ed25519", port: 8444 },
            // As a program has it that says nothing of certificates: both kinds.
            { name: "plain", upstream, allow: ["alice"], port: 8445 },
        ],
    });
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    for (const { name, privateKey } of [ALICE, BOB]) {
        await lab.node(name as "alice" | "bob").wgQuickUp(configs[name]!, lab.interface(name), privateKey);
    }
    server = await lab.node("bob").httpServer(3000, PAGE);
    for (const algorithm of ["ecdsa-p256", "ed25519"]) authorities[algorithm] = await handedOut(algorithm);
    writeFileSync(
        join(lab.folder, "hosts"),
        "127.0.0.1 localhost\n10.8.0.1 web.qp-tunnel.internal raw.qp-tunnel.internal plain.qp-tunnel.internal\n",
    );
});

afterAll(async () => {
    await server?.stop();
    lab?.close();
    stack?.close();
});

const WEB = "https://web.qp-tunnel.internal:8443/";
const RAW = "https://raw.qp-tunnel.internal:8444/";
const PLAIN = "https://plain.qp-tunnel.internal:8445/";

describe.each([
    ["Chromium", chromium, "net::ERR_CERT_AUTHORITY_INVALID", "net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH"],
    ["Firefox", firefox, "insecure certificate", "about:neterror?e=nssFailure2"],
])("%s", (_browser, open, untrusted, incompatible) => {
    it("opens a service with a P-256 certificate, with nothing but the authority installed", async () => {
        expect(await open(WEB, "ecdsa-p256")).toMatchObject({ page: expect.stringContaining(PAGE) as string });
    });

    it("opens a service that has both kinds of certificates, as by default, with the authority for P-256 installed", async () => {
        expect(await open(PLAIN, "ecdsa-p256")).toMatchObject({ page: expect.stringContaining(PAGE) as string });
    });

    it("refuses the same service without the authority", async () => {
        const { page = "", error } = await open(WEB);
        expect(page).not.toContain(PAGE);
        expect(error).toContain(untrusted);
    });

    it("refuses a service with an Ed25519 certificate, whatever it trusts", async () => {
        const { page = "", error } = await open(RAW, "ecdsa-p256");
        expect(page).not.toContain(PAGE);
        expect(error).toContain(incompatible);
    });
});

it("their certificate store does not even take an Ed25519 authority", async () => {
    const store = await certificateStore(lab.folder);
    expect((await trust(store, "ed25519")).stderr).toContain("SEC_ERROR_ADDING_CERT");
    expect((await trust(store, "ecdsa-p256")).code).toBe(0);
});

it("what the relay serves is there for others all the same", async () => {
    const { stdout: ca } = await execute(["cat", authorities["ed25519"]!]);
    for (const [name, port] of [
        ["raw", 8444],
        ["plain", 8445],
    ] as const) {
        const request = { address: "10.8.0.1", port, servername: `${name}.qp-tunnel.internal`, ca };
        expect(await alice.https(request)).toMatchObject({ status: 200, body: PAGE });
    }
});

it("both open it as well when the relay makes its certificates itself, with an authority in between", async () => {
    stack.declare({ certificateRenewal: "relay" });
    await stack.up();
    for (const open of [chromium, firefox]) {
        for (const url of [WEB, PLAIN])
            expect(await open(url, "ecdsa-p256")).toMatchObject({ page: expect.stringContaining(PAGE) as string });
        expect((await open(WEB)).page ?? "").not.toContain(PAGE);
    }
    await stack.destroy();
    const { namespace } = lab.node("relay");
    expect(await alice.run(["ip", "netns", "pids", namespace])).toBe("");
});

interface Visit {
    page?: string;
    error?: string;
}

async function chromium(url: string, trusted?: string): Promise<Visit> {
    const home = newFolder("chromium");
    const store = await certificateStore(join(home, ".pki", "nssdb"));
    if (trusted !== undefined) await trust(store, trusted);
    const { stdout, stderr } = await alice.exec(
        [
            ...["env", `HOME=${home}`, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"],
            ...["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
            ...[`--user-data-dir=${join(home, "profile")}`, "--host-resolver-rules=MAP *.qp-tunnel.internal 10.8.0.1"],
            ...["--dump-dom", url],
        ],
        { timeout: 120_000 },
    );
    const [, error] = /Page load failed: (.*)$/m.exec(stderr) ?? [];
    return { page: stdout, ...(error === undefined ? {} : { error }) };
}

async function firefox(url: string, trusted?: string): Promise<Visit> {
    const home = newFolder("firefox");
    const store = await certificateStore(join(home, "profile"));
    if (trusted !== undefined) await trust(store, trusted);
    // Its protocol on any free port, and nobody else's resolver.
    const settings = { "marionette.port": 0, "network.trr.mode": 5, "app.update.enabled": false };
    const lines = Object.entries(settings).map(([name, value]) => `user_pref("${name}", ${String(value)});\n`);
    writeFileSync(join(home, "profile", "user.js"), lines.join(""));
    const visit = [process.execPath, join(__dirname, "firefox.mjs"), join(home, "profile"), url];
    const script = 'mount --bind "$1" /etc/hosts; shift; exec env HOME="$@"';
    const args = ["hosts", join(lab.folder, "hosts"), home, ...visit];
    return JSON.parse(await alice.run(["unshare", "-m", "sh", "-c", script, ...args], { timeout: 120_000 })) as Visit;
}

function newFolder(browser: string): string {
    return mkdtempSync(join(lab.folder, `${browser}-`));
}

/** An empty one, as NSS keeps it. */
async function certificateStore(folder: string): Promise<string> {
    mkdirSync(folder, { recursive: true });
    const { code, stderr } = await execute(["certutil", "-d", `sql:${folder}`, "-N", "--empty-password"]);
    expect([code, stderr]).toEqual([0, ""]);
    return folder;
}

/** As docs/services.md says. */
function trust(store: string, algorithm: string): ReturnType<typeof execute> {
    return execute(["certutil", "-d", `sql:${store}`, "-A", "-t", "C,,", "-n", "relay", "-i", authorities[algorithm]!]);
}

async function handedOut(algorithm: string): Promise<string> {
    const file = join(lab.folder, `${algorithm}.pem`);
    const command = [join(__dirname, "../../dist/cli/main.js"), "ca", "--algorithm", algorithm, "-o", file];
    const env = { ...stack.env, PATH: searchPath() };
    const { code, stderr } = await execute(["env", "-C", stack.folder, process.execPath, ...command], { env });
    if (code !== 0) throw new Error(stderr);
    return file;
}
