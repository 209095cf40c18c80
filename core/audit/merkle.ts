import type { Primitives } from "./primitives.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** The Merkle tree of RFC 6962 section 2.1 over SHA-256, grown leaf by leaf in logarithmic memory. */
export class MerkleTree {
    /** Roots of the complete subtrees that make up the tree, largest first. */
    private readonly subtrees: { leaves: number; hash: Uint8Array }[] = [];
    private count = 0;

    constructor(private readonly primitives: Pick<Primitives, "sha256">) {}

    /** Number of leaves. */
    get size(): number {
        return this.count;
    }

    append(leaf: Uint8Array): void {
        let subtree = { leaves: 1, hash: this.primitives.sha256(LEAF, leaf) };
        for (let last = this.subtrees.at(-1); last?.leaves === subtree.leaves; last = this.subtrees.at(-1)) {
            subtree = { leaves: 2 * subtree.leaves, hash: this.primitives.sha256(NODE, last.hash, subtree.hash) };
            this.subtrees.pop();
        }
        this.subtrees.push(subtree);
        this.count += 1;
    }

    /** Base64. The empty tree's root is the hash of nothing. */
    root(): string {
        const [last, ...larger] = [...this.subtrees].reverse();
        if (last === undefined) return base64(this.primitives.sha256());
        return base64(larger.reduce((hash, left) => this.primitives.sha256(NODE, left.hash, hash), last.hash));
    }
}

function base64(bytes: Uint8Array): string {
    return Buffer.from(bytes).toString("base64");
}
