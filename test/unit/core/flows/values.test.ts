import { constantOf, isWord } from "../../../../core/flows/values.js";

it.each([
    ["10.8.0.2", "address", [0x0a080002n, 0x0a080002n]],
    [{ prefix: { addr: "10.8.0.0", len: 24 } }, "address", [0x0a080000n, 0x0a0800ffn]],
    [{ range: ["10.8.0.2", "10.8.0.4"] }, "address", [0x0a080002n, 0x0a080004n]],
    ["fd00::1", "address", [0xfd00n * 2n ** 112n + 1n, 0xfd00n * 2n ** 112n + 1n]],
    [22, "port", [22, 22]],
    [{ range: [80, 90] }, "port", [80, 90]],
    ["tcp", "protocol", [6, 6]],
    [17, "protocol", [17, 17]],
    ["echo-request", "icmp type", [8, 8]],
    ["echo-request", "icmpv6 type", [128, 128]],
] as const)("understands %j as %s", (value, kind, range) => {
    expect(constantOf(value, kind)).toEqual({ range });
});

it.each([
    ["host.example", "address"],
    [{ "|": [1, 2] }, "number"],
    ["ssh", "port"],
    ["nonsense", "protocol"],
    [7, "word"],
] as const)("does not understand %j as %s", (value, kind) => {
    expect(constantOf(value, kind)).toBeUndefined();
});

it("takes an asterisk at the end of a name for any end", () => {
    expect([isWord("wg*", "wg0"), isWord("wg*", "eth0"), isWord("wg0", "wg0"), isWord("wg", "wg0")]).toEqual([
        true,
        false,
        true,
        false,
    ]);
});
