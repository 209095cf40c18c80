import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

import { checkSshHost } from "../../core/arguments/host.js";
import { HostError } from "../../core/errors.js";
import type { Connection } from "./connectionTypes.js";
import { describeHost, type SshHost } from "./descriptors.js";
import { closeAtExit, run, streamOf, type Finished } from "./run.js";
import { answerOf, bashCommand, uploadCommand } from "./sshCommand.js";
import { explainFailure, explainStream, negotiatedIn, pinnedFingerprint } from "./sshLog.js";
import { ALIAS, sshOptions, type Use } from "./sshOptions.js";

/**
 * One multiplexed connection of the system's OpenSSH client, opened by the first call. Every other call is a session on
 * it; a new one is made when it is gone. The folder with the socket, the pinned host key and the client's logs is private
 * and ends with the process.
 */
export class SshConnection implements Connection {
    private readonly folder: string;
    private logs = 0;
    private opening: Promise<void> | undefined;
    private opened = false;
    private agent: Promise<NodeJS.ProcessEnv> | undefined;
    private found: { keyExchange: string; hostKey: string } | undefined;

    constructor(
        private readonly host: SshHost,
        private readonly privateKey: string | undefined,
    ) {
        checkSshHost(host);
        this.folder = mkdtempSync(join(socketFolder(), "qp-tunnel-ssh-"));
        if (host.hostKey !== undefined)
            writeFileSync(this.knownHosts, `${ALIAS} ${host.hostKey.trim()}\n`, { mode: 0o600 });
        closeAtExit(() => this.close());
    }

    readonly remote = true;

    /** @param options.newConnection over a connection of its own: an old one says nothing about whether a new one can be made */
    async bash(input: string, options: { newConnection?: boolean; timeout?: number } = {}): Promise<Finished> {
        const use = options.newConnection ? "fresh" : "session";
        return answerOf(this.host, await this.session(bashCommand(this.host.sudo), input, use, options.timeout));
    }

    async upload(path: string, content: Buffer): Promise<void> {
        const { code, stderr } = await this.session(uploadCommand(path, this.host.sudo), content, "session");
        if (code !== 0)
            throw new HostError(
                describeHost(this.host),
                `${path} cannot be written: ${stderr.trim()}`,
                "look at the machine's disk",
            );
    }

