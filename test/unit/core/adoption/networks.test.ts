import { membershipOf, refuseOverlaps, type Tunnel, tunnelOf } from "../../../../core/adoption/networks.js";
import type { Fault } from "../../../../core/fault.js";

const tunnel: Tunnel = { subnet: "10.8.0.0/24", left: [] };
const both: Tunnel = { ...tunnel, subnet6: "fd00:8::/64" };

function member(allowed: string[], of: Tunnel = tunnel) {
    const faults: Fault[] = [];
    const { address, routes, left } = membershipOf("alice", allowed, of, (fault) => void faults.push(fault));
    return { address, routes, left: left.length, faults: faults.map(({ path, problem }) => `${path} ${problem}`) };
}

describe("a peer's allowed IPs", () => {
    it("are its address, the first single one in the tunnel, and the networks behind it", () => {
        expect(member(["10.8.0.7/32", "192.168.7.0/24", "192.168.6.5"])).toEqual({
            address: "10.8.0.7",
            routes: ["192.168.6.5/32", "192.168.7.0/24"],
            left: 0,
            faults: [],
        });
    });

    it("hold networks that contain others, host bits and all", () => {
        expect(member(["10.8.0.7/32", "192.168.7.9/24", "192.168.7.0/25"]).routes).toEqual(["192.168.7.0/24"]);
    });

    it.each([
        ["a second address", ["10.8.0.8/32"]],
        ["the relay's own", ["10.8.0.1/32"]],
        ["a default route", ["0.0.0.0/0"]],
        ["a part of the tunnel", ["10.8.0.64/26"]],
        ["more than the tunnel", ["10.0.0.0/8"]],
        ["IPv6 without any in the tunnel", ["fd00:9::/64"]],
        ["what is not routed", ["169.254.0.0/16"]],
    ])("leave out %s, which is said", (_, more) => {
        expect(member(["10.8.0.7/32", ...more])).toEqual({ address: "10.8.0.7", routes: [], left: 1, faults: [] });
    });

    it("give no address where there is none in the tunnel", () => {
        expect(member(["192.168.7.0/24"])).toMatchObject({ address: undefined, left: 1 });
        expect(member(["10.8.0.7/32"], both)).toMatchObject({ address: "10.8.0.7", left: 1 });
        expect(member(["10.8.0.7/32", "fd00:8::7/128"], both)).toMatchObject({ left: 0 });
    });

    it("cannot be an address that is nobody's, or none at all", () => {
        expect(member(["10.8.0.255/32"]).faults).toEqual([
            "alice has 10.8.0.255, the broadcast address of 10.8.0.0/24",
        ]);
        expect(member(["10.8.0.0/32"]).faults).toEqual(["alice has 10.8.0.0, the network address of 10.8.0.0/24"]);
        expect(member(["10.8.0.7/32", "nonsense"])).toMatchObject({
            address: "10.8.0.7",
            faults: [expect.any(String)],
        });
    });
});

describe("the tunnel's networks", () => {
    it("are those behind the relay's first address of each family", () => {
        expect(tunnelOf(["10.8.0.1/24"], [["10.8.0.2/32"]], "wg0.conf")).toEqual(tunnel);
        expect(tunnelOf(["10.8.0.1/24", "10.9.0.1/24"], [], "wg0.conf").left).toHaveLength(1);
    });

    it("end IPv6 where the relay is not its network's first address, or the MTU is too small for it", () => {
        expect(tunnelOf(["10.8.0.1/24", "fd00:8::1/64"], [], "wg0.conf")).toEqual(both);
        for (const [address, mtu] of [
            ["fd00:8::5/64", 1420],
            ["fd00:8::1/64", 1200],
        ] as const) {
            const { subnet6, left } = tunnelOf(["10.8.0.1/24", address], [], "wg0.conf", mtu);
            expect([subnet6, left.length]).toEqual([undefined, 1]);
        }
    });

    it("need an IPv4 address", () => {
        expect(() => tunnelOf(["fd00:8::1/64"], [["10.8.0.2/32"]], "wg0.conf")).toThrow(
            /^wg0.conf: has no IPv4 address/,
        );
    });
});

it("networks of two peers that overlap are refused once, those of one peer are not", () => {
    const faults: Fault[] = [];
    const peers = [
        { name: "alice", routes: ["192.168.0.0/16", "10.1.0.0/16"] },
        { name: "bob", routes: ["192.168.7.0/24"] },
    ];
    refuseOverlaps(peers, "wg0.conf", (fault) => void faults.push(fault));
    expect(faults).toHaveLength(1);
    expect(faults[0]?.path).toContain("bob");
});
