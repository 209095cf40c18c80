/**
 * The ways to a relay that people have: their login shells, their ssh_config, their keys and agents, their servers and
 * firewalls. Through each of them go the questions and one real change of the relay's program, from a machine of its own with
 * the system's OpenSSH client. Each works, or says in one sentence what is in the way and what to do.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Lab, ipv6Of, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { execute } from "../../lab/processes.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";

jest.setTimeout(120_000);

const DIST = join(__dirname, "../../../dist/providers/hosts");

/** Servers by name, each on a port of its own. */
const SERVERS: Record<string, string[]> = {
    plain: [],
    "one session": ["MaxSessions 1"],
    environment: ["AcceptEnv *"],
    "forced command": ["ForceCommand /bin/echo backups only"],
    chroot: ["ChrootDirectory /run/sshd"],
    "few tries": ["MaxAuthTries 2"],
    limited: [],
    certificate: [],
    busybox: [],
};

/** Users of the relay's machine, all with root's number but those for sudo: name, number, login shell, their rc file. */
const USERS: [name: string, number: number, shell: string, rc?: [file: string, text: string]][] = [
    ["fishy", 0, "/usr/bin/fish"],
    ["tcshy", 0, "/usr/bin/tcsh", [".cshrc", 'echo -n "welcome from tcsh"\n']],
    ["noisy", 0, "/bin/bash", [".bashrc", 'printf "@facts\\n machine\\tx\\n@done\\nwelcome, no line break here"\n']],
    ["nobodyhome", 0, "/usr/sbin/nologin"],
    ["admin", 4242, "/bin/bash"],
    ["asked", 4243, "/bin/bash"],
    ["ttyonly", 4244, "/usr/bin/fish"],
];
const SUDOERS = [
    'Defaults secure_path="/usr/sbin:/usr/bin:/sbin:/bin"',
    "admin ALL=(ALL) NOPASSWD: ALL",
    "asked ALL=(ALL) ALL",
    "Defaults:ttyonly requiretty",
    "ttyonly ALL=(ALL) NOPASSWD: ALL",
];

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode, operator: LabNode;
let sshd: Sshd;
let ports: Record<string, number>;
let device: string;
let home: string;