    stream(address: string, port: number): Duplex {
        const to = `${address.includes(":") ? `[${address}]` : address}:${port}`;
        const args = [...this.options("stream"), "-W", to, this.destination()];
        const child = spawn("ssh", args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
        return streamOf(child, (printed) => explainStream(this.host, to, printed));
    }

    negotiated(): { keyExchange: string; hostKey: string } | undefined {
        return this.found;
    }

    private async session(
        command: string,
        input: string | Buffer,
        use: "session" | "fresh",
        timeout?: number,
    ): Promise<Finished> {
        if (use === "session") await this.connect();
        const log = this.newLog();
        const args = [...this.options(use), "-v", "-E", log, "-T", this.destination(), command];
        const finished = await run(["ssh", ...args], input, timeout, await this.environment());
        const text = this.readLog(log);
        // 255 is the client's own; everything else is the remote program's.
        if (finished.code === 255) throw this.explain(text, finished.stderr);
        return finished;
    }

    /** The shared connection, opened once also when several calls come at the same time. */
    private async connect(): Promise<void> {
        if (this.opened && !existsSync(this.control)) this.opening = undefined;
        this.opening ??= this.open().catch((error: unknown) => {
            this.opening = undefined;
            throw error;
        });
        await this.opening;
    }

    /**
     * Opens it in the background. What the client and its jump host say goes to files: a process that stays (a
     * ProxyCommand does, as long as the connection lasts) must not hold a pipe that is waited for.
     */
    private async open(): Promise<void> {
        this.opened = false;
        this.checkIdentity();
        // With a socket in its place the client would stay without sharing its connection.
        rmSync(this.control, { force: true });
        const log = this.newLog();
        const printed = this.newLog();
        const args = [...this.options("master"), "-v", "-E", log, "-N", "-f", "-T", this.destination()];
        const env = await this.environment();
        const stderr = openSync(printed, "w", 0o600);
        const child = spawn("ssh", args, { detached: true, stdio: ["ignore", "ignore", stderr], env });
        closeSync(stderr);
        const [code] = (await once(child, "exit").catch((cause: unknown) => {
            const problem = `ssh cannot be run (${cause instanceof Error ? cause.message : String(cause)})`;
            throw new HostError("this machine", problem, "install the OpenSSH client", { cause });
        })) as [number | null];
        const text = this.readLog(log);
        if (code !== 0) throw this.explain(text, this.readLog(printed));
        this.opened = true;
        this.found ??= negotiatedIn(text, this.knownHostsText());
    }

    /** The client leaves out a file that it cannot find, without a word. With a hardware key or an agent the public half does. */
    private checkIdentity(): void {
        const { identityFile } = this.host;
        if (
            identityFile === undefined ||
            existsSync(expanded(identityFile)) ||
            existsSync(`${expanded(identityFile)}.pub`)
        )
            return;
        throw new HostError(
            describeHost(this.host),
            `identityFile ${identityFile} does not exist, or this user cannot read it`,
            "give the file of a private key",
        );
    }

    private explain(log: string, printed: string): HostError {
        return explainFailure(this.host, log, printed, pinnedFingerprint(this.host.hostKey));
    }

    private options(use: Use): string[] {
        return sshOptions(this.host, this.folder, use, this.privateKey !== undefined);
    }

    private newLog(): string {
        return join(this.folder, `log.${(this.logs += 1)}`);
    }

    /** A log that has been read has served. */
    private readLog(file: string): string {
        try {
            return readFileSync(file, "utf8");
        } catch {
            return "";
        } finally {
            rmSync(file, { force: true });
        }
    }

    private destination(): string {
        return `${this.host.user}@${this.host.address}`;
    }

    private get control(): string {
        return join(this.folder, "control");
    }

    private get knownHosts(): string {
        return join(this.folder, "known_hosts");
    }

    private knownHostsText(): string {
        try {
            return readFileSync(this.knownHosts, "utf8");
        } catch {
            return "";
        }
    }

    /** A given private key goes to an agent of our own, over a pipe; it is in no file and no argument. */
    private async environment(): Promise<NodeJS.ProcessEnv> {
        if (this.privateKey === undefined) return process.env;
        this.agent ??= this.startAgent(this.privateKey);
        return this.agent;
    }

    private async startAgent(privateKey: string): Promise<NodeJS.ProcessEnv> {
        const socket = join(this.folder, "agent");
        const agent = spawn("ssh-agent", ["-D", "-a", socket], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
        // It prints its socket once it listens.
        await new Promise<void>((resolve, reject) => {
            agent.stdout.once("data", () => resolve());
            agent.once("error", reject);
            agent.once("exit", (code) => reject(new Error(`ssh-agent ended with exit code ${code}`)));
        });
        agent.unref();
        // Nor does its pipe keep a command waiting that is done.
        (agent.stdout as Socket).unref();
        closeAtExit(() => agent.kill());
        const env = { ...process.env, SSH_AUTH_SOCK: socket };
        // A secret that was pasted somewhere may have lost its last line break, or have those of Windows.
        const key = `${privateKey.replace(/\r\n?/g, "\n").trimEnd()}\n`;
        const added = await run(["ssh-add", "-q", "-"], key, 20, env);
        if (added.code !== 0) {
            throw new HostError(
                describeHost(this.host),
                "the given privateKey is not one that OpenSSH reads",
                "give an unencrypted private key in OpenSSH or PEM format",
            );
        }
        return env;
    }

    private close(): void {
        spawnSync("ssh", ["-o", `ControlPath=${this.control}`, "-O", "exit", ALIAS], {
            stdio: "ignore",
            timeout: 2000,
        });
        rmSync(this.folder, { recursive: true, force: true });
    }
}

/** As the client reads it. */
function expanded(file: string): string {
    return file.startsWith("~/") ? join(homedir(), file.slice(2)) : file;
}

/**
 * Where sockets may be: their path has about a hundred characters at most, and the client expands and splits what is in an
 * option. A temporary folder with a long name or other characters than these is left for /tmp.
 */
function socketFolder(): string {
    const folder = tmpdir();
    return /^[\w/.+-]{1,50}$/.test(folder) ? folder : "/tmp";
}
