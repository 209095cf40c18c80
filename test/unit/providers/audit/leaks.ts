import { publicKeyOf } from "../../../../core/keys/index.js";

/**
 * Finds private keys by what they are, not by how they look: a public key looks the same. Every 44-character base64 token is
 * taken for a private key; it is one when the public key it makes is known.
 *
 * @returns public keys whose private half stands in the text
 */
export function leakedKeys(text: string, publicKeys: readonly string[]): string[] {
    const known = new Set(publicKeys);
    const tokens = new Set(text.match(/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=/g) ?? []);
    return [...tokens].map(derived).filter((key) => key !== undefined && known.has(key)) as string[];
}

function derived(token: string): string | undefined {
    try {
        return publicKeyOf(token);
    } catch {
        // Not every token is 32 bytes in canonical form.
        return undefined;
    }
}
