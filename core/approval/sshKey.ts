import { fromBase64, SshReader } from "./sshWire.js";

/** A public key of OpenSSH, as far as signatures are checked with it. */
export type SshPublicKey =
    | { kind: "ed25519"; point: Uint8Array; application?: string }
    | { kind: "ecdsa"; curve: EcdsaCurve; point: Uint8Array; application?: string }
    | { kind: "rsa"; exponent: Uint8Array; modulus: Uint8Array };

export type EcdsaCurve = "nistp256" | "nistp384" | "nistp521";

/**
 * Reads a key's binary form. Keys on a token ("sk-…") have an application, which their signatures are bound to.
 *
 * @throws RangeError with what is wrong with it
 */
export function parseSshKey(blob: Uint8Array): SshPublicKey {
    const reader = new SshReader(blob);
    const key = keyOf(reader.text(), reader);
    reader.end();
    return key;
}

/** The key in the words of a file: "ssh-ed25519" and base64. @throws RangeError */
export function parseSshKeyText(type: string, base64: string): { key: SshPublicKey; blob: Uint8Array } {
    const blob = fromBase64(base64);
    if (blob === undefined) throw new RangeError("its key is not base64");
    if (new SshReader(blob).text() !== type) throw new RangeError(`its key is not of the type ${type}`);
    return { key: parseSshKey(blob), blob };
}

function keyOf(type: string, reader: SshReader): SshPublicKey {
    switch (type) {
        case "ssh-ed25519":
            return { kind: "ed25519", point: exactly(reader.field(), 32) };
        case "sk-ssh-ed25519@openssh.com":
            return { kind: "ed25519", point: exactly(reader.field(), 32), application: reader.text() };
        case "ecdsa-sha2-nistp256":
        case "ecdsa-sha2-nistp384":
        case "ecdsa-sha2-nistp521":
            return ecdsaOf(type.slice("ecdsa-sha2-".length) as EcdsaCurve, reader);
        case "sk-ecdsa-sha2-nistp256@openssh.com":
            return { ...ecdsaOf("nistp256", reader), application: reader.text() };
        case "ssh-rsa":
            return rsaOf(reader);
        default:
            throw new RangeError(
                "its key is of a type that is not supported: use ed25519, ecdsa, rsa, or one on a token",
            );
    }
}

/** Bytes of a coordinate. */
export const COORDINATE: Record<EcdsaCurve, number> = { nistp256: 32, nistp384: 48, nistp521: 66 };

function ecdsaOf(curve: EcdsaCurve, reader: SshReader): SshPublicKey & { kind: "ecdsa" } {
    if (reader.text() !== curve) throw new RangeError("its curve is not the one of its type");
    const point = exactly(reader.field(), 1 + 2 * COORDINATE[curve]);
    if (point[0] !== 4) throw new RangeError("its point is not in the uncompressed form");
    return { kind: "ecdsa", curve, point };
}

const SHORTEST_RSA = 2048;

function rsaOf(reader: SshReader): SshPublicKey {
    const [exponent, modulus] = [positive(reader.field()), positive(reader.field())];
    const bits = (modulus.length - 1) * 8 + (32 - Math.clz32(modulus[0] ?? 0));
    if (bits < SHORTEST_RSA)
        throw new RangeError(`its RSA key has ${bits} bits: at least ${SHORTEST_RSA} are required`);
    return { kind: "rsa", exponent, modulus };
}

/** A number without the zero bytes in front that keep it positive. */
export function positive(number: Uint8Array): Uint8Array {
    let start = 0;
    while (start < number.length && number[start] === 0) start++;
    return number.subarray(start);
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
    if (bytes.length !== length) throw new RangeError(`its key has ${bytes.length} bytes where ${length} are expected`);
    return bytes;
}
