/**
 * The public key of a peer: the program's own, or the one that a resource puts out.
 *
 * @param generated public keys that resources put out, by peer
 * @returns undefined where neither is there
 */
export function peerKey<Key>(
    name: string,
    peer: { publicKey?: string | undefined } | undefined,
    generated: Readonly<Record<string, Key>> | undefined,
): string | Key | undefined {
    return peer?.publicKey ?? generated?.[name];
}
