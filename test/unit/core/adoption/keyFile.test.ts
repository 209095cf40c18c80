import { privateKeyIn } from "../../../../core/adoption/keyFile.js";

const key = `${"A".repeat(42)}E=`;

it("takes the bare key, and the one PrivateKey line of a wg-quick file", () => {
    expect(privateKeyIn(`${key}\n`, "file")).toBe(key);
    expect(privateKeyIn(`[Interface]\nAddress = 10.8.0.1/24\n  privatekey=${key} # mine\n[Peer]\n`, "file")).toBe(key);
});

it.each([
    ["none", "[Interface]\nAddress = 10.8.0.1/24\n", "has no PrivateKey line"],
    ["two", `[Interface]\nPrivateKey = ${key}\nPrivateKey = ${key}\n`, "has more than one PrivateKey line"],
    ["nonsense", "hunter2hunter2", ""],
    ["nonsense in a line", "[Interface]\nPrivateKey = hunter2hunter2\n", ""],
])("refuses a file with %s, and never quotes it", (_, text, problem) => {
    const refused = () => privateKeyIn(text, "file:/etc/key");
    expect(refused).toThrow(`file:/etc/key: ${problem}`);
    expect(refused).toThrow(expect.not.objectContaining({ message: expect.stringMatching(/hunter2|AAAA/) }));
});
