import { createHash } from "node:crypto";

import { MerkleTree } from "../../../../core/audit/merkle.js";
import { noblePrimitives } from "../../../../core/audit/noble.js";

test("every tree of up to 70 leaves has the root that the definition of RFC 6962 gives", () => {
    const tree = new MerkleTree(noblePrimitives);
    const leaves: Buffer[] = [];
    expect(tree.root()).toBe("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    for (let n = 0; n < 70; n++) {
        leaves.push(Buffer.from(`leaf ${n}`));
        tree.append(Buffer.from(`leaf ${n}`));
        expect([n, tree.size, tree.root()]).toEqual([n, n + 1, definition(leaves).toString("base64")]);
    }
});

test("the published roots of certificate transparency's test leaves", () => {
    const tree = new MerkleTree(noblePrimitives);
    const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const roots = leaves.map((leaf) => {
        tree.append(Buffer.from(leaf, "hex"));
        return Buffer.from(tree.root(), "base64").toString("hex");
    });
    expect([roots[0], roots[1], roots[7]]).toEqual([
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]);
});

/** Section 2.1, word for word and slow. */
function definition(leaves: Buffer[]): Buffer {
    const [only] = leaves;
    if (only === undefined) return sha256(Buffer.alloc(0));
    if (leaves.length === 1) return sha256(Buffer.from([0]), only);
    let k = 1;
    while (2 * k < leaves.length) k *= 2;
    return sha256(Buffer.from([1]), definition(leaves.slice(0, k)), definition(leaves.slice(k)));
}

function sha256(...parts: Buffer[]): Buffer {
    return createHash("sha256").update(Buffer.concat(parts)).digest();
}
