import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

import { checkSshHost } from "../../core/arguments/host.js";
import { HostError } from "../../core/errors.js";
import type { Connection } from "./connectionTypes.js";
import { describeHost, type SshHost } from "./descriptors.js";
import { programOnInput, relayProgram } from "./program.js";
import { closeAtExit, type Finished, PATIENCE_SECONDS, run, streamOf } from "./run.js";
import { type Answered, Session, Sessions } from "./session.js";
import { answerOf, bashCommand, uploadCommand } from "./sshCommand.js";
import { explainFailure, explainStream, negotiatedIn, pinnedFingerprint, withoutDebugging } from "./sshLog.js";
import { ALIAS, sshOptions, type Use } from "./sshOptions.js";

/**
 * One connection of the system's OpenSSH client, with one session on it for all requests: opened by the first one, and again when it is
 * gone. Its client shares the connection, for streams and uploads. The folder with the socket, the pinned host key and the clients'
 * logs is private and ends with the process.
 */
export class SshConnection implements Connection {
    private readonly folder: string;
    private readonly sessions = new Sessions(() => this.open());
    private log = "";
    private logs = 0;
    private agent: Promise<NodeJS.ProcessEnv> | undefined;
    private found: { keyExchange: string; hostKey: string } | undefined;

    constructor(
        private readonly host: SshHost,
        private readonly privateKey: string | undefined,
        private readonly program = relayProgram(),
    ) {
        checkSshHost(host);
        this.folder = mkdtempSync(join(socketFolder(), "qp-tunnel-ssh-"));
        if (host.hostKey !== undefined)
            writeFileSync(this.knownHosts, `${ALIAS} ${host.hostKey.trim()}\n`, { mode: 0o600 });
        closeAtExit(() => this.close());
    }

    readonly remote = true;

    /** @param options.newConnection over a connection of its own: an old one says nothing about whether a new one can be made */
    async ask(bundle: string, options: { newConnection?: boolean; timeout?: number } = {}): Promise<Finished> {
        const { newConnection = false, timeout = PATIENCE_SECONDS } = options;
        if (newConnection) return this.askOnce(bundle, timeout);
        return this.sessions.ask(bundle, timeout, (answer, isFirst) => {
            if (isFirst && !answer.ended) this.found ??= negotiatedIn(textOf(this.log), textOf(this.knownHosts));
            return this.finished(answer, this.log, isFirst);
        });
    }

    private async askOnce(bundle: string, timeout: number): Promise<Finished> {
        const log = this.newLog();
        const session = await this.start("fresh", log);
        try {
            return this.finished(await session.ask(bundle, timeout), log, true);
        } finally {
            session.end();
            rmSync(log, { force: true });
        }
    }

    /** @throws HostError when the client, the login shell or sudo failed, which the first answer of a session shows */
    private finished({ ended, ...answer }: Answered, log: string, isFirst: boolean): Finished {
        if (ended && answer.code === CLIENT_FAILED) throw this.explain(textOf(log), answer.stderr);
        const said = { ...answer, stderr: withoutDebugging(answer.stderr) };
        return isFirst ? answerOf(this.host, said) : said;
    }

    async upload(path: string, content: Buffer): Promise<void> {
        const log = this.newLog();
        const args = [...this.options("upload"), "-v", "-E", log, "-T", this.destination()];
        const command = uploadCommand(path, this.host.sudo);
        const env = await this.environment();
        const { code, stderr } = await run(["ssh", ...args, command], content, PATIENCE_SECONDS, env);
        const text = textOf(log);
        rmSync(log, { force: true });
        if (code === CLIENT_FAILED) throw this.explain(text, stderr);
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

    /** A session on a new connection, which others share. */
    private open(): Promise<Session> {
        this.checkIdentity();
        // With a socket in its place the client would stay without sharing its connection.
        for (const file of [this.control, this.log]) rmSync(file, { force: true });
        this.log = this.newLog();
        return this.start("session", this.log);
    }

    private async start(use: Use, log: string): Promise<Session> {
        const args = [...this.options(use), "-v", "-E", log, "-T", this.destination(), bashCommand(this.host.sudo)];
        const env = await this.environment();
        const child = spawn("ssh", args, { detached: true, stdio: ["pipe", "pipe", "pipe"], env });
        return new Session(child, "ssh", programOnInput(this.program), false);
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

    private destination(): string {
        return `${this.host.user}@${this.host.address}`;
    }

    private get control(): string {
        return join(this.folder, "control");
    }

    private get knownHosts(): string {
        return join(this.folder, "known_hosts");
    }

    /** A given private key goes to an agent of our own, over a pipe; it is in no file and no argument. */
    private async environment(): Promise<NodeJS.ProcessEnv> {
        if (this.privateKey === undefined) return process.env;
        this.agent ??= this.startAgent(this.privateKey);
        return this.agent;
    }

    private async startAgent(privateKey: string): Promise<NodeJS.ProcessEnv> {
        const socket = join(this.folder, "agent");
        const agent = spawn("ssh-agent", ["-a", socket, "sh", "-c", UNTIL_END_OF_INPUT], {
            detached: true,
            stdio: ["pipe", "pipe", "ignore"],
        });
        // The command runs once the agent listens.
        await new Promise<void>((resolve, reject) => {
            agent.stdout.once("data", () => resolve());
            agent.once("error", reject);
            agent.once("exit", (code) => reject(new Error(`ssh-agent ended with exit code ${code}`)));
        });
        agent.unref();
        // Nor do its pipes keep a command waiting that is done.
        for (const pipe of [agent.stdin, agent.stdout]) (pipe as Socket).unref();
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
        this.sessions.close();
        rmSync(this.folder, { recursive: true, force: true });
    }
}

/** The client's own exit status; every other is that of the remote program. */
const CLIENT_FAILED = 255;

/** What an agent runs: both end with the process that holds the other end of its input, also when that one is killed. */
const UNTIL_END_OF_INPUT = 'echo listening; cat >/dev/null; kill "$SSH_AGENT_PID"';

/** Empty without the file. */
function textOf(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return "";
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
