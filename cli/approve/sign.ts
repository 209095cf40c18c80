import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

import { NAMESPACE } from "../../core/approval/approvers.js";
import { InvalidArgument } from "../../core/errors.js";

/**
 * Has ssh-keygen sign a text: it asks for a passphrase in the terminal, uses the agent with the public half of a key, and waits for the
 * touch of a token.
 *
 * @returns the armoured signature
 * @throws InvalidArgument with the reason of ssh-keygen
 */
export function signWithSsh(text: string, key: string): string {
    if (!existsSync(key)) throw new InvalidArgument(key, "there is no such file", "give the file of an SSH key");
    const { status, stdout, stderr, error } = spawnSync("ssh-keygen", ["-Y", "sign", "-n", NAMESPACE, "-f", key], {
        input: text,
        encoding: "utf8",
        env: process.env,
    });
    // It may end before it has read the text: then it says itself why.
    if (error !== undefined && status === null)
        throw new InvalidArgument(
            "ssh-keygen",
            `cannot be started (${error.message})`,
            "install OpenSSH 8.2 or newer",
            { cause: error },
        );
    if (status === 0) return stdout;
    const reason = stderr.trim().split("\n").at(-1) ?? "";
    throw new InvalidArgument(
        key,
        `does not sign: ${reason}`,
        "give the file of an SSH key, or load it into the agent",
    );
}
