// A scratch project with a backend, a stack and a network namespace of its own, and the engine on it.

import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { timed } from "./processes.mjs";

export class Project {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-bench-"));
    #name = `qpb${process.pid}`;
    #stack = "";
    #env = {
        PULUMI_HOME: join(this.folder, "home"),
        PULUMI_BACKEND_URL: `file://${join(this.folder, "backend")}`,
        PULUMI_CONFIG_PASSPHRASE: "bench",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        XDG_CONFIG_HOME: join(this.folder, "config"),
    };

    /** Of the network namespace, and of the relay's interface in it. */
    get name() {
        return this.#name;
    }

    /**
     * @param {string} root the repository, built
     * @param {{ inside?: boolean }} options `inside`: the engine runs in the namespace too
     */
    constructor(root, { inside = false } = {}) {
        this.enter = inside ? ["nsenter", `--net=/run/netns/${this.#name}`, "--"] : [];
        const modules = join(this.folder, "node_modules");
        mkdirSync(join(this.folder, "backend"));
        mkdirSync(modules);
        symlinkSync(root, join(modules, "pulumi-qp-tunnel"));
        symlinkSync(join(root, "node_modules/@pulumi"), join(modules, "@pulumi"));
        const plugins = { providers: [{ name: "qptunnel", path: join(root, "plugin") }] };
        const runtime = { name: "nodejs", options: { typescript: false } };
        this.#write("Pulumi.yaml", JSON.stringify({ name: "bench", runtime, main: "index.js", plugins }));
        this.#write("package.json", "{}");
        this.#write("index.js", PROGRAM);
        execFileSync("ip", ["netns", "add", this.#name]);
        execFileSync("ip", ["-n", this.#name, "link", "set", "lo", "up"]);
    }

    /**
     * Says what the program declares: that many peers as plain data or as components, or nothing at all; and how the
     * relay is reached over SSH, when it is.
     *
     * @param {{ data?: number, components?: number, relays?: number, ssh?: object } | undefined} peers `relays`: how
     *     many relays have them, each an interface, a port and a subnet of its own; default: 1
     */
    declare(peers) {
        const keys = Array.from({ length: (peers?.data ?? 0) + (peers?.components ?? 0) }, (_, index) => keyOf(index));
        this.#write("declared.json", JSON.stringify({ namespace: this.#name, ...peers, keys }));
    }

    /** How long the log of the present stack is. */
    logBytes() {
        return statSync(join(this.folder, "audit", `${this.#stack}.jsonl`)).size;
    }

    /** Begins a new stack, which is empty. */
    async stack(name) {
        this.#stack = name;
        await this.#pulumi("stack", "init", name);
    }

    preview() {
        return this.#pulumi("preview");
    }

    up() {
        return this.#pulumi("up", "--yes", "--skip-preview");
    }

    /** As a person runs it: the same program twice. */
    previewAndUp() {
        return this.#pulumi("up", "--yes");
    }

    destroy() {
        return this.#pulumi("destroy", "--yes", "--skip-preview");
    }

    /** Ends what is left in the namespace and removes everything; safe whenever the bench is interrupted. */
    close() {
        const pids = execFileSync("ip", ["netns", "pids", this.#name], { encoding: "utf8" })
            .split("\n")
            .filter(Boolean);
        for (const pid of pids) endProcess(Number(pid));
        execFileSync("ip", ["netns", "del", this.#name]);
        for (const place of ["/etc", "/run"]) {
            const ours = readdirSync(place).filter((name) => name.startsWith(`qp-tunnel-${this.#name}`));
            for (const name of ours) rmSync(join(place, name), { recursive: true, force: true });
        }
        rmSync(this.folder, { recursive: true, force: true });
    }

    #pulumi(...args) {
        return timed([...this.enter, "pulumi", ...args, "--non-interactive", "--color", "never"], {
            cwd: this.folder,
            env: this.#env,
            watch: "dist/providers/plugin/main.js",
        });
    }

    #write(name, text) {
        writeFileSync(join(this.folder, name), text, { mode: 0o600 });
    }
}

/** The relay as a user would declare it; without peers the library is not even imported. */
const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const { namespace, data, components, relays = 1, keys, ssh } = require("./declared.json");
if (data !== undefined || components !== undefined) {
    const { AuditSink, Peer, Relay, hosts } = require("pulumi-qp-tunnel");
    const specs = keys.map((publicKey, index) => ({ name: "peer" + index, publicKey }));
    const audit = new AuditSink("audit");
    for (let number = 0; number < relays; number++) {
        new Relay(number === 0 ? "relay" : "relay" + number, {
            host: ssh === undefined ? hosts.local({ namespace }) : hosts.ssh(ssh),
            interface: number === 0 ? namespace : namespace + "r" + number,
            listenPort: 51820 + 2 * number,
            endpoint: "192.0.2.1",
            subnet: relays === 1 ? "10.8.0.0/16" : "10.9." + number + ".0/24",
            peers: components === undefined ? specs : specs.map(({ name, publicKey }) => new Peer(name, { publicKey })),
            audit,
        });
    }
}
`;

const known = [];

/** @returns {string} a true public key, the same for the same peer in every run of one bench. */
export function keyOf(index) {
    return (known[index] ??= Buffer.from(
        generateKeyPairSync("x25519").publicKey.export({ format: "jwk" }).x,
        "base64url",
    ).toString("base64"));
}

function endProcess(pid) {
    try {
        process.kill(pid, "SIGKILL");
    } catch {
        // It ended by itself.
    }
}
