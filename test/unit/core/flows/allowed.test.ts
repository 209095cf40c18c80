import { allowedBy, pings, Program } from "../../../../core/flows/allowed.js";
import { type Box, Split } from "../../../../core/flows/packet.js";
import { rangeFor } from "../../../../core/flows/wire.js";

const RIGHTS = [
    { from: "alice", to: "nas", ports: "tcp/22", by: "grants[0]" },
    { from: "alice", to: "192.168.7.0/24", ports: "udp/100-200", by: "grants[1]" },
    { from: "bob", to: "nas", ports: "icmp", by: "grants[2]" },
    { from: "192.168.7.0/24", to: "bob", ports: "all", by: "grants[3]" },
];
const ADDRESSES = { alice: ["10.8.0.2", "fd00:8::2"], bob: ["10.8.0.3"], nas: ["10.8.0.4", "fd00:8::4"] };
const program = new Program(allowedBy(RIGHTS, ADDRESSES));

function box(saddr: string, daddr: string, proto: number, dport: number | [number, number] = 0, type = 0): Box {
    const ports = typeof dport === "number" ? ([dport, dport] as const) : dport;
    return {
        saddr: rangeFor(saddr),
        daddr: rangeFor(daddr),
        proto: [proto, proto],
        sport: [0, 65535],
        dport: ports,
        type: [type, type],
    };
}
const by = (family: 4 | 6, asked: Box) => program.allows(family, asked)?.right.by;

it("looks up what allows packets, each family for itself", () => {
    expect(allowedBy(RIGHTS, ADDRESSES)).toHaveLength(5);
    expect(by(4, box("10.8.0.2", "10.8.0.4", 6, 22))).toBe("grants[0]");
    expect(by(6, box("fd00:8::2", "fd00:8::4", 6, 22))).toBe("grants[0]");
    expect(by(4, box("10.8.0.2", "10.8.0.4", 17, 22))).toBeUndefined();
    expect(by(4, box("10.8.0.2", "192.168.7.0/25", 17, [100, 110]))).toBe("grants[1]");
    expect(by(4, box("192.168.7.9", "10.8.0.3", 47))).toBe("grants[3]");
});

it("icmp allows pings alone", () => {
    expect([by(4, box("10.8.0.3", "10.8.0.4", 1, 0, 8)), by(4, box("10.8.0.3", "10.8.0.4", 1, 0, 13))]).toEqual([
        "grants[2]",
        undefined,
    ]);
});

it("parts packets of which some are allowed", () => {
    expect(() => by(4, box("10.8.0.2", "10.8.0.4", 6, [0, 65535]))).toThrow(Split);
    expect(() => by(4, box("10.8.0.0/24", "10.8.0.4", 6, 22))).toThrow(Split);
});

it("the relay may be pinged by each peer, and ping it", () => {
    const found = pings(["10.8.0.1"], ["10.8.0.2", "fd00:8::2"]);
    expect(found.map(({ saddr, daddr }) => [saddr[0], daddr[0]])).toEqual([
        [0x0a080002n, 0x0a080001n],
        [0x0a080001n, 0x0a080002n],
    ]);
});
