// One more peer over SSH at several round trips, beside the same change by ten SSH commands and by an Ansible playbook. In turns.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { cache } from "../toolchain/cache.mjs";
import { outputOf, say, step, which } from "../toolchain/run.mjs";
import { timed } from "./processes.mjs";
import { keyOf, Project } from "./project.mjs";
import { median, notMeasured, row } from "./rows.mjs";

const ROUND_TRIPS = [0, 20, 80];
const BARS = {
    0: { top: { atMost: 0.6 } },
    80: {
        top: { atMost: 1 },
        commands: { atMost: 0.45 },
        playbook: { atMost: 0.28 },
        skipped: { atMost: 0.2 },
    },
};
const SSHD_PORT = 2222;
const PORT = 2022;

/** @param {{ root: string, quick: boolean, add: (row: import("./rows.mjs").Row) => void }} bench */
export async function measureSsh({ root, quick, add }) {
    const ansible = await provideAnsible();
    const project = new Project(root, { inside: true });
    const interrupted = () => {
        project.close();
        process.exit(130);
    };
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    try {
        const login = await startSshd(project);
        const way = await startDelay(project);
        const plain = await makePlainRelay(project);
        const ssh = { address: "127.0.0.1", port: PORT, hostKey: login.hostKey, identityFile: login.identityFile };
        let peers = 3;
        project.declare({ data: peers, ssh });
        await project.stack("ssh");
        await project.up();

        for (const roundTrip of ROUND_TRIPS) {
            way.stdin.write(`${roundTrip}\n`);
            const [nothing, ours, previewed, commands, playbook] = [[], [], [], [], []];
            for (let turn = 0; turn < (quick ? 1 : 3); turn++) {
                nothing.push((await project.up()).seconds);
                project.declare({ data: ++peers, ssh });
                ours.push((await project.up()).seconds);
                project.declare({ data: ++peers, ssh });
                previewed.push((await project.previewAndUp()).seconds);
                const change = plain.change(peers);
                commands.push((await timed(asCommands(project, login, change))).seconds);
                if (ansible.playbook === undefined) continue;
                const { argv, env } = asPlaybook(project, login, change, ansible.playbook, `${roundTrip}.${turn}`);
                playbook.push((await timed(argv, { env })).seconds);
            }
            const at = `${roundTrip} ms round trip`;
            const bars = BARS[roundTrip] ?? {};
            add(row(`${at}: up --skip-preview of one more peer`, "s", ours));
            add(row(`${at}: up with its preview`, "s", previewed));
            const top = ours.map((seconds, turn) => seconds - nothing[turn]);
            add(row(`${at}: --skip-preview, on top of an up with nothing to do`, "s", top, bars.top));
            const beside = (name, others, [skipped, whole] = []) => {
                add(row(`${at}: the same by ${name}`, "s", others));
                add(row(`${at}: up --skip-preview / ${name}`, "x", [median(ours) / median(others)], skipped));
                add(row(`${at}: up with its preview / ${name}`, "x", [median(previewed) / median(others)], whole));
            };
            beside("ten SSH commands", commands, [undefined, bars.commands]);
            if (playbook.length > 0) beside("an Ansible playbook", playbook, [bars.skipped, bars.playbook]);
            else add(notMeasured(`${at}: the same by an Ansible playbook`, ansible.reason));
        }
        await project.destroy();
    } finally {
        process.removeListener("SIGINT", interrupted).removeListener("SIGTERM", interrupted);
        project.close();
    }
}

