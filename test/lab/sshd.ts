import { readFileSync, writeFileSync } from "node:fs";
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
}

/** Starts it and returns when it listens. */
export async function startSshd(node: LabNode, folder: string): Promise<Sshd> {
    for (const name of ["host", "other", "login"]) {
        await succeed(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(folder, name)]);
    }
    const config = join(folder, "sshd_config");
    const lines = [
        "Port 22",
        `HostKey ${join(folder, "host")}`,
        `AuthorizedKeysFile ${join(folder, "login.pub")}`,
        `PidFile ${join(folder, "sshd.pid")}`,
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin yes",
    ];
    writeFileSync(config, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
    await node.run(["sh", "-c", 'mkdir -p /run/sshd && exec /usr/sbin/sshd -f "$1"', "sshd", config]);
    return {
        hostKey: publicKey(join(folder, "host.pub")),
        otherHostKey: publicKey(join(folder, "other.pub")),
        identityFile: join(folder, "login"),
        privateKey: readFileSync(join(folder, "login"), "utf8"),
    };
}

function publicKey(file: string): string {
    return readFileSync(file, "utf8").trim().split(" ").slice(0, 2).join(" ");
}

async function succeed(argv: string[]): Promise<void> {
    const { code, stderr } = await execute(argv);
    if (code !== 0) throw new Error(`${argv[0]}: ${stderr}`);
}
