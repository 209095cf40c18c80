import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { HostError } from "../../core/errors.js";
import type { LabNode } from "./node.js";
import type { ExecOptions, Outcome } from "./processes.js";

/** Seconds, for an emulated processor on a busy machine. */
const BOOT = 300;
const COMMAND = 120;

/**
 * An emulated Debian with systemd and a kernel of its own, which takes the place of a node: what reaches the node's
 * address at the ports of SSH and WireGuard reaches the machine. What it writes to its disk is forgotten.
 */
export class Vm {
    /** Public host key, one line. */
    readonly hostKey: string;
    /** File of the private key that lets root, admin (with sudo) and guarded (whom sudo asks for a password) in. */
    readonly identityFile: string;
    readonly #monitor: string;

    /** @param from where the operator is */
    private constructor(
        private readonly node: LabNode,
        private readonly from: LabNode,
        image: string,
        folder: string,
    ) {
        this.hostKey = readFileSync(join(image, "host.pub"), "utf8").trim().split(" ").slice(0, 2).join(" ");
        this.identityFile = join(image, "login");
        this.#monitor = join(folder, "monitor");
        this.console = join(folder, "console.log");
    }

    /** What it says while it boots. */
    readonly console: string;

    /**
     * Boots it, and returns when it lets root in.
     *
     * @param ports UDP ports that it gets, besides TCP 22; TCP 2222 is sshd as well, on the machine's other network
     * @throws HostError when no image was made
     */
    static async boot(node: LabNode, from: LabNode, folder: string, ports: number[]): Promise<Vm> {
        const image = process.env["QPTUNNEL_VM"];
        if (image === undefined) {
            throw new HostError("the emulated machine", "has no image", "run these tests with: npm run test:vm");
        }
        const vm = new Vm(node, from, image, folder);
        await vm.#start(image, ports);
        await vm.#answers();
        return vm;
    }

    /** Runs a shell script as root; resolves whatever its exit status. */
    async exec(script: string, options: ExecOptions = {}): Promise<Outcome> {
        return this.#ssh(script, { timeout: COMMAND * 1000, ...options });
    }

    /** Runs a shell script as root that has to succeed; its standard output. */
    async run(script: string, options: ExecOptions = {}): Promise<string> {
        const { code, stdout, stderr } = await this.exec(script, options);
        if (code !== 0) throw new Error(`${script}: exit status ${code}\n${stdout}${stderr}`);
        return stdout;
    }

    /** Restarts it in order; returns when it lets root in again and has started everything it means to. */
    async reboot(): Promise<void> {
        await this.#again(() => this.exec("systemctl reboot"));
    }

    /** As if the power failed for a moment: what was not yet on its disk is lost. */
    async powerCut(): Promise<void> {
        await this.#again(() => this.#tell("system_reset", "RESET"));
    }

    /** Whether everything it means to start was started: `running`, else `degraded`. */
    async started(): Promise<string> {
        return (await this.exec("systemctl is-system-running --wait", { timeout: BOOT * 1000 })).stdout.trim();
    }

    async #again(restart: () => Promise<unknown>): Promise<void> {
        const before = await this.#bootId();
        await restart();
        for (const end = Date.now() + BOOT * 1000; ; await moment()) {
            if (Date.now() > end)
                throw new Error(`the machine did not come back within ${BOOT} s: ${this.#lastWords()}`);
            const now = await this.#bootId().catch(() => before);
            if (now !== before) break;
        }
        await this.started();
    }

    async #bootId(): Promise<string> {
        return this.run("cat /proc/sys/kernel/random/boot_id", { timeout: 20_000 });
    }

    async #answers(): Promise<void> {
        const end = Date.now() + BOOT * 1000;
        while ((await this.#ssh("true", { timeout: 20_000 }).catch(() => undefined))?.code !== 0) {
            if (Date.now() > end) throw new Error(`the machine did not boot within ${BOOT} s: ${this.#lastWords()}`);
            await moment();
        }
    }

    async #ssh(script: string, options: ExecOptions): Promise<Outcome> {
        const settings = [
            "BatchMode=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
        ];
        const destination = `root@${this.node.place.wan}`;
        const argv = [
            "ssh",
            "-F",
            "none",
            "-o",
            "ConnectTimeout=10",
            ...settings.flatMap((setting) => ["-o", setting]),
        ];
        return this.from.exec([...argv, "-i", this.identityFile, destination, script], options);
    }

    async #start(image: string, ports: number[]): Promise<void> {
        const address = this.node.place.wan!;
        const wan = [`tcp:${address}:22-:22`, ...ports.map((port) => `udp:${address}:${port}-:${port}`)];
        const networks = [
            `user,id=wan,net=10.0.2.0/24,${wan.map((forward) => `hostfwd=${forward}`).join(",")}`,
            `user,id=lan,net=10.0.3.0/24,hostfwd=tcp:${address}:2222-:22`,
        ];
        const accelerator = process.env["QPTUNNEL_VM_ACCELERATOR"] ?? "tcg";
        const kernel = "root=LABEL=root rw console=ttyS0 net.ifnames=0 panic=-1";
        const argv = [
            ...[
                "qemu-system-x86_64",
                "-machine",
                "q35",
                "-accel",
                accelerator,
                "-cpu",
                "max",
                "-smp",
                "1",
                "-m",
                "1024",
            ],
            ...["-nodefaults", "-display", "none", "-serial", `file:${this.console}`],
            ...["-qmp", `unix:${this.#monitor},server=on,wait=off`],
            ...["-kernel", join(image, "vmlinuz"), "-initrd", join(image, "initrd"), "-append", kernel],
            // Its writes go to a file that is deleted already; the guest's order to write is obeyed there.
            ...["-drive", `file=${join(image, "disk.img")},format=raw,if=virtio,snapshot=on`],
            ...["-device", "virtio-rng-pci"],
            ...networks.flatMap((network) => ["-netdev", network]),
            ...["-device", "virtio-net-pci,netdev=wan", "-device", "virtio-net-pci,netdev=lan"],
        ];
        // It ends with the laboratory, as every process in a node does.
        const child = spawn("ip", ["netns", "exec", this.node.namespace, ...argv], {
            detached: true,
            stdio: ["ignore", "ignore", "pipe"],
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
        child.once("exit", (code) => (this.#stderr += `exit status ${code}`));
        child.unref();
    }

    #stderr = "";

    #lastWords(): string {
        return `${this.#stderr}\n${readIfThere(this.console).split("\n").slice(-20).join("\n")}`;
    }

    /** Says a command to QEMU and waits for the event that it causes. */
    async #tell(command: string, event: string): Promise<void> {
        const socket = createConnection(this.#monitor);
        await once(socket, "connect");
        for (const execute of ["qmp_capabilities", command]) socket.write(`${JSON.stringify({ execute })}\n`);
        let said = "";
        for await (const chunk of socket) {
            said += String(chunk);
            if (said.includes(`"${event}"`)) break;
        }
        socket.destroy();
    }
}

function readIfThere(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return "";
    }
}

function moment(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 500));
}
