import { mockKey, mockSshKey } from "../../../../core/mocks/keys.js";
import { parsePrivateKey, parsePublicKey } from "../../../../core/keys/index.js";

it("has the form of a key, and says that it is none", () => {
    expect(mockKey("private", "alice")).toBe("mock/private/alice/AAAAAAAAAAAAAAAAAAAAAAAA=");
    for (const name of ["alice", "n_a-s", "0", "x".repeat(63)]) {
        const [publicKey, privateKey] = [mockKey("public", name), mockKey("private", name)];
        expect(parsePublicKey(publicKey, "key")).toBe(publicKey);
        expect(parsePrivateKey(privateKey, "key")).toBe(privateKey);
    }
});

it("is another one for each name", () => {
    const names = ["a-b", "a_b", "a/b", "x".repeat(62), "x".repeat(63), `${"x".repeat(62)}y`, "ab", "ab/"];
    expect(new Set(names.map((name) => mockKey("public", name))).size).toBe(names.length);
});

it("is an Ed25519 key of SSH with the name in it", () => {
    const key = mockSshKey("office-host");
    expect(key).toMatch(/^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMock\/office\/host\//);
    const bytes = Buffer.from(key.split(" ")[1]!, "base64");
    expect(bytes.subarray(0, 19).toString("latin1")).toBe("\0\0\0\x0bssh-ed25519\0\0\0\x20");
    expect(bytes).toHaveLength(19 + 32);
});
