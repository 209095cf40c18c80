import { linesOf } from "../../core/protocol/table.js";
import { run } from "./run.js";

/** The best first: what a machine shows when it has several. */
const TYPES = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "ssh-rsa",
];

/**
 * The host key that this user's own known_hosts has for a machine, because it was accepted before; undefined when there is none.
 * Nothing is connected to.
 */
export async function knownHostKey(address: string, port: number): Promise<string | undefined> {
    const { code, stdout } = await run(["ssh-keygen", "-F", port === 22 ? address : `[${address}]:${port}`], "", 10);
    if (code !== 0) return undefined;
    const keys = linesOf(stdout)
        .filter((line) => !line.startsWith("#") && !line.startsWith("@"))
        .map((line) => line.split(" ").slice(1, 3) as [string, string]);
    const found = keys.filter(([type]) => TYPES.includes(type)).sort(([a], [b]) => TYPES.indexOf(a) - TYPES.indexOf(b));
    return found[0]?.join(" ");
}
