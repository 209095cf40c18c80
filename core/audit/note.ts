/**
 * Checkpoints as signed notes (C2SP signed-note and tlog-checkpoint): three lines of text that anyone can keep,
 * compare and check without the log.
 *
 * ```
 * qp-tunnel/shop/dev/3f1c...          origin: project, stack and the first 16 characters of the log's name
 * 42                                  number of lines
 * CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2m   Merkle root, base64
 *
 * — qp-tunnel/shop/dev/3f1c... Az3gr…  key's name, base64 of key id (4 bytes) and Ed25519 signature (64)
 * ```
 */
import { AuditError } from "../errors.js";
import type { LogIdentity } from "./capsule.js";
import { isUsablePublicKey, type Primitives, type Signer } from "./primitives.js";
import type { Checkpoint } from "./record.js";

/** What a note says, its signatures not yet checked. */
export interface Note {
    origin: string;
    size: number;
    /** Base64. */
    root: string;
    /** The signed bytes as text, last newline included. */
    text: string;
    signatures: { name: string; keyId: string; signature: string }[];
}

const ED25519 = 0x01;
/** Ed25519 cosignature of a witness, with its time (C2SP tlog-cosignature). */
const COSIGNATURE = 0x04;
const SIGNATURE_LINE = /^— (\S+) (\S+)$/u;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Name of a log, and of its key, in notes. */
export function noteOrigin(log: LogIdentity): string {
    return `qp-tunnel/${log.project}/${log.stack}/${(log.genesis ?? "").slice(0, 16)}`;
}

export function formatNote(
    log: LogIdentity,
    tree: Pick<Checkpoint, "size" | "root">,
    signer: Signer,
    primitives: Pick<Primitives, "sha256">,
): string {
    const origin = noteOrigin(log);
    const text = `${origin}\n${tree.size}\n${tree.root}\n`;
    const signed = keyId(origin, signer.publicKey, primitives) + signer.sign(text);
    return `${text}\n— ${origin} ${Buffer.from(signed, "hex").toString("base64")}\n`;
}

/** @throws AuditError naming what is not as the format demands */
export function parseNote(note: string): Note {
    const end = note.indexOf("\n\n");
    if (end < 0 || !note.endsWith("\n")) throw malformed("it has no signatures after an empty line");
    const text = note.slice(0, end + 1);
    const [origin = "", size = "", root = "", ...extensions] = text.slice(0, -1).split("\n");
    if (origin === "" || /[\s+]/u.test(origin)) throw malformed("its first line is not an origin");
    if (!/^(0|[1-9]\d*)$/.test(size) || !Number.isSafeInteger(Number(size)))
        throw malformed("its second line is not a size");
    if (!BASE64.test(root) || Buffer.from(root, "base64").length !== 32)
        throw malformed("its third line is not a root hash");
    if (extensions.length > 0) throw malformed("it has more than three lines of text");
    const signatures = note
        .slice(end + 2, -1)
        .split("\n")
        .map(parseSignature);
    return { origin, size: Number(size), root, text, signatures };
}

/**
 * Whether the log's own key signed the note. Signatures of other keys are left alone, as the format demands.
 *
 * @throws AuditError when it did not, or the note is another log's
 */
export function verifyNote(note: Note, log: LogIdentity, primitives: Pick<Primitives, "sha256" | "verify">): void {
    const origin = noteOrigin(log);
    if (note.origin !== origin) throw malformed(`it belongs to ${note.origin}, the log is ${origin}`);
    verifyNoteBy(note, log.publicKey, primitives);
}

/**
 * Whether a key signed the note in its origin's name.
 *
 * @throws AuditError when it did not
 */
export function verifyNoteBy(note: Note, publicKey: string, primitives: Pick<Primitives, "sha256" | "verify">): void {
    const id = keyId(note.origin, publicKey, primitives);
    const ours = note.signatures.filter(({ name, keyId }) => name === note.origin && keyId === id);
    if (ours.length === 0) throw malformed("the log's key did not sign it");
    const usable = isUsablePublicKey(publicKey);
    if (!usable || !ours.every(({ signature }) => verify(signature))) throw malformed("its signature is wrong");

    function verify(signature: string): boolean {
        return signature.length === 128 && primitives.verify(publicKey, note.text, signature);
    }
}

/**
 * A witness's line under a note (C2SP tlog-cosignature, Ed25519): this log had grown to this tree by this time, and the
 * witness never signed another that contradicts it.
 *
 * @param name the witness's, for instance `witness.example/shop`
 * @param seconds since 1970-01-01T00:00:00Z
 */
export function cosign(
    note: Note,
    name: string,
    seconds: number,
    signer: Signer,
    primitives: Pick<Primitives, "sha256">,
): string {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(seconds));
    const id = keyId(name, signer.publicKey, primitives, COSIGNATURE);
    const signature = signer.sign(cosigned(note, seconds));
    const bytes = Buffer.concat([Buffer.from(id, "hex"), time, Buffer.from(signature, "hex")]);
    return `— ${name} ${bytes.toString("base64")}\n`;
}

/**
 * @returns when the witness saw it, in seconds since 1970; undefined when it is not among the signatures
 * @throws AuditError when its signature is wrong
 */
export function verifyCosignature(
    note: Note,
    witness: { name: string; publicKey: string },
    primitives: Pick<Primitives, "sha256" | "verify">,
): number | undefined {
    const id = keyId(witness.name, witness.publicKey, primitives, COSIGNATURE);
    const theirs = note.signatures.filter(({ name, keyId }) => name === witness.name && keyId === id);
    let latest: number | undefined;
    for (const { signature } of theirs) {
        const seconds = Number(BigInt(`0x${signature.slice(0, 16)}`));
        const valid =
            signature.length === 16 + 128 &&
            Number.isSafeInteger(seconds) &&
            isUsablePublicKey(witness.publicKey) &&
            primitives.verify(witness.publicKey, cosigned(note, seconds), signature.slice(16));
        if (!valid) throw malformed(`the cosignature of ${witness.name} is wrong`);
        latest = Math.max(latest ?? 0, seconds);
    }
    return latest;
}

function cosigned(note: Note, seconds: number): string {
    return `cosignature/v1\ntime ${seconds}\n${note.text}`;
}

function parseSignature(line: string): Note["signatures"][number] {
    const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? [];
    if (name === undefined || encoded === undefined || name.includes("+") || !BASE64.test(encoded)) {
        throw malformed(`${JSON.stringify(line)} is not a signature line`);
    }
    const bytes = Buffer.from(encoded, "base64");
    if (bytes.length < 5 || bytes.toString("base64") !== encoded) {
        throw malformed(`${JSON.stringify(line)} is not a signature line`);
    }
    return { name, keyId: bytes.toString("hex", 0, 4), signature: bytes.toString("hex", 4) };
}

/** Four bytes, hex: SHA-256 of the name, a newline, the algorithm and the key. */
function keyId(
    name: string,
    publicKey: string,
    primitives: Pick<Primitives, "sha256">,
    algorithm: number = ED25519,
): string {
    const digest = primitives.sha256(Buffer.from(`${name}\n`), Uint8Array.of(algorithm), Buffer.from(publicKey, "hex"));
    return Buffer.from(digest.subarray(0, 4)).toString("hex");
}

function malformed(problem: string): AuditError {
    return new AuditError("checkpoint note", problem, "use an unmodified checkpoint");
}
