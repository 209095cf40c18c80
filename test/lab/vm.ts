import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { HostError } from "../../core/errors.js";
import type { LabNode } from "./node.js";
import { during } from "./progress.js";
import type { ExecOptions, Outcome } from "./processes.js";

/** Seconds, for an emulated processor on a busy machine. */
const BOOT = 600;
const COMMAND = 300;
const PATIENCE = 600;

/**
 * An emulated Debian with systemd and a kernel of its own, which takes the place of a node: it has the node's cable and its
 * address. What it writes to its disk is forgotten.
 */
export class Vm {
    /** Public host key, one line. */
    readonly hostKey: string;
    /** File of the private key that lets root, admin (with sudo) and guarded (whom sudo asks for a password) in. */
    readonly identityFile: string;
    readonly #monitor: string;
    readonly #connection: string;

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
        this.#connection = join(folder, "connection");
        this.console = join(folder, "console.log");
    }

    /** What it says while it boots. */
    readonly console: string;

    /**
     * Boots it, and returns when it lets root in.
     *
     * @throws HostError when no image was made
     */
    static async boot(node: LabNode, from: LabNode, folder: string): Promise<Vm> {
        const image = process.env["QPTUNNEL_VM"];
        if (image === undefined) {
            throw new HostError("the emulated machine", "has no image", "run these tests with: npm run test:vm");
        }
        const vm = new Vm(node, from, image, folder);
        await vm.#plugIn();
        await during("booting", async () => {
            vm.#start(image);
            await vm.#answers();
        });
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

    /** Waits until a shell script succeeds as root. The limit is generous: it is no assertion about time. */
    async until(condition: string): Promise<void> {
        const script = `until ${condition}; do [ $SECONDS -lt ${PATIENCE} ] || exit 1; sleep 0.5; done`;
        await this.run(script, { timeout: 2 * PATIENCE * 1000 });
    }

    /** Restarts it in order; returns when it lets root in again and has started everything it means to. */
    async reboot(): Promise<void> {
        await during("rebooting", () => this.#again(() => this.exec("systemctl reboot")));
    }

    /** As if the power failed for a moment: what was not yet on its disk is lost. */
    async powerCut(): Promise<void> {
        await during("booting after a power cut", () => this.#again(() => this.#monitorSays("system_reset")));
    }

    /** Keeps what is in its memory and on its disk. */
    async keepSnapshot(name: string): Promise<void> {
        await during(`keeping snapshot ${name}`, () => this.#snapshot(`savevm ${name}`));
    }

    /** It goes on as it was when the snapshot was kept, and is told the time, as by a time server. */
    async restoreSnapshot(name: string): Promise<void> {
        await during(`restoring snapshot ${name}`, async () => {
            await this.#snapshot(`loadvm ${name}`);
            await this.#hangUp();
            await this.#answers();
            await this.run(`date -u -s @${Math.ceil(Date.now() / 1000)}`);
        });
    }

    /** What somebody wants to read who looks for the reason of a failure. */
    async report(): Promise<string> {
        const script = "systemctl --failed --no-legend; journalctl --no-pager -n 60";
        return (await this.exec(script).catch(() => undefined))?.stdout || this.#lastWords();
    }

    /** Whether everything it means to start was started: `running`, else `degraded`. */
    async started(): Promise<string> {
        return (await this.exec("systemctl is-system-running --wait", { timeout: BOOT * 1000 })).stdout.trim();
    }

    async #again(restart: () => Promise<unknown>): Promise<void> {
        const before = await this.#bootId();
        await restart();
        await this.#hangUp();
        for (const end = Date.now() + BOOT * 1000; ; await moment()) {
            if (Date.now() > end)
                throw new Error(`the machine did not come back within ${BOOT} s: ${this.#lastWords()}`);
            const now = await this.#bootId().catch(() => before);
            if (now !== before) break;
            // It may have been reached on its way down.
            await this.#hangUp();
        }
        await this.started();
    }

    async #bootId(): Promise<string> {
        return this.run("cat /proc/sys/kernel/random/boot_id", { timeout: 70_000 });
    }

    async #answers(): Promise<void> {
        const end = Date.now() + BOOT * 1000;
        while ((await this.#ssh("true", { timeout: 70_000 }).catch(() => undefined))?.code !== 0) {
            if (Date.now() > end) throw new Error(`the machine did not boot within ${BOOT} s: ${this.#lastWords()}`);
            await moment();
        }
    }

    async #ssh(script: string, options: ExecOptions): Promise<Outcome> {
        return this.from.exec([...this.#sshCommand, script], options);
    }

    /** One connection serves all commands: another one costs the machine some seconds. */
    get #sshCommand(): string[] {
        const settings = [
            "BatchMode=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "ConnectTimeout=60",
            "ControlMaster=auto",
            "ControlPersist=yes",
            `ControlPath=${this.#connection}`,
        ];
        const argv = ["ssh", "-F", "none", ...settings.flatMap((setting) => ["-o", setting]), "-i", this.identityFile];
        return [...argv, `root@${this.node.place.wan}`];
    }

    /** The machine knows nothing of it any more, or soon will not. */
    async #hangUp(): Promise<void> {
        await this.from.exec([...this.#sshCommand, "-O", "exit"]);
    }

    /** The node's cable is the machine's from now on. */
    async #plugIn(): Promise<void> {
        const commands = [
            "address flush dev wan",
            "link add name hub type bridge",
            "link set dev hub up",
            "tuntap add dev machine mode tap",
            "link set dev machine master hub up",
            "link set dev wan master hub up",
        ];
        await this.node.run(["ip", "-batch", "-"], { input: commands.join("\n") });
    }

    #start(image: string): void {
        const accelerator = process.env["QPTUNNEL_VM_ACCELERATOR"] ?? "tcg";
        // An emulated processor translates a program again wherever it lies anew: at random places that is each time.
        const fast = "norandmaps mitigations=off quiet systemd.show_status=auto";
        const kernel = `root=LABEL=root rw console=ttyS0 net.ifnames=0 panic=-1 ${fast}`;
        // Two processors cost an emulated machine more than they bring, and so does AVX.
        const cpu = accelerator === "tcg" ? "max,avx=off,avx2=off" : "max";
        const argv = [
            ...["qemu-system-x86_64", "-machine", "q35", "-accel", accelerator, "-cpu", cpu, "-smp", "1", "-m", "1024"],
            ...["-nodefaults", "-display", "none", "-serial", `file:${this.console}`],
            ...["-qmp", `unix:${this.#monitor},server=on,wait=off`],
            ...["-kernel", join(image, "vmlinuz"), "-initrd", join(image, "initrd"), "-append", kernel],
            // Its writes go to a file that is deleted already; the guest's order to write is obeyed there.
            ...["-drive", `file=${join(image, "disk.img")},format=raw,if=virtio,snapshot=on`],
            ...["-device", "virtio-rng-pci"],
            ...["-netdev", "tap,id=wan,ifname=machine,script=no,downscript=no"],
            ...["-device", "virtio-net-pci,netdev=wan"],
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

    /** A command of QEMU's monitor for people: only that one keeps and restores snapshots in one step. */
    async #snapshot(command: string): Promise<void> {
        const answer = await this.#monitorSays("human-monitor-command", { "command-line": command });
        if (answer !== "") throw new Error(`${command}: ${String(answer)}`);
    }

    /** Says a command to QEMU; what it answers. */
    async #monitorSays(execute: string, args: Record<string, unknown> = {}): Promise<unknown> {
        const socket = createConnection(this.#monitor);
        await once(socket, "connect");
        const commands = [{ execute: "qmp_capabilities" }, { execute, arguments: args, id: execute }];
        for (const command of commands) socket.write(`${JSON.stringify(command)}\n`);
        for await (const line of createInterface(socket)) {
            const said = JSON.parse(line) as { id?: string; return?: unknown; error?: { desc: string } };
            if (said.error !== undefined) throw new Error(`QEMU: ${execute}: ${said.error.desc}`);
            if (said.id !== execute) continue;
            socket.destroy();
            return said.return;
        }
        throw new Error(`QEMU ended: ${this.#lastWords()}`);
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
