/**
 * Merkle proofs of RFC 6962 section 2.1: that a line is in the log a checkpoint pins (inclusion), and that one checkpoint's
 * log begins with another's (consistency). They let an auditor check a record, or a witness a checkpoint, without the log.
 */
import type { Primitives } from "./primitives.js";

type Sha256 = Pick<Primitives, "sha256">;

/** Hash of a leaf: a line without its newline. */
export function leafHash(leaf: Uint8Array, { sha256 }: Sha256): Uint8Array {
    return sha256(LEAF, leaf);
}

/** Root over leaf hashes, section 2.1. */
export function rootOf(leaves: readonly Uint8Array[], primitives: Sha256): Uint8Array {
    return subtree(leaves, 0, leaves.length, primitives);
}

/**
 * The audit path of a leaf, nearest sibling first (section 2.1.1).
 *
 * @param leaves hashes of all leaves
 * @param index from 0
 */
export function inclusionProof(leaves: readonly Uint8Array[], index: number, primitives: Sha256): Uint8Array[] {
    if (!Number.isInteger(index) || index < 0 || index >= leaves.length) throw new RangeError(`no leaf ${index}`);
    const path: Uint8Array[] = [];
    let [from, to] = [0, leaves.length];
    while (to - from > 1) {
        const middle = from + split(to - from);
        if (index < middle) {
            path.push(subtree(leaves, middle, to, primitives));
            to = middle;
        } else {
            path.push(subtree(leaves, from, middle, primitives));
            from = middle;
        }
    }
    return path.reverse();
}

/** Whether the path leads from the leaf to the root (RFC 9162 section 2.1.3.2). */
export function verifyInclusion(
    claim: { index: number; size: number; leaf: Uint8Array; root: Uint8Array; path: readonly Uint8Array[] },
    { sha256 }: Sha256,
): boolean {
    const { index, size, leaf, root, path } = claim;
    if (!isCount(index) || !isCount(size) || index >= size) return false;
    let [node, last] = [index, size - 1];
    let hash = leaf;
    for (const sibling of path) {
        if (last === 0) return false;
        if (node % 2 === 1 || node === last) {
            hash = sha256(NODE, sibling, hash);
            [node, last] = skipLone(node, last);
        } else {
            hash = sha256(NODE, hash, sibling);
        }
        [node, last] = [half(node), half(last)];
    }
    return last === 0 && equal(hash, root);
}

/**
 * That the tree of the first `size` leaves is the beginning of the whole (section 2.1.2).
 *
 * @param leaves hashes of all leaves
 */
export function consistencyProof(leaves: readonly Uint8Array[], size: number, primitives: Sha256): Uint8Array[] {
    if (!Number.isInteger(size) || size < 1 || size > leaves.length) throw new RangeError(`no tree of ${size} leaves`);
    const path: Uint8Array[] = [];
    let [from, to] = [0, leaves.length];
    // Whether the subtree looked at begins where the old tree does: then the verifier knows its root already.
    let known = true;
    while (size < to) {
        const middle = from + split(to - from);
        if (size <= middle) {
            path.push(subtree(leaves, middle, to, primitives));
            to = middle;
        } else {
            path.push(subtree(leaves, from, middle, primitives));
            from = middle;
            known = false;
        }
    }
    if (!known) path.push(subtree(leaves, from, to, primitives));
    return path.reverse();
}

/** Whether the path shows that the second tree begins with the first (RFC 9162 section 2.1.4.2). */
export function verifyConsistency(
    claim: {
        first: { size: number; root: Uint8Array };
        second: { size: number; root: Uint8Array };
        path: readonly Uint8Array[];
    },
    { sha256 }: Sha256,
): boolean {
    const { first, second, path } = claim;
    if (!isCount(first.size) || !isCount(second.size) || first.size < 1 || first.size > second.size) return false;
    if (first.size === second.size) return path.length === 0 && equal(first.root, second.root);
    const [start, ...rest] = isPowerOfTwo(first.size) ? [first.root, ...path] : path;
    if (start === undefined) return false;
    let [node, last] = [first.size - 1, second.size - 1];
    while (node % 2 === 1) [node, last] = [half(node), half(last)];
    let [old, whole] = [start, start];
    for (const sibling of rest) {
        if (last === 0) return false;
        if (node % 2 === 1 || node === last) {
            old = sha256(NODE, sibling, old);
            whole = sha256(NODE, sibling, whole);
            [node, last] = skipLone(node, last);
        } else {
            whole = sha256(NODE, whole, sibling);
        }
        [node, last] = [half(node), half(last)];
    }
    return last === 0 && equal(old, first.root) && equal(whole, second.root);
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

function subtree(leaves: readonly Uint8Array[], from: number, to: number, primitives: Sha256): Uint8Array {
    if (to === from) return primitives.sha256();
    if (to - from === 1) return leaves[from] as Uint8Array;
    const middle = from + split(to - from);
    return primitives.sha256(NODE, subtree(leaves, from, middle, primitives), subtree(leaves, middle, to, primitives));
}

/** The largest power of two below `count`. */
function split(count: number): number {
    let size = 1;
    while (2 * size < count) size *= 2;
    return size;
}

/** A right edge without a sibling is carried up until it has one. */
function skipLone(node: number, last: number): [number, number] {
    let [at, end] = [node, last];
    while (at % 2 === 0 && at !== 0) [at, end] = [half(at), half(end)];
    return [at, end];
}

function half(count: number): number {
    return Math.floor(count / 2);
}

function isCount(value: number): boolean {
    return Number.isSafeInteger(value) && value >= 0;
}

function isPowerOfTwo(value: number): boolean {
    return split(value + 1) === value;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