beforeAll(async () => {
    lab = await Lab.create("worlds");
    [relay, operator] = [lab.node("relay"), lab.node("outside")];
    device = lab.interface("relay");
    home = lab.folder;
    // Users other than root reach their home below it.
    chmodSync(home, 0o711);
    const enter = [...accounts(), "--"];
    ports = {};
    let port = 2200;
    await key("user-ca");
    for (const [name, lines] of Object.entries(SERVERS)) {
        ports[name] = ++port;
        const settings = [
            ...lines,
            "AuthorizedKeysCommandUser root",
            `AuthorizedKeysCommand /usr/bin/cat ${home}/authorized`,
        ];
        if (name === "certificate") settings.push(`HostCertificate ${home}/host-cert.pub`);
        if (name === "busybox")
            settings.unshift(
                `SetEnv PATH=${await busybox()}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
            );
        if (name === "certificate")
            await run([
                "ssh-keygen",
                "-q",
                "-s",
                join(home, "user-ca"),
                "-I",
                "relay",
                "-h",
                "-n",
                "relay",
                join(home, "host.pub"),
            ]);
        sshd = await startSshd(relay, home, { port, settings, prefix: enter });
    }
    await startSshd(lab.node("bob"), home, { port: 22 });
    for (const name of ["a", "b", "c"]) await key(name);
    await key("locked", "a passphrase");
    copy("open", 0o644);
    writeFileSync(join(home, "crlf"), readFileSync(sshd.identityFile, "utf8").replaceAll("\n", "\r\n"), {
        mode: 0o600,
    });
    const authorized = ["login", "locked"].map((name) => readFileSync(join(home, `${name}.pub`), "utf8"));
    writeFileSync(join(home, "authorized"), authorized.join(""));
    // As ufw's `limit` does: six new connections in half a minute.
    const limit = `tcp dport ${ports["limited"]} ct state new limit rate over 12/minute burst 5 packets reject with tcp reset`;
    await relay.run([
        "nft",
        `add table ip limited; add chain ip limited in { type filter hook input priority -10; }; add rule ip limited in ${limit}`,
    ]);
});

afterAll(() => lab?.close());

/** The accounts and sudo's rules, mounted for this server and its sessions alone. */
function accounts(): string[] {
    const lines = USERS.map(([name, number, shell, rc]) => {
        const folder = join(home, `home-${name}`);
        mkdirSync(folder, { recursive: true });
        if (rc !== undefined) writeFileSync(join(folder, rc[0]), rc[1]);
        return `${name}:x:${number}:${number}::${folder}:${shell}\n`;
    });
    const files = {
        passwd: readFileSync("/etc/passwd", "utf8") + lines.join(""),
        shadow: readFileSync("/etc/shadow", "utf8") + USERS.map(([name]) => `${name}:*:19000:0:99999:7:::\n`).join(""),
        sudoers: `${SUDOERS.join("\n")}\n`,
    };
    for (const [name, text] of Object.entries(files))
        writeFileSync(join(home, name), text, { mode: name === "passwd" ? 0o644 : 0o440 });
    const mounts = Object.keys(files).map((name) => `mount --bind ${home}/${name} /etc/${name}`);
    return ["sh", "-c", `${mounts.join(" && ")} && shift && exec "$@"`, "sh"];
}

/** Every tool of busybox that a small system has before others, but for shells and `ip`, which WireGuard needs whole. */
async function busybox(): Promise<string> {
    const folder = join(home, "busybox");
    mkdirSync(folder);
    const applets = (await run(["busybox", "--list"])).trim().split("\n");
    for (const name of applets.filter((applet) => !/^(?:\[\[?|(?:ba|a|hu)?sh|ip\w*|su|login|busybox)$/.test(applet)))
        symlinkSync("/bin/busybox", join(folder, name));
    return folder;
}

async function run(argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await execute(argv);
    if (code !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
    return stdout;
}

async function key(name: string, passphrase = ""): Promise<void> {
    await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", join(home, name)]);
}

function copy(name: string, mode: number): void {
    writeFileSync(join(home, name), readFileSync(sshd.identityFile), { mode });
    chmodSync(join(home, name), mode);
}

interface World {
    server?: string;
    user?: string;
    sudo?: boolean;
    /** More of the arguments of `hosts.ssh`. */
    host?: Record<string, unknown>;
    /** The operator's ssh_config. */
    config?: string[];
    /** Keys in the operator's agent, by file; no other key is given then. */
    agent?: string[];
    privateKey?: string;
    /** Name of the folder for temporary files. */
    temporary?: string;
    /** Calls at the same time, before the change. */
    atOnce?: number;
}

interface Told {
    /** Of the relay's program, as its questions and its change answered. */
    machine?: string;
    generation?: number;
    keyExchange?: string;
    error?: string;
}

/** Bob's machine, in between. */
const JUMP = "root@198.51.100.12";
/** The same under an address that nobody has been to. */
const NEW_JUMP = `root@[${ipv6Of("198.51.100.12")}]`;

let turn = 0;

/** Asks and changes the relay from the operator's machine, with a home and a client of its own. */
async function go(world: World): Promise<Told> {
    const { server = "plain", user = "root", sudo = false, config = [], agent, temporary = "tmp" } = world;
    const own = join(home, `operator-${(turn += 1)}`);
    const [ssh, folder] = [join(own, "ssh"), join(own, temporary)];
    for (const one of [ssh, folder]) mkdirSync(one, { recursive: true, mode: 0o700 });
    writeFileSync(join(ssh, "config"), config.map((line) => `${line}\n`).join(""), { mode: 0o600 });
    writeFileSync(
        join(ssh, "known_hosts"),
        `[${relay.place.wan}]:${ports["plain"]} ${sshd.hostKey}\n198.51.100.12 ${sshd.hostKey}\n`,
    );
    const way = {
        address: relay.place.wan,
        port: ports[server],
        user,
        sudo,
        packages: "require",
        hostKey: sshd.hostKey,
    };
    const identity = agent === undefined && world.privateKey === undefined ? { identityFile: sshd.identityFile } : {};
    const names = { appName: "qp-tunnel", interface: device };
    const target = {
        host: { kind: "ssh", ...way, ...identity, ...world.host },
        names,
        owner: "lab/dev/relay",
        credentials: world.privateKey,
    };
    const input = JSON.stringify({ dist: DIST, target, atOnce: world.atOnce ?? 1 });
    const started =
        agent === undefined
            ? ""
            : `eval "$(ssh-agent)" >/dev/null; ssh-add -q ${agent.join(" ")}; trap 'kill "$SSH_AGENT_PID"' EXIT; `;
    const script = `mount --bind ${ssh} /root/.ssh; unset SSH_AUTH_SOCK; ${started}"$@"`;
    const env = { TMPDIR: folder };
    const program = [process.execPath, "-e", CLIENT];
    mkdirSync("/root/.ssh", { recursive: true, mode: 0o700 });
    return JSON.parse(
        await operator.run(["sh", "-c", script, "sh", ...program], { input, env, timeout: 60_000 }),
    ) as Told;
}

/** Runs on the operator's machine. */
const CLIENT = `
const { dist, target, atOnce } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const { currentFacts, factsOf, changeRelay } = require(dist + "/facts.js");
const { relayValues } = require(dist + "/host.js");
const { bootManifest } = require(dist + "/../../core/protocol/steps.js");
const { connectionTo } = require(dist + "/connection.js");
const own = { id: "0123456789abcdef", table: "worlds" };
(async () => {
    await Promise.all(Array.from({ length: atOnce - 1 }, () => currentFacts(target)));
    const { machine } = await factsOf(target);
    const files = { "boot-manifest": bootManifest.render({ ...relayValues(target), table: own.table }) };
    const answer = await changeRelay(target, "host", { packages: "require", ...own }, files);
    const { keyExchange } = connectionTo(target.host, target.credentials).negotiated() ?? {};
    return { machine, generation: Number(answer.generation.trim()), keyExchange };
})().catch(({ message }) => ({ error: message })).then((told) => { console.log(JSON.stringify(told)); process.exit(); });
`;

const TWO_SHELLS = ["fish", "tcsh"];

it("has the shells that it is about", () => {
    // Without them a world below would be one that nobody has.
    expect(TWO_SHELLS.filter((shell) => !existsSync(`/usr/bin/${shell}`))).toEqual([]);
});

const WORKS: Record<string, () => World> = {
    "nothing out of the ordinary": () => ({}),
    "fish as login shell": () => ({ user: "fishy" }),
    "tcsh as login shell, whose rc prints without a line break": () => ({ user: "tcshy" }),
    "an rc that prints what looks like an answer": () => ({ user: "noisy" }),
    "sudo with a secure_path": () => ({ user: "admin", sudo: true }),
    "one session for each connection": () => ({ server: "one session", atOnce: 5 }),
    "a limit on new connections": () => ({ server: "limited", atOnce: 6 }),
    "a jump host": () => ({
        host: { proxyJump: JUMP },
        config: ["Host *", `    IdentityFile ${sshd.identityFile}`],
    }),
    "a ProxyCommand": () => ({
        config: [
            "Host *",
            `    ProxyCommand ssh -o BatchMode=yes -o ProxyCommand=none -i ${sshd.identityFile} -W %h:%p -p ${ports["plain"]} root@${relay.place.wan}`,
        ],
    }),
    "an ssh_config that decides everything else": () => ({
        server: "environment",
        config: [
            "Host *",
            "    RemoteCommand tmux attach",
            "    RequestTTY force",
            "    KnownHostsCommand /bin/echo relay ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "    ControlMaster auto",
            "    ControlPath ~/.ssh/%C",
            "    ControlPersist 60",
            "    LocalForward 127.0.0.1:9999 127.0.0.1:9",
            "    DynamicForward 127.0.0.1:9998",
            "    ExitOnForwardFailure yes",
            "    SendEnv *",
            "    SetEnv LC_ALL=tr_TR.UTF-8 BASH_ENV=/nowhere ENV=/nowhere CDPATH=/ POSIXLY_CORRECT=1 GREP_OPTIONS=-v",
            "    PermitLocalCommand yes",
            "    LocalCommand false",
            "    StdinNull yes",
            "    ForkAfterAuthentication yes",
            "    UserKnownHostsFile /dev/null",
        ],
    }),
    "the tools of busybox before all others": () => ({ server: "busybox" }),
    "a host certificate beside the pinned key": () => ({ server: "certificate" }),
    IPv6: () => ({ host: { address: ipv6Of(relay.place.wan!) } }),
    "an agent": () => ({ agent: [sshd.identityFile] }),
    "a private key with the line breaks of Windows": () => ({
        privateKey: sshd.privateKey.trimEnd().replaceAll("\n", "\r\n"),
    }),
    "a full agent, and the file of the right key": () => ({
        server: "few tries",
        agent: ["a", "b", "c"].map((name) => join(home, name)),
        host: { identityFile: sshd.identityFile },
    }),
    "a long TMPDIR": () => ({ temporary: "x".repeat(90) }),
    "a TMPDIR with a blank": () => ({ temporary: "my files" }),
    "a TMPDIR with a percent sign": () => ({ temporary: "100%done" }),
    "a TMPDIR with a quote": () => ({ temporary: "it's" }),
    "a TMPDIR with ${}": () => ({ temporary: "${HOME}" }),
};

let before = 0;

it.each(Object.keys(WORKS))("works with %s", async (name) => {
    const told = await go(WORKS[name]!());
    const generation = before + 1;
    before = told.generation ?? before;
    expect(told).toEqual({
        machine: expect.stringMatching(/^[0-9a-f]{32}$/),
        generation,
        keyExchange: expect.any(String),
    });
});

const where = (world: World): string => {
    const { address = relay.place.wan, port = ports[world.server ?? "plain"] } = world.host ?? {};
    return `${world.user ?? "root"}@${String(address)}:${String(port)}`;
};

const REFUSED: Record<string, [world: () => World, sentence: () => string]> = {
    "a login shell that lets nobody in": [
        () => ({ user: "nobodyhome" }),
        () =>
            "the login shell of nobodyhome does not run commands (exit code 1; it printed: This account is currently not available.); connect as a user with a login shell that runs `sh -c`, without ForceCommand or a chroot",
    ],
    "a forced command": [
        () => ({ server: "forced command" }),
        () =>
            "the login shell of root does not run commands (exit code 0; it printed: backups only); connect as a user with a login shell that runs `sh -c`, without ForceCommand or a chroot",
    ],
    "a chroot without a shell": [
        () => ({ server: "chroot" }),
        () =>
            "the login shell of root does not run commands (exit code 1; it printed: /bin/bash: No such file or directory); connect as a user with a login shell that runs `sh -c`, without ForceCommand or a chroot",
    ],
    "sudo that asks": [
        () => ({ user: "asked", sudo: true }),
        () =>
            "sudo asks for a password; let asked use sudo without a password for all commands (NOPASSWD), or connect as root",
    ],
    "sudo that wants a terminal": [
        () => ({ user: "ttyonly", sudo: true }),
        () => "sudo requires a terminal; add `Defaults:ttyonly !requiretty` to /etc/sudoers.d, or connect as root",
    ],
    "a user who is not root, without sudo": [
        () => ({ user: "admin" }),
        () => "changing a relay needs root, this is user admin; run as root, for instance with sudo",
    ],
    "an encrypted key": [
        () => ({ host: { identityFile: join(home, "locked") } }),
        () =>
            `identityFile ${home}/locked is encrypted, and its passphrase cannot be entered here; add it to the agent first: \`ssh-add ${home}/locked\``,
    ],
    "a key that everybody can read": [
        () => ({ host: { identityFile: join(home, "open") } }),
        () => `identityFile ${home}/open is readable by others (mode 0644); run \`chmod 600 ${home}/open\``,
    ],
    "a key that is not there": [
        () => ({ host: { identityFile: "~/.ssh/id_nowhere" } }),
        () =>
            "identityFile ~/.ssh/id_nowhere does not exist, or this user cannot read it; give the file of a private key",
    ],
    "a key with the line breaks of Windows": [
        () => ({ host: { identityFile: join(home, "crlf") } }),
        () =>
            `identityFile ${home}/crlf is not a private key that OpenSSH reads (error in libcrypto); give a private key in OpenSSH or PEM format, with Unix line endings`,
    ],
    "too many keys in the agent": [
        () => ({ server: "few tries", agent: ["a", "b", "c"].map((name) => join(home, name)) }),
        () =>
            "the machine ended the connection after too many keys were offered; set identityFile to the key that is authorized there, or remove keys from the agent (`ssh-add -d`)",
    ],
    "a key that nobody knows there": [
        () => ({ host: { identityFile: join(home, "a") } }),
        () =>
            "the machine accepts none of the offered keys for root; check user, identityFile and the agent (`ssh-add -l`)",
    ],
    "a jump host without a key for it": [
        () => ({ host: { proxyJump: JUMP } }),
        () =>
            `the jump host ${JUMP} does not reach it (${JUMP}: Permission denied (publickey,password,keyboard-interactive).); check that \`ssh -J ${JUMP} root@${relay.place.wan}\` works from here; the host key of the jump host must be in your own known_hosts`,
    ],
    "a jump host whose host key is unknown": [
        () => ({ host: { proxyJump: NEW_JUMP }, config: ["Host *", `    IdentityFile ${sshd.identityFile}`] }),
        () =>
            `the jump host ${NEW_JUMP} does not reach it (Host key verification failed.); check that \`ssh -J ${NEW_JUMP} root@${relay.place.wan}\` works from here; the host key of the jump host must be in your own known_hosts`,
    ],
    "a ProxyCommand that leads nowhere": [
        () => ({ config: ["Host *", "    ProxyCommand sh -c 'echo no way >&2; exit 1'"] }),
        () =>
            `the jump host or ProxyCommand in ssh_config does not reach it (no way); check that \`ssh root@${relay.place.wan}\` works from here; the host key of the jump host must be in your own known_hosts`,
    ],
    "another host key, whatever KnownHostsCommand says": [
        () => ({
            host: { hostKey: sshd.otherHostKey },
            config: ["Host *", `    KnownHostsCommand /bin/echo relay ${sshd.hostKey}`, "    StrictHostKeyChecking no"],
        }),
        () =>
            "the machine shows the host key FINGERPRINT, pinned is FINGERPRINT; find out why first: this may be a man in the middle. If the machine was rebuilt, pin its new key",
    ],
};

it.each(Object.keys(REFUSED))("says what is wrong with %s", async (name) => {
    const [world, sentence] = REFUSED[name]!;
    const { error } = await go(world());
    const [subject, ...words] = (error ?? "").replace(/SHA256:[A-Za-z0-9+/]{43}/g, "FINGERPRINT").split(": ");
    expect(words.join(": ")).toBe(sentence());
    expect(subject).toBe(where(world()));
});
