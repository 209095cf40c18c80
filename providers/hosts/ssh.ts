import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";

import { HostError } from "../../core/errors.js";
import type { Connection } from "./connection.js";
import { describeHost, type SshHost } from "./descriptors.js";
import { run, type Finished } from "./run.js";
import { explainFailure, negotiatedIn, pinnedFingerprint } from "./sshLog.js";

/** What the pinned key is called in our known_hosts file: the same for every address and port of the machine. */
const ALIAS = "relay";
const CONNECT_SECONDS = 15;

/**
 * Alpine comes without bash, which the relay's program is written in. The client's address is handed on because sudo
 * would drop it: no route may swallow it.
 */
const BASH =
    "env QP_TUNNEL_CLIENT=\"${SSH_CONNECTION%% *}\" sh -c 'command -v bash >/dev/null 2>&1 || apk add --quiet bash >/dev/null 2>&1; exec bash -s'";

/**
 * One multiplexed connection of the system's OpenSSH client. Every call is a session on it; a new one is made when it
 * is gone. The folder with the socket, the pinned host key and the client's log is private and ends with the process.
 */
export class SshConnection implements Connection {
    private readonly folder: string;
    private readonly log: string;
    private agent: Promise<NodeJS.ProcessEnv> | undefined;
    private found: { keyExchange: string; hostKey: string } | undefined;

    constructor(
        private readonly host: SshHost,
        private readonly privateKey: string | undefined,
    ) {
        this.folder = mkdtempSync(join(tmpdir(), "qp-tunnel-ssh-"));
        this.log = join(this.folder, "log");
        if (host.hostKey !== undefined) writeFileSync(this.knownHosts, `${ALIAS} ${host.hostKey}\n`, { mode: 0o600 });
        process.once("exit", () => this.close());
    }

    readonly remote = true;

    /** @param options.anew over a connection of its own: an old one says nothing about whether a new one can be made */
    async bash(input: string, options: { anew?: boolean; timeout?: number } = {}): Promise<Finished> {
        const extra = options.anew ? ["-o", "ControlMaster=no", "-o", "ControlPath=none"] : [];
        return this.session(this.host.sudo ? `sudo -n -- ${BASH}` : BASH, input, extra, options.timeout);
    }

    async upload(path: string, content: Buffer): Promise<void> {
        const root = this.host.sudo ? "sudo -n -- " : "";
        const { code, stderr } = await this.session(`umask 077; ${root}tee '${path}' >/dev/null`, content);
        if (code !== 0)
            throw new HostError(
                describeHost(this.host),
                `${path} cannot be written: ${stderr.trim()}`,
                "look at the machine's disk",
            );
    }

    stream(address: string, port: number): Duplex {
        const child = spawn(
            "ssh",
            [
                ...this.options(),
                "-W",
                `${address.includes(":") ? `[${address}]` : address}:${port}`,
                this.destination(),
            ],
            {
                detached: true,
                stdio: ["pipe", "pipe", "ignore"],
            },
        );
        return Duplex.from({ readable: child.stdout, writable: child.stdin });
    }

    negotiated(): { keyExchange: string; hostKey: string } | undefined {
        return this.found;
    }

    private async session(
        command: string,
        input: string | Buffer,
        extra: string[] = [],
        timeout?: number,
    ): Promise<Finished> {
        writeFileSync(this.log, "", { mode: 0o600 });
        const env = await this.environment();
        const finished = await run(
            ["ssh", ...extra, ...this.options(), "-v", "-E", this.log, "-T", this.destination(), command],
            input,
            timeout,
            env,
        );
        const text = readFileSync(this.log, "utf8");
        this.found ??= negotiatedIn(text, this.knownHostsText());
        // 255 is the client's own; everything else is the remote program's.
        if (finished.code === 255) throw explainFailure(this.host, text, pinnedFingerprint(this.host.hostKey));
        const refusal = finished.stdout === "" ? /^(?:.*: )?sudo: (.*)$/m.exec(finished.stderr)?.[1] : undefined;
        if (refusal !== undefined) {
            throw new HostError(
                describeHost(this.host),
                /password/.test(refusal) ? "sudo asks for a password" : `sudo does not work: ${refusal}`,
                `let ${this.host.user} use sudo without a password for all commands (NOPASSWD), or connect as root`,
            );
        }
        return finished;
    }

    private options(): string[] {
        const { port, identityFile, proxyJump, trustOnFirstUse, hostKey } = this.host;
        const strict = hostKey === undefined && trustOnFirstUse === true ? "accept-new" : "yes";
        const settings = {
            BatchMode: "yes",
            ConnectTimeout: CONNECT_SECONDS,
            ServerAliveInterval: 5,
            ServerAliveCountMax: 3,
            ForwardAgent: "no",
            HostKeyAlias: ALIAS,
            CheckHostIP: "no",
            UserKnownHostsFile: this.knownHosts,
            GlobalKnownHostsFile: "/dev/null",
            UpdateHostKeys: "no",
            StrictHostKeyChecking: strict,
            ControlMaster: "auto",
            ControlPath: join(this.folder, "control"),
            ControlPersist: 60,
        };
        return [
            ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
            ...["-p", String(port)],
            ...(identityFile === undefined ? [] : ["-i", identityFile, "-o", "IdentitiesOnly=yes"]),
            ...(proxyJump === undefined ? [] : ["-J", proxyJump]),
        ];
    }

    private destination(): string {
        return `${this.host.user}@${this.host.address}`;
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
        });
        agent.unref();
        // Nor does its pipe keep a command waiting that is done.
        (agent.stdout as Socket).unref();
        process.once("exit", () => agent.kill());
        const env = { ...process.env, SSH_AUTH_SOCK: socket };
        const key = privateKey.endsWith("\n") ? privateKey : `${privateKey}\n`;
        const added = await run(["ssh-add", "-q", "-"], key, 20, env);
        if (added.code !== 0) {
            throw new HostError(
                describeHost(this.host),
                "the given privateKey is not one that OpenSSH reads",
                "give an unencrypted private key in OpenSSH or PEM form",
            );
        }
        return env;
    }

    private close(): void {
        const control = join(this.folder, "control");
        spawnSync("ssh", ["-o", `ControlPath=${control}`, "-O", "exit", ALIAS], { stdio: "ignore", timeout: 2000 });
        rmSync(this.folder, { recursive: true, force: true });
    }
}
