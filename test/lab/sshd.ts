import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execute } from "./processes.js";
import type { LabNode } from "./node.js";

/** A real OpenSSH server in a node, with a host key and a login key of its own. It ends with the laboratory. */
export interface Sshd {
    /** Public host key, one line. */
    hostKey: string;
    /** File of the private key that lets root in. */
    identityFile: string;
    /** That key itself. */
    privateKey: string;
    /** Another host key than the server's. */
    otherHostKey: string;
    /**
     * Puts a script before a program, for everything that is run over SSH: it is run with the same arguments, and the
     * program after it.
     *
     * @param script for sh; `exit` keeps the program from running
     */
    interpose(program: string, script: string): void;
    /** Takes every script away again. */
    restore(): void;
}

export interface SshdOptions {
    /** Before the server, for instance to give it a mount namespace of its own. */
    prefix?: string[];
    port?: number;
    /** Lines for sshd_config. */
    settings?: string[];
    /** A file for what it says. */
    log?: string;
}

/** Starts it and returns when it listens. */
export async function startSshd(node: LabNode, folder: string, options: SshdOptions = {}): Promise<Sshd> {
    const { prefix = [], port = 22, settings = [], log } = options;
    if (!existsSync("/usr/sbin/sshd")) {
        throw new Error("sshd not found: apt-get install --no-install-recommends openssh-server");
    }
    for (const name of ["host", "other", "login"]) {
        if (existsSync(join(folder, name))) continue;
        await succeed(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(folder, name)]);
    }
    const bin = join(folder, "bin");
    const config = join(folder, `sshd_config.${port}`);
    const lines = [
        `Port ${port}`,
        `HostKey ${join(folder, "host")}`,
        `AuthorizedKeysFile ${join(folder, "login.pub")}`,
        `PidFile ${join(folder, `sshd.${port}.pid`)}`,
        `SetEnv PATH=${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin yes",
        ...settings,
    ];
    writeFileSync(config, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
    await node.run([
        ...prefix,
        "sh",
        "-c",
        'mkdir -p /run/sshd && exec /usr/sbin/sshd -f "$@"',
        "sshd",
        config,
        ...(log === undefined ? [] : ["-E", log]),
    ]);
    return {
        hostKey: publicKey(join(folder, "host.pub")),
        otherHostKey: publicKey(join(folder, "other.pub")),
        identityFile: join(folder, "login"),
        privateKey: readFileSync(join(folder, "login"), "utf8"),
        interpose(program, script) {
            const real = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
                .map((place) => join(place, program))
                .find((file) => existsSync(file));
            if (real === undefined) throw new Error(`${program} is not there`);
            mkdirSync(bin, { recursive: true });
            writeFileSync(join(bin, program), `#!/bin/sh\n${script}\nexec ${real} "$@"\n`, { mode: 0o755 });
            chmodSync(join(bin, program), 0o755);
        },
        restore: () => rmSync(bin, { recursive: true, force: true }),
    };
}

function publicKey(file: string): string {
    return readFileSync(file, "utf8").trim().split(" ").slice(0, 2).join(" ");
}

async function succeed(argv: string[]): Promise<void> {
    const { code, stderr } = await execute(argv);
    if (code !== 0) throw new Error(`${argv[0]}: ${stderr}`);
}
