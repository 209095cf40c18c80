import { MerkleTree } from "../../../../core/audit/merkle.js";
import { noblePrimitives } from "../../../../core/audit/noble.js";
import {
    consistencyProof,
    inclusionProof,
    leafHash,
    rootOf,
    verifyConsistency,
    verifyInclusion,
} from "../../../../core/audit/proof.js";
import { nativePrimitives as primitives } from "../../../../providers/audit/primitives.js";

const SIZE = 40;
const data = Array.from({ length: SIZE }, (_, n) => Buffer.from(`leaf ${n}`));
const leaves = data.map((leaf) => leafHash(leaf, primitives));
const roots = Array.from({ length: SIZE + 1 }, (_, size) => rootOf(leaves.slice(0, size), primitives));

test("roots are those of the tree that grows leaf by leaf", () => {
    const tree = new MerkleTree(primitives);
    for (let size = 0; size <= SIZE; size++) {
        expect(Buffer.from(roots[size]!).toString("base64")).toBe(tree.root());
        if (size < SIZE) tree.append(data[size]!);
    }
});

test("every leaf of every tree is proven, and nothing else is", () => {
    let refused = 0;
    for (let size = 1; size <= SIZE; size++) {
        for (let index = 0; index < size; index++) {
            const path = inclusionProof(leaves.slice(0, size), index, primitives);
            const claim = { index, size, leaf: leaves[index]!, root: roots[size]!, path };
            expect(verifyInclusion(claim, noblePrimitives)).toBe(true);
            const wrong = [
                { ...claim, leaf: leaves[(index + 1) % SIZE]! },
                { ...claim, index: index + 1 },
                { ...claim, index: index - 1 },
                { ...claim, root: roots[size - 1]! },
                { ...claim, path: [...path, path[0] ?? leaves[0]!] },
                ...path.map((_hash, at) => ({ ...claim, path: path.filter((_, other) => other !== at) })),
                ...path.map((hash, at) => ({ ...claim, path: path.with(at, flipped(hash)) })),
            ];
            for (const other of wrong) {
                expect([other.index, size, verifyInclusion(other, primitives)]).toEqual([other.index, size, false]);
                refused += 1;
            }
        }
    }
    expect(refused).toBeGreaterThan((8 * SIZE * SIZE) / 2);
});

test("every earlier tree is proven to be the beginning of every later one, and no other is", () => {
    let refused = 0;
    for (let size = 1; size <= SIZE; size++) {
        for (let old = 1; old <= size; old++) {
            const path = consistencyProof(leaves.slice(0, size), old, primitives);
            const claim = { first: { size: old, root: roots[old]! }, second: { size, root: roots[size]! }, path };
            expect([old, size, verifyConsistency(claim, noblePrimitives)]).toEqual([old, size, true]);
            const fork = rootOf(leaves.with(old - 1, flipped(leaves[old - 1]!)).slice(0, old), primitives);
            const wrong = [
                { ...claim, first: { size: old, root: fork } },
                { ...claim, second: { size, root: flipped(roots[size]!) } },
                { ...claim, path: [...path, path[0] ?? leaves[0]!] },
                ...path.map((_hash, at) => ({ ...claim, path: path.filter((_, other) => other !== at) })),
                ...path.map((hash, at) => ({ ...claim, path: path.with(at, flipped(hash)) })),
            ];
            for (const other of wrong) {
                expect([old, size, verifyConsistency(other, primitives)]).toEqual([old, size, false]);
                refused += 1;
            }
        }
    }
    expect(refused).toBeGreaterThan((8 * SIZE * SIZE) / 2);
});

test("the published proofs of certificate transparency's test leaves", () => {
    const inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const hashes = inputs.map((leaf) => leafHash(Buffer.from(leaf, "hex"), primitives));
    const hex = (path: Uint8Array[]): string[] => path.map((hash) => Buffer.from(hash).toString("hex"));
    expect(hex(inclusionProof(hashes, 0, primitives))).toEqual([
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]);
    expect(hex(consistencyProof(hashes, 6, primitives))).toEqual([
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
});

test.each([-1, 3, 0.5, NaN])("there is no proof for leaf %p of three", (index) => {
    expect(() => inclusionProof(leaves.slice(0, 3), index, primitives)).toThrow(RangeError);
});

test.each([0, 4, 0.5, NaN])("there is no proof for an earlier tree of %p of three leaves", (size) => {
    expect(() => consistencyProof(leaves.slice(0, 3), size, primitives)).toThrow(RangeError);
});

function flipped(hash: Uint8Array): Uint8Array {
    return hash.with(0, hash[0]! ^ 1);
}
