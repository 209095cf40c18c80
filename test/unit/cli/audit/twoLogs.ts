/** Two logs of two parties, and what is made of the other's. */
import { consistencyProof, leafHash } from "../../../../core/audit/proof.js";
import { nativePrimitives } from "../../../../providers/audit/primitives.js";
import { entry, makeLog, OTHER_SEED, type TestLog } from "../../core/audit/logs.js";

/** The other party's log when it had so many records, or one that begins alike and then differs. */
export function birch(size: number, message = "entry"): TestLog {
    const entries = Array.from({ length: size - 1 }, (_, n) =>
        entry(n + 1, { message: n === 0 ? "entry" : `${message} ${n}` }),
    );
    return makeLog(entries, { origin: { project: "birch", stack: "prod" }, seed: OTHER_SEED });
}

export const ORIGIN = `qp-tunnel/birch/prod/${birch(1).log.genesis.slice(0, 16)}`;
export const { publicKey: BIRCH_KEY } = birch(1).log;

/** Hashes, base64, that one begins with the other. */
export function proofSince(old: number, { texts }: TestLog): string[] {
    const leaves = texts.map((text) => leafHash(Buffer.from(text.slice(0, -1)), nativePrimitives));
    return consistencyProof(leaves, old, nativePrimitives).map((hash) => Buffer.from(hash).toString("base64"));
}

/** An offer with a checkpoint, as text. */
export function offerOf(log: TestLog, since = 0): string {
    const { note } = log.checkpoint;
    const proof = since === 0 ? {} : { since, path: proofSince(since, log) };
    return JSON.stringify({ format: "qp-tunnel-offer/1", from: "birch", peers: [], log: { note, ...proof } });
}
