import { parseSshKey, type SshPublicKey } from "./sshKey.js";
import { fromBase64, joinBytes, sshField, SshReader, toBase64 } from "./sshWire.js";

/** Cryptography that signatures of OpenSSH need; by the platform (providers/audit/sshCrypto.ts). */
export interface SshCrypto {
    hash(algorithm: SshHash, data: Uint8Array): Uint8Array;
    /** Whether a key signed the data. The signature is as OpenSSH has it, behind the name of its algorithm. */
    verify(key: SshPublicKey, signature: RawSignature, data: Uint8Array): boolean;
}

export type SshHash = "sha256" | "sha512";

export interface RawSignature {
    /** "ssh-ed25519", "rsa-sha2-512", … */
    algorithm: string;
    bytes: Uint8Array;
    /** Of a token: what it did, and its counter. */
    token?: { flags: number; counter: number };
}

/** A signature of a file, as `ssh-keygen -Y sign` makes it (PROTOCOL.sshsig). */
export interface SshSignature {
    /** The signer's public key in its binary form. */
    blob: Uint8Array;
    key: SshPublicKey;
    namespace: string;
    hash: SshHash;
    raw: RawSignature;
}

const BEGIN = "-----BEGIN SSH SIGNATURE-----";
const END = "-----END SSH SIGNATURE-----";
const MAGIC = "SSHSIG";

/**
 * Reads an armoured signature.
 *
 * @throws RangeError with what is wrong with it
 */
export function parseSshSignature(armoured: string): SshSignature {
    const lines = armoured.trim().split(/\r?\n/);
    if (lines[0] !== BEGIN || lines.at(-1) !== END) throw new RangeError("it is not a signature of ssh-keygen");
    return readSshSignature(lines.slice(1, -1).join(""));
}

/** The same of its base64 alone. @throws RangeError */
export function readSshSignature(base64: string): SshSignature {
    const bytes = fromBase64(base64);
    if (bytes === undefined) throw new RangeError("it is not base64");
    const reader = new SshReader(bytes);
    if (String.fromCharCode(...reader.take(MAGIC.length)) !== MAGIC || reader.number() !== 1)
        throw new RangeError("it is not a signature of version 1");
    const blob = reader.field();
    const namespace = reader.text();
    if (reader.field().length > 0) throw new RangeError("its reserved field is not empty");
    const hash = reader.text();
    if (hash !== "sha256" && hash !== "sha512") throw new RangeError(`its hash ${hash} is not supported`);
    const raw = rawOf(reader.field());
    reader.end();
    return { blob: Uint8Array.from(blob), key: parseSshKey(blob), namespace, hash, raw };
}

/** The base64 inside of an armoured signature, on one line. */
export function sshSignatureBody(armoured: string): string {
    return armoured.trim().split(/\r?\n/).slice(1, -1).join("");
}

/** As `ssh-keygen` writes it to files. */
export function armourSshSignature(base64: string): string {
    return [BEGIN, ...(base64.match(/.{1,70}/g) ?? []), END, ""].join("\n");
}

function rawOf(bytes: Uint8Array): RawSignature {
    const reader = new SshReader(bytes);
    const raw: RawSignature = { algorithm: reader.text(), bytes: Uint8Array.from(reader.field()) };
    if (!raw.algorithm.startsWith("sk-")) {
        reader.end();
        return raw;
    }
    const token = { flags: reader.byte(), counter: reader.number() };
    reader.end();
    return { ...raw, token };
}

/** Whether a signature is of this message and in this namespace. */
export function verifySshSignature(
    signature: SshSignature,
    namespace: string,
    message: Uint8Array,
    crypto: SshCrypto,
): boolean {
    if (signature.namespace !== namespace) return false;
    const digest = crypto.hash(signature.hash, message);
    const signed = joinBytes(
        new TextEncoder().encode(MAGIC),
        sshField(namespace),
        sshField(""),
        sshField(signature.hash),
        sshField(digest),
    );
    return crypto.verify(signature.key, signature.raw, signed);
}

/** "SHA256:…", as OpenSSH shows a key. */
export function sshFingerprint(blob: Uint8Array, crypto: Pick<SshCrypto, "hash">): string {
    return `SHA256:${toBase64(crypto.hash("sha256", blob)).replace(/=+$/, "")}`;
}
