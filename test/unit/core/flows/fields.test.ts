import { fieldOf } from "../../../../core/flows/fields.js";
import { Split } from "../../../../core/flows/packet.js";
import { LINK_GROUP } from "../../../../core/wireguard/linkGroup.js";
import { OURS, packet } from "./relays.js";

const read = (left: unknown, of = packet()) => fieldOf(left, OURS)?.read(of);
const header = (protocol: string, field: string): object => ({ payload: { protocol, field } });

it.each([
    [{ meta: { key: "iifname" } }, { word: "wg0" }],
    [{ meta: { key: "nfproto" } }, { word: "ipv4" }],
    [{ meta: { key: "protocol" } }, { word: "ip" }],
    [{ meta: { key: "l4proto" } }, { dim: "proto" }],
    [{ meta: { key: "mark" } }, { number: 0 }],
    [{ meta: { key: "iifgroup" } }, { number: LINK_GROUP }],
    [{ ct: { key: "state" } }, { word: "new" }],
    [{ ct: { key: "direction" } }, { word: "original" }],
    [{ ct: { key: "ip daddr", dir: "original" } }, { dim: "daddr" }],
    [{ ct: { key: "ip6 daddr", dir: "original" } }, "absent"],
    [{ fib: { result: "type", flags: ["daddr"] } }, { word: "unicast" }],
    [header("ip", "saddr"), { dim: "saddr" }],
    [header("ip6", "saddr"), "absent"],
    [header("tcp", "dport"), { dim: "dport" }],
    [header("udp", "dport"), "absent"],
    [header("th", "sport"), { dim: "sport" }],
    [header("icmp", "type"), "absent"],
    [header("icmp", "code"), "absent"],
    [header("sctp", "dport"), "absent"],
    [header("tcp", "window"), undefined],
    [header("ip", "ttl"), undefined],
    [header("ip6", "hoplimit"), "absent"],
])("reads %j", (left, reading) => {
    expect(read(left)).toEqual(reading);
});

it.each([
    { meta: { key: "skuid" } },
    header("ether", "saddr"),
    { ct: { key: "count" } },
    { fib: { result: "oif", flags: ["saddr", "iif"] } },
])("does not understand %j", (left) => {
    expect(fieldOf(left, OURS)).toBeUndefined();
});

it("does not know what another machine's interface is grouped in, the first addresses of a translated connection, or ports of other protocols", () => {
    expect(read({ meta: { key: "iifgroup" } }, packet({ iif: "eth0" }))).toBeUndefined();
    expect(read({ ct: { key: "ip saddr", dir: "original" } }, packet({ natted: true }))).toBeUndefined();
    expect(read(header("th", "dport"), packet({ proto: 47 }))).toBeUndefined();
});

it("has no interface before it is decided where to, and of what the machine sends itself", () => {
    const own = packet({ iif: "" });
    expect(read({ meta: { key: "iifname" } }, own)).toEqual({ word: "" });
    expect(read({ meta: { key: "iifgroup" } }, own)).toBe("absent");
});

it("finds no connection where a packet is not tracked", () => {
    const early = packet({ state: "invalid" });
    expect(read({ ct: { key: "direction" } }, early)).toBe("absent");
    expect(read({ ct: { key: "ip saddr", dir: "original" } }, packet({ state: "untracked" }))).toBe("absent");
    expect(read({ ct: { key: "state" } }, early)).toEqual({ word: "invalid" });
});

it("parts packets of several protocols", () => {
    const all = packet();
    const mixed = { ...all, box: { ...all.box, proto: [0, 255] as const } };
    expect(() => read(header("tcp", "dport"), mixed)).toThrow(Split);
});