/** An SSH server in the namespace, with a host key and a login key of its own; it ends with the namespace. */
async function startSshd(project) {
    const [host, identityFile] = ["host", "login"].map((name) => join(project.folder, name));
    for (const file of [host, identityFile])
        await timed(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", file]);
    const lines = [
        `Port ${SSHD_PORT}`,
        "ListenAddress 127.0.0.1",
        `HostKey ${host}`,
        `AuthorizedKeysFile ${identityFile}.pub`,
        `PidFile ${join(project.folder, "sshd.pid")}`,
        `SetEnv PATH=${process.env.PATH}`,
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin yes",
        "",
    ];
    const config = join(project.folder, "sshd_config");
    writeFileSync(config, lines.join("\n"), { mode: 0o600 });
    mkdirSync("/run/sshd", { recursive: true });
    await timed([...project.enter, which("sshd"), "-f", config]);
    const hostKey = readFileSync(`${host}.pub`, "utf8").trim().split(" ").slice(0, 2).join(" ");
    const knownHosts = join(project.folder, "known_hosts");
    writeFileSync(knownHosts, `[127.0.0.1]:${PORT} ${hostKey}\n`);
    return { hostKey, identityFile, knownHosts };
}

async function startDelay(project) {
    const program = join(dirname(fileURLToPath(import.meta.url)), "delay.mjs");
    const [command, ...args] = [...project.enter, process.execPath, program, String(PORT), String(SSHD_PORT)];
    const way = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    await once(way.stdout, "data");
    return way;
}

/** An interface and a table as somebody has them who works by hand. */
async function makePlainRelay(project) {
    const device = `${project.name}p`;
    const file = (name) => join(project.folder, `plain.${name}`);
    const setUp = `
        ip link add "$1" type wireguard 2>/dev/null || setsid wireguard-go "$1" </dev/null >/dev/null 2>&1
        wg genkey >"$2"; wg set "$1" private-key "$2" listen-port 51999
        ip address add 10.9.0.1/16 dev "$1"; ip link set "$1" up
        nft "add table inet $1; add set inet $1 acl { type ipv4_addr . ipv4_addr; }"
        : >"$3"`;
    await timed([...project.enter, "sh", "-euc", setUp, "sh", device, file("key"), file("conf")]);
    return {
        /** What adds a peer: look, keep the old file, write the new one, apply, keep the rules, look again. */
        change(number) {
            const [key, address] = [keyOf(number), `10.9.0.${number + 2}`];
            return [
                `wg show ${device} dump >/dev/null`,
                `cp -p ${file("conf")} ${file("conf")}.old`,
                `printf '[Peer]\\nPublicKey = ${key}\\nAllowedIPs = ${address}/32\\n' >>${file("conf")}`,
                `wg set ${device} peer ${key} allowed-ips ${address}/32`,
                `ip route replace ${address}/32 dev ${device}`,
                `nft add element inet ${device} acl '{ ${address} . 10.9.0.1 }'`,
                `nft list table inet ${device} >${file("nft")}`,
                `sysctl -qw net.ipv4.conf.${device}.forwarding=1`,
                `wg show ${device} allowed-ips | grep -q '${address}/32'`,
                `echo "added ${address}" >>${file("log")}`,
            ];
        },
    };
}

function asCommands(project, { identityFile, knownHosts }, change) {
    const options = `-p ${PORT} -i ${identityFile} -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile=${knownHosts}`;
    const script = join(project.folder, "commands.sh");
    const quoted = change.map((command) => `'${command.replaceAll("'", "'\\''")}'`);
    const lines = quoted.map((command) => `ssh -F none ${options} root@127.0.0.1 ${command}`);
    writeFileSync(script, `set -eu\n${lines.join("\n")}\n`);
    return [...project.enter, "sh", script];
}

/** Ansible as it comes, but for the facts that it would gather first, over a connection of its own in each run. */
function asPlaybook(project, { identityFile, knownHosts }, change, program, run) {
    const tasks = change.map((command) => ({ "ansible.builtin.shell": { cmd: command } }));
    const playbook = join(project.folder, "playbook.json");
    writeFileSync(playbook, JSON.stringify([{ hosts: "all", gather_facts: false, tasks }]));
    const variables = {
        ansible_host: "127.0.0.1",
        ansible_port: PORT,
        ansible_user: "root",
        ansible_ssh_private_key_file: identityFile,
        ansible_python_interpreter: which("python3"),
    };
    const inventory = join(project.folder, "inventory.json");
    writeFileSync(inventory, JSON.stringify({ all: { hosts: { relay: variables } } }));
    const home = join(project.folder, `a${run}`);
    mkdirSync(home);
    const config = join(home, "ansible.cfg");
    writeFileSync(config, "");
    const env = {
        ANSIBLE_CONFIG: config,
        ANSIBLE_HOME: home,
        ANSIBLE_REMOTE_TEMP: join(home, "remote"),
        ANSIBLE_SSH_ARGS: `-C -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=${knownHosts}`,
        LC_ALL: "C.UTF-8",
    };
    return { argv: [...project.enter, program, "-i", inventory, playbook], env };
}

/** ansible-core in an environment of its own, from pip; or why there is none. */
async function provideAnsible() {
    const folder = join(cache, "ansible-core");
    const playbook = join(folder, "bin/ansible-playbook");
    const works = async () => (await outputOf(playbook, ["--version"], { timeout: 60_000 })) !== undefined;
    if (await works()) return { playbook };
    const python = which("python3");
    if (python === undefined) return { reason: "there is no python3 for ansible-core" };
    try {
        await step("making an environment for ansible-core", python, ["-m", "venv", "--clear", folder]);
        await step("installing ansible-core", join(folder, "bin/pip"), ["install", "-q", "ansible-core"]);
    } catch (error) {
        say(error.message);
        return { reason: `pip provides no ansible-core: ${error.message.split("\n").at(-1)}` };
    }
    return (await works()) ? { playbook } : { reason: "ansible-core from pip does not run" };
}
