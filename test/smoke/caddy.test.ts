import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect } from "node:tls";

// The Caddy of tools/caddy, as the toolchain puts it on PATH, without anything of the library around it.

let scratch: string;
let port: number;
let caddy: ChildProcess;

beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "qptunnel-caddy-"));
    const [key, certificate] = [join(scratch, "key.pem"), join(scratch, "certificate.pem")];
    const subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
    const request = ["req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "1", ...subject];
    execFileSync("openssl", [...request, "-keyout", key, "-out", certificate], { stdio: "pipe" });
    port = await freePort();
    const server = {
        listen: [`127.0.0.1:${port}`],
        protocols: ["h1", "h2"],
        automatic_https: { disable: true },
        tls_connection_policies: [{ protocol_min: "tls1.3" }],
    };
    writeFileSync(
        join(scratch, "caddy.json"),
        JSON.stringify({
            admin: { disabled: true },
            apps: {
                http: { servers: { only: server } },
                tls: { certificates: { load_files: [{ certificate, key }] } },
            },
        }),
    );
    caddy = spawn("caddy", ["run", "--config", join(scratch, "caddy.json")], {
        env: { ...process.env, XDG_DATA_HOME: scratch, XDG_CONFIG_HOME: scratch },
        stdio: ["ignore", "ignore", "pipe"],
    });
    await serving();
});

afterAll(async () => {
    const gone = once(caddy, "exit");
    caddy.kill();
    await gone;
    rmSync(scratch, { recursive: true });
});

test("a client that offers everything gets the hybrid group and AES-256", async () => {
    expect(await handshake({})).toEqual({ group: "X25519MLKEM768", cipher: "TLS_AES_256_GCM_SHA384" });
});

test("a client that prefers AES-128 gets AES-256 all the same", async () => {
    expect(await handshake({ ciphers: "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384" })).toEqual({
        group: "X25519MLKEM768",
        cipher: "TLS_AES_256_GCM_SHA384",
    });
});

test.each(["TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"])(
    "a client with only %s is refused",
    async (only) => {
        await expect(handshake({ ciphers: only })).rejects.toMatchObject({
            code: "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
        });
    },
);

/** Waits for the line Caddy writes once it listens; what it wrote instead is the error. */
async function serving(): Promise<void> {
    let log = "";
    await new Promise<void>((started, failed) => {
        caddy.once("exit", () => failed(new Error(log)));
        caddy.stderr!.on("data", (text) => {
            log += text;
            if (log.includes("serving initial configuration")) started();
        });
    });
}

async function handshake(options: ConnectionOptions): Promise<{ group: string; cipher: string }> {
    const ca = readFileSync(join(scratch, "certificate.pem"));
    const socket = connect({ host: "127.0.0.1", port, ca, ...options });
    try {
        await once(socket, "secureConnect");
        const { name } = socket.getEphemeralKeyInfo() as { name: string };
        return { group: name, cipher: socket.getCipher().name };
    } finally {
        socket.destroy();
    }
}

async function freePort(): Promise<number> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port: free } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return free;
}
