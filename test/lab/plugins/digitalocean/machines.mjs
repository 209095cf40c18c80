// Machines in network namespaces: booted with /etc and /run of their own, ended, given addresses.

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const script = join(dirname(fileURLToPath(import.meta.url)), "boot.sh");

/** Boots a machine and returns when its sshd listens. What cloud-init would do of `config` is done. */
export function boot({ namespace, id, folder, config, authorized }) {
    mkdirSync(join(folder, "keys"), { recursive: true, mode: 0o700 });
    for (const [name, text] of Object.entries(config.ssh_keys)) {
        const [, algorithm, half] = /^(\w+)_(private|public)$/.exec(name);
        const file = `ssh_host_${algorithm}_key${half === "public" ? ".pub" : ""}`;
        writeFileSync(join(folder, "keys", file), text.endsWith("\n") ? text : `${text}\n`, { mode: 0o600 });
    }
    writeFileSync(join(folder, "authorized_keys"), authorized.map((key) => `${key}\n`).join(""), { mode: 0o600 });
    const argv = ["netns", "exec", namespace, "unshare", "-m", "--propagation", "private", "bash", script, folder, id];
    spawn("ip", argv, { detached: true, stdio: "ignore" }).unref();
    waitUntil(`Droplet ${id} listens`, () => inside(namespace, "ss", "-Hltn", "sport = :22") !== "");
}

/** Ends a machine as pulling its plug would; the namespace is as new. */
export function end({ namespace }) {
    const pids = () => run("ip", "netns", "pids", namespace).split("\n").filter(Boolean);
    for (const pid of pids()) {
        try {
            process.kill(Number(pid), "SIGKILL");
        } catch (error) {
            if (error.code !== "ESRCH") throw error;
        }
    }
    waitUntil(`${namespace} is empty`, () => pids().length === 0);
    inside(namespace, "nft", "flush", "ruleset");
}

/** What a relay would leave on a machine: its interfaces, table and files. */
export function leftovers({ namespace }, folder) {
    const [sshd] = run("ip", "netns", "pids", namespace).split("\n").filter(Boolean);
    const files = run(
        "nsenter",
        "-t",
        sshd,
        "-m",
        "sh",
        "-c",
        "ls -d /etc/qp-tunnel-* /run/qp-tunnel-* 2>/dev/null || true",
    );
    return {
        links: inside(namespace, "ip", "-o", "link")
            .split("\n")
            .filter(Boolean)
            .map((line) => line.split(": ")[1].split("@")[0]),
        ruleset: inside(namespace, "nft", "list", "ruleset"),
        files,
        shown: run("nsenter", "-t", sshd, "-m", "cat", "/etc/ssh/ssh_host_ed25519_key.pub").trim(),
        folder,
    };
}

/** An address leads to one machine, or to none. Who knew it elsewhere forgets that. */
export function moveAddress(address, { droplets, neighbours }, to) {
    for (const { namespace } of droplets) {
        if (inside(namespace, "ip", "-o", "address").includes(` ${address}/`)) {
            inside(namespace, "ip", "address", "del", `${address}/24`, "dev", "wan");
        }
    }
    if (to !== undefined) inside(to, "ip", "address", "add", `${address}/24`, "dev", "wan");
    for (const namespace of neighbours) inside(namespace, "ip", "neighbour", "flush", "all");
}

function inside(namespace, ...argv) {
    return run("ip", "netns", "exec", namespace, ...argv);
}

function run(program, ...args) {
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function waitUntil(what, isSo) {
    const deadline = Date.now() + 15_000;
    while (!isSo()) {
        if (Date.now() > deadline) throw new Error(`it did not come about that ${what}`);
        execFileSync("sleep", ["0.05"]);
    }
}
