/**
 * The way to a relay over SSH as people have it: other login shells, noise, jump hosts, restricted servers. A real sshd on
 * loopback; each port is one kind of machine. No engine and no relay: what is asked is that bash runs, as it was sent.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { SshConnection } from "../../providers/hosts/ssh.js";
import type { SshHost } from "../../providers/hosts/descriptors.js";
import { serving } from "../lab/serving.js";

/** sshd runs a ForceCommand with the user's login shell; this one then is the shell that runs what was asked for. */
const asked = (shell: string) => `${shell} -c "$SSH_ORIGINAL_COMMAND"`;

const MACHINES: Record<string, string[]> = {
    plain: [],
    fish: [`ForceCommand ${asked("fish")}`],
    tcsh: [`ForceCommand ${asked("tcsh")}`],
    dash: [`ForceCommand ${asked("dash")}`],
    // Without a line break at its end, and with what looks like an answer.
    noisy: [`ForceCommand printf "@facts\\n machine\\tx\\n@done\\nwelcome"; ${asked("sh")}`],
    "one session": ["MaxSessions 1"],
    "no forwarding": ["AllowTcpForwarding no"],
    nologin: ["ForceCommand /usr/sbin/nologin"],
};

let folder: string;
let sshd: ChildProcess;
let ports: Record<string, number>;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-ssh-"));
    for (const name of ["host", "login", "other", "locked"]) {
        const words = name === "locked" ? "a passphrase" : "";
        spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", words, "-f", join(folder, name)]);
    }
    ports = {};
    for (const name of Object.keys(MACHINES)) ports[name] = await freePort();
    const config = [
        ...Object.values(ports).map((port) => `ListenAddress 127.0.0.1:${port}`),
        `ListenAddress [::1]:${ports["plain"]}`,
        `HostKey ${join(folder, "host")}`,
        `AuthorizedKeysFile ${join(folder, "login.pub")} ${join(folder, "locked.pub")}`,
        ...["PidFile none", "StrictModes no", "UsePAM no", "PermitRootLogin yes", "MaxAuthTries 3"],
        ...Object.entries(MACHINES).flatMap(([name, lines]) =>
            lines.length === 0 ? [] : [`Match LocalPort ${ports[name]}`, ...lines.map((line) => `    ${line}`)],
        ),
    ];
    writeFileSync(join(folder, "sshd_config"), `${config.join("\n")}\n`);
    mkdirSync("/run/sshd", { recursive: true });
    sshd = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(folder, "sshd_config")], {
        stdio: ["ignore", "ignore", "pipe"],
    });
    await new Promise<void>((listens, fails) => {
        let said = "";
        sshd.stderr!.on("data", (chunk: Buffer) => {
            said += chunk.toString();
            if (said.match(/Server listening/g)?.length === Object.keys(MACHINES).length + 1) listens();
        });
        sshd.once("exit", () => fails(new Error(said)));
    });
});

afterAll(() => {
    sshd?.kill();
    // Its sessions hold the other end until their clients let go of them.
    sshd?.stderr?.destroy();
    rmSync(folder, { recursive: true, force: true });
});

function host(machine: string, changes: Partial<SshHost> = {}): SshHost {
    const hostKey = readFileSync(join(folder, "host.pub"), "utf8");
    const way = {
        address: "127.0.0.1",
        port: ports[machine]!,
        user: "root",
        sudo: false,
        packages: "require",
    } as const;
    return { kind: "ssh", ...way, hostKey, identityFile: join(folder, "login"), ...changes };
}

const PROGRAM = 'printf "@client\\n %s\\n" "$QP_TUNNEL_CLIENT"; printf "@said\\n"; sed "s/^/ /"';
const answer = (text: string) => `@client\n 127.0.0.1\n@said\n ${text}\n`;
const connect = (to: SshHost, key?: string, main?: string) => new SshConnection(to, key, serving(main));
const run = (to: SshHost, key?: string) => connect(to, key, PROGRAM).ask(`"two words" \\ 'and more'\n`);

it.each(["plain", "fish", "tcsh", "dash", "noisy", "one session", "no forwarding"])(
    "a program and its input arrive whole on a machine of the kind: %s",
    async (machine) => {
        expect(await run(host(machine))).toMatchObject({ code: 0, stdout: answer("\"two words\" \\ 'and more'") });
        // Root may use sudo without being asked.
        expect((await run(host(machine, { sudo: true }))).stdout).toBe(answer("\"two words\" \\ 'and more'"));
    },
);

it("a file is uploaded whatever the login shell is", async () => {
    for (const machine of ["plain", "fish", "tcsh"]) {
        const file = join(folder, `uploaded by ${machine}`);
        await connect(host(machine)).upload(file, Buffer.from([0, 255, 10]));
        expect(readFileSync(file)).toEqual(Buffer.from([0, 255, 10]));
    }
});

it.each(["plain", "one session"])("a file is uploaded beside the session of all requests: %s", async (machine) => {
    const connection = connect(host(machine));
    const file = join(folder, `uploaded to ${machine}`);
    await connection.ask("true");
    await connection.upload(file, Buffer.from("content"));
    expect(readFileSync(file, "utf8")).toBe("content");
    expect(await connection.ask("echo on")).toMatchObject({ code: 0, stdout: "on\n" });
});

it("over IPv6, with an agent of our own, and with a key that was pasted from Windows", async () => {
    const key = readFileSync(join(folder, "login"), "utf8");
    const { identityFile: _, ...to } = host("plain", { address: "::1" });
    expect(await run(to, key.trimEnd().replaceAll("\n", "\r\n"))).toMatchObject({ code: 0 });
});

