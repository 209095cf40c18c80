/**
 * What a new cloud machine is told at its first boot, for cloud-init: which SSH host key to have, so that the first
 * connection is already pinned. Nothing else: every process on the machine can ask its metadata service for this text,
 * and a change of it would mean another machine.
 *
 * @param key of the first connection alone; it is replaced over that connection
 */
export function hostKeyUserData(key: { publicKey: string; privateKey: string }): string {
    const privateKey = key.privateKey.trimEnd().split("\n");
    return [
        "#cloud-config",
        "ssh_keys:",
        "  ed25519_private: |",
        ...privateKey.map((line) => `    ${line}`),
        `  ed25519_public: ${key.publicKey}`,
        "",
    ].join("\n");
}
