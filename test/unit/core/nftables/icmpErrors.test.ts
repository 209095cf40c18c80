import { errorsFromBehind, errorsFromPeers } from "../../../../core/nftables/icmpErrors.js";

const TYPES = "{ destination-unreachable, time-exceeded, parameter-problem }";
const TYPES6 = "{ destination-unreachable, packet-too-big, time-exceeded, parameter-problem }";

it("errors from a peer are let through about its own connections, towards either end", () => {
    const four = [
        `iifname "wg0" ct state related ct direction reply icmp type ${TYPES} ip saddr . ct original ip daddr @self4 accept`,
        `iifname "wg0" ct state related ct direction original icmp type ${TYPES} ip saddr . ct original ip saddr @self4 accept`,
        `iifname "wg0" ct state related ct direction reply icmp type ${TYPES} ip saddr . ct original ip daddr @owner4 accept`,
        `iifname "wg0" ct state related ct direction original icmp type ${TYPES} ip saddr . ct original ip saddr @owner4 accept`,
    ];
    expect(errorsFromPeers(false, 'iifname "wg0" ')).toEqual(four);
    const both = errorsFromPeers(true, 'iifname "wg0" ');
    expect(both.slice(0, 4)).toEqual(four);
    expect(both[4]).toBe(
        `iifname "wg0" ct state related ct direction reply icmpv6 type ${TYPES6} ip6 saddr . ct original ip6 daddr @self6 accept`,
    );
    expect(both).toHaveLength(8);
});

describe("errors from networks behind the machine", () => {
    const from = "iifname @behind oifname @ours ct state related ct direction";

    it("are let through about connections into these networks, of each family its own", () => {
        expect(errorsFromBehind(true, ["10.20.0.0/16", "fd01::/64", "10.30.0.0/16"], false)).toEqual([
            `${from} reply icmp type ${TYPES} ct original ip daddr { 10.20.0.0/16, 10.30.0.0/16 } accept`,
            `${from} reply icmpv6 type ${TYPES6} ct original ip6 daddr { fd01::/64 } accept`,
        ]);
    });

    it("also about those that begin there, where that is allowed", () => {
        expect(errorsFromBehind(false, ["10.20.0.0/16"], true)).toEqual([
            `${from} reply icmp type ${TYPES} ct original ip daddr { 10.20.0.0/16 } accept`,
            `${from} original icmp type ${TYPES} ct original ip saddr { 10.20.0.0/16 } accept`,
        ]);
    });

    it("are none without networks, nor of a family that the tunnel does not have", () => {
        expect(errorsFromBehind(true, [], true)).toEqual([]);
        expect(errorsFromBehind(false, ["fd01::/64"], true)).toEqual([]);
    });
});

it("a redirect is no error that is let through", () => {
    expect([...errorsFromPeers(true), ...errorsFromBehind(true, ["10.0.0.0/8"], true)].join("\n")).not.toContain(
        "redirect",
    );
});