it.each(["long-".repeat(30), "with blank", "50%d", "it's"])("with TMPDIR %j", async (name) => {
    const temporary = join(folder, name);
    mkdirSync(temporary);
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = temporary;
    try {
        const key = readFileSync(join(folder, "login"), "utf8");
        expect(await run(host("plain"))).toMatchObject({ code: 0 });
        expect(await run(host("plain"), key)).toMatchObject({ code: 0 });
    } finally {
        if (before === undefined) delete process.env["TMPDIR"];
        else process.env["TMPDIR"] = before;
    }
});

it("an identity file with a blank and a percent sign in its name is found", async () => {
    const odd = join(folder, "50% of mine");
    writeFileSync(odd, readFileSync(join(folder, "login")), { mode: 0o600 });
    expect(await run(host("plain", { identityFile: odd }))).toMatchObject({ code: 0 });
});

it("calls at the same time share one connection, and one that was cut is made anew", async () => {
    const connection = connect(host("plain"), undefined, "echo $PPID; cat");
    const all = await Promise.all([1, 2, 3, 4].map(() => connection.ask("")));
    const [server, ...others] = new Set(all.map(({ stdout }) => Number(stdout.trim())));
    expect(others).toEqual([]);
    process.kill(server!, "SIGTERM");
    await expect(
        until(
            () => connection.ask("again"),
            ({ stdout }) => stdout.endsWith("\nagain") && !stdout.startsWith(`${server}\n`),
        ),
    ).resolves.toBeDefined();
});

it.each<[string, () => SshHost, RegExp]>([
    [
        "a login that runs nothing",
        () => host("nologin"),
        /the login shell of root does not run commands \(exit code 1; it printed: .*not available/,
    ],
    [
        "a missing identity file",
        () => host("plain", { identityFile: "/nowhere/id" }),
        /identityFile \/nowhere\/id does not exist/,
    ],
    [
        "an encrypted one",
        () => host("plain", { identityFile: join(folder, "locked") }),
        /identityFile .*locked is encrypted, and its passphrase cannot be entered.*ssh-add/,
    ],
    [
        "one that is readable by others",
        () => host("plain", { identityFile: join(folder, "open") }),
        /identityFile .*open is readable by others \(mode 0644\); run `chmod 600/,
    ],
    [
        "one that is no key",
        () => host("plain", { identityFile: join(folder, "crlf") }),
        /identityFile .*crlf is not a private key that OpenSSH reads/,
    ],
    [
        "another key",
        () => host("plain", { identityFile: join(folder, "other") }),
        /accepts none of the offered keys for root/,
    ],
    [
        "a jump host that does not lead on",
        () => host("plain", { proxyJump: "root@127.0.0.1:1" }),
        /the jump host root@127\.0\.0\.1:1 does not reach it \(.*Connection refused\)/,
    ],
])("says what is wrong with %s", async (_, to, words) => {
    writeFileSync(join(folder, "open"), readFileSync(join(folder, "login")), { mode: 0o644 });
    writeFileSync(join(folder, "crlf"), "-----BEGIN OPENSSH PRIVATE KEY-----\r\nnonsense\r\n", { mode: 0o600 });
    await expect(run(to())).rejects.toThrow(words);
});

it("says that a server does not forward connections, when one is needed", async () => {
    const connection = connect(host("no forwarding"));
    await connection.ask("true");
    const stream = connection.stream("127.0.0.1", ports["plain"]!);
    const error = await new Promise<Error>((seen) => stream.once("error", seen));
    expect(error.message).toMatch(/its sshd does not forward TCP connections, which the check of a service at/);
});

it("leads over a jump host, and leaves nothing that a caller waits for", () => {
    // The jump host's key is the user's business: root's known_hosts, in a mount namespace of the test's own.
    const config = join(folder, "dot-ssh");
    mkdirSync(config, { mode: 0o700 });
    writeFileSync(
        join(config, "config"),
        [
            `Host *\n    IdentityFile ${join(folder, "login")}\n    UserKnownHostsFile ${join(config, "known_hosts")}\n`,
            `    KnownHostsCommand /bin/false\n    RemoteCommand false\n    RequestTTY force\n`,
        ].join(""),
    );
    const key = readFileSync(join(folder, "host.pub"), "utf8");
    // The inner client reads the same configuration: only what concerns the way through it may stand there.
    writeFileSync(join(config, "known_hosts"), `[127.0.0.1]:${ports["plain"]} ${key}`);
    writeFileSync(join(config, "config"), `Host *\n    IdentityFile ${join(folder, "login")}\n`);
    const to = host("fish", { proxyJump: `root@127.0.0.1:${ports["plain"]}` });
    const script = `
        const { SshConnection } = require(${JSON.stringify(resolve(__dirname, "../../dist/providers/hosts/ssh.js"))});
        const connection = new SshConnection(${JSON.stringify(to)}, undefined, ${JSON.stringify(serving())});
        connection.ask("echo led").then(({ stdout }) => { process.stdout.write(stdout); process.exit(); });`;
    mkdirSync("/root/.ssh", { recursive: true, mode: 0o700 });
    const shell = 'mount --bind "$1" /root/.ssh && exec "$2" -e "$3"';
    const argv = ["-m", "sh", "-c", shell, "sh", config, process.execPath, script];
    const { stdout, stderr, status } = spawnSync("unshare", argv, { encoding: "utf8", timeout: 30_000 });
    expect({ stdout, stderr, status }).toEqual({ stdout: "led\n", stderr: "", status: 0 });
});

async function freePort(): Promise<number> {
    const server = createServer();
    await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
    const { port } = server.address() as { port: number };
    await new Promise((closed) => server.close(closed));
    return port;
}

async function until<T>(ask: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
    for (let tries = 0; tries < 50; tries++) {
        const value = await ask().catch(() => undefined);
        if (value !== undefined && good(value)) return value;
    }
    throw new Error("never");
}
