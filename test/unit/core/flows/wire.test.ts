import { exampleIn, misowned, ownedBy, rangeFor, remaining, routable } from "../../../../core/flows/wire.js";

const on = (name: string, ...allowedIps: string[]) => ({ name, interface: "wg0", allowedIps });
const text = (all: { name: string; range: readonly [unknown, unknown] }[]): string[] =>
    all.map(({ name, range: [low, high] }) => `${name} ${String(low)}-${String(high)}`);
const range = (cidr: string): string => rangeFor(cidr).map(String).join("-");

it("gives an address to the longest prefix that has it", () => {
    const owned = ownedBy([on("net", "10.0.0.0/30"), on("one", "10.0.0.2/32", "fd00::/64")], 4);
    expect(text(owned)).toEqual([
        `one ${range("10.0.0.2/32")}`,
        `net ${range("10.0.0.0/31")}`,
        `net ${range("10.0.0.3/32")}`,
    ]);
});

it("gives each address on two interfaces, as while the relay's key is rotated", () => {
    const both = ["wg0", "wg0b"].map((device) => ({ ...on("a", "10.0.0.2/32"), interface: device }));
    expect(ownedBy(both, 4)).toHaveLength(2);
});

it("finds what the wire gives to a peer and the program does not", () => {
    const program = ownedBy([on("a", "10.0.0.2/32"), on("b", "10.0.0.3/32")], 4);
    expect(misowned(program, program)).toEqual([]);
    expect(
        text(misowned(ownedBy([on("a", "10.0.0.2/32", "10.0.0.3/32"), on("c", "10.0.0.9/32")], 4), program)),
    ).toEqual([`a ${range("10.0.0.3/32")}`, `c ${range("10.0.0.9/32")}`]);
});

it("shows an address for documentation, where it can", () => {
    const outside = remaining(routable(4), [rangeFor("10.8.0.0/24")]);
    expect(outside.some(([low]) => low === rangeFor("127.0.0.1")[0])).toBe(false);
    expect(exampleIn(outside.at(-1)!, 4)).toBe(rangeFor("192.0.2.1")[0]);
    expect(exampleIn(rangeFor("10.0.0.0/8"), 4)).toBe(rangeFor("10.0.0.0")[0]);
});
