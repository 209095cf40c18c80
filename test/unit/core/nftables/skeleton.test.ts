import { renderSkeleton } from "../../../../core/nftables/index.js";

/** The lines of a chain, its hook first. */
function chainOf(text: string, name: string): string[] {
    const [, body = ""] = new RegExp(`chain ${name} \\{\n(.*?)\n    \\}`, "s").exec(text) ?? [];
    return body.split("\n").map((line) => line.trim());
}

describe("renderSkeleton", () => {
    test("access that ends has sets of its own, which are asked after the others and wherever these are", () => {
        const args = { table: "t", interface: "wg0", interfaces: ["wg0"], subnet: "10.8.0.0/24", address: "10.8.0.1" };
        for (const more of [{}, { leaf: true }, { subnet6: "fd00::/64", address6: "fd00::1" }]) {
            const [plain, timed] = [false, true].map((is) =>
                renderSkeleton({ ...args, ...more, routes: [], timed: is }),
            );
            const added = timed!.split("\n").filter((line) => line.includes("_until"));
            expect(timed!.split("\n").filter((line) => !line.includes("_until"))).toEqual(plain!.split("\n"));
            expect(added.filter((line) => line.includes("@")).map((line) => line.replaceAll("_until", ""))).toEqual(
                plain!.split("\n").filter((line) => /@(?:acl|net|any|ping)[46]/.test(line)),
            );
            expect(added.filter((line) => line.startsWith("    set "))).toHaveLength(8);
        }
    });

    test("IPv4 only: IPv6 from the tunnel is dropped before anything else", () => {
        expect(
            renderSkeleton({
                table: "qp_tunnel_wg0",
                interface: "wg0",
                interfaces: ["wg0"],
                subnet: "10.8.0.0/24",
                address: "10.8.0.1",
                routes: [],
            }),
        ).toBe(`add table inet qp_tunnel_wg0
delete table inet qp_tunnel_wg0
table inet qp_tunnel_wg0 {
    set ours { type ifname; elements = { "wg0" }; }
    set acl4 { type ipv4_addr . ipv4_addr . inet_proto . inet_service; }
    set acl6 { type ipv6_addr . ipv6_addr . inet_proto . inet_service; }
    set net4 { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval; }
    set net6 { type ipv6_addr . ipv6_addr . inet_proto . inet_service; flags interval; }
    set any4 { type ipv4_addr . ipv4_addr; flags interval; }
    set any6 { type ipv6_addr . ipv6_addr; flags interval; }
    set ping4 { type ipv4_addr . ipv4_addr; flags interval; }
    set ping6 { type ipv6_addr . ipv6_addr; flags interval; }
    set self4 { type ipv4_addr . ipv4_addr; }
    set self6 { type ipv6_addr . ipv6_addr; }
    set owner4 { type ipv4_addr . ipv4_addr; flags interval; }
    set owner6 { type ipv6_addr . ipv6_addr; flags interval; }
    set switched4 { type ifname; }
    set switched6 { type ifname; }
    set closed { type nf_proto; }
    set behind { type ifname; }
    set seen4 { type ipv4_addr; size 65536; flags dynamic,timeout; timeout 10s; }
    set seen6 { type ipv6_addr; size 65536; flags dynamic,timeout; timeout 10s; }
    chain guard {
        type filter hook prerouting priority -290; policy accept;
        iifname "lo" accept
        iifname @ours meta nfproto ipv6 counter drop
        iifname @ours update @seen4 { ip saddr }
        iifname @ours ip daddr 10.8.0.1 icmp type echo-request notrack
        iifname @ours accept
        ip saddr 10.8.0.0/24 counter drop
        ip daddr 10.8.0.0/24 counter drop
    }
    chain input {
        type filter hook input priority filter; policy accept;
        iifname != @ours accept
        ct state invalid counter drop
        ct state related ct direction reply icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip daddr @self4 accept
        ct state related ct direction original icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip saddr @self4 accept
        ct state related ct direction reply icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip daddr @owner4 accept
        ct state related ct direction original icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip saddr @owner4 accept
        ip daddr 10.8.0.1 icmp type echo-request accept
        ip daddr 10.8.0.1 icmp type echo-reply ct state established accept
        ip saddr . ip daddr . meta l4proto . th dport @acl4 accept
        ct state established ct direction reply ip daddr . ip saddr . meta l4proto . th sport @acl4 accept
        ct state established meta l4proto tcp counter reject with tcp reset
        counter drop
    }
    chain forward {
        type filter hook forward priority filter; policy accept;
        iifname != @ours oifname != @ours iifgroup 29047 accept
        iifname != @ours oifname != @ours oifgroup 29047 accept
        iifname != @ours oifname != @ours meta nfproto @closed counter drop
        iifname != @ours oifname != @ours meta nfproto ipv4 iifname @switched4 counter drop
        iifname != @ours oifname != @ours meta nfproto ipv6 iifname @switched6 counter drop
        iifname != @ours oifname != @ours accept
        tcp flags syn tcp option maxseg size set rt mtu
        ct state invalid counter drop
        iifname @ours ct state related ct direction reply icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip daddr @self4 accept
        iifname @ours ct state related ct direction original icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip saddr @self4 accept
        iifname @ours ct state related ct direction reply icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip daddr @owner4 accept
        iifname @ours ct state related ct direction original icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip saddr @owner4 accept
        iifname @ours ip saddr . ip daddr . meta l4proto . th dport @acl4 accept
        iifname @ours ip saddr . ip daddr . meta l4proto . th dport @net4 accept
        iifname @ours ip saddr . ip daddr @any4 accept
        iifname @ours icmp type echo-request ip saddr . ip daddr @ping4 accept
        oifname @ours ct state established ct direction reply ip daddr . ip saddr . meta l4proto . th sport @acl4 accept
        oifname @ours ct state established ct direction reply ip daddr . ip saddr . meta l4proto . th sport @net4 accept
        oifname @ours ct state established ct direction reply ip daddr . ip saddr @any4 accept
        oifname @ours ct state established ct direction reply icmp type echo-reply ip daddr . ip saddr @ping4 accept
        ct state established meta l4proto tcp counter reject with tcp reset
        counter drop
    }
    chain output {
        type filter hook output priority filter; policy accept;
        oifname != @ours accept
        ip daddr . ip saddr . meta l4proto . th sport @acl4 accept
        ip saddr . ip daddr . meta l4proto . th dport @acl4 accept
        ct state established tcp flags & (syn | rst) == 0 counter reject with tcp reset
    }
    chain untracked {
        type filter hook output priority -290; policy accept;
        oifname @ours ip saddr 10.8.0.1 icmp type echo-reply notrack
    }
    chain post {
        type nat hook postrouting priority srcnat; policy accept;
    }
}
`);
    });

    test("a leaf: everything that is granted to it, both ways between the tunnel and what is behind it", () => {
        const leaf = {
            ...{ table: "qp_tunnel_wg0", interface: "wg0", interfaces: [], subnet: "10.8.0.0/24", address: "10.8.0.3" },
            leaf: true,
        };
        const behind = renderSkeleton({ ...leaf, routes: ["192.168.7.0/24"] });
        expect(chainOf(behind, "guard").slice(-4)).toEqual([
            "iifname @ours accept",
            "ip saddr 10.8.0.0/24 counter drop",
            "ip saddr 192.168.7.0/24 ip daddr 10.8.0.0/24 ip daddr != 10.8.0.3 accept",
            "ip daddr 10.8.0.0/24 counter drop",
        ]);
        const granted = [
            "ip saddr . ip daddr . meta l4proto . th dport @acl4 accept",
            "ip saddr . ip daddr . meta l4proto . th dport @net4 accept",
            "ip saddr . ip daddr @any4 accept",
            "icmp type echo-request ip saddr . ip daddr @ping4 accept",
            "ct state established ct direction reply ip daddr . ip saddr . meta l4proto . th sport @acl4 accept",
            "ct state established ct direction reply ip daddr . ip saddr . meta l4proto . th sport @net4 accept",
            "ct state established ct direction reply ip daddr . ip saddr @any4 accept",
            "ct state established ct direction reply icmp type echo-reply ip daddr . ip saddr @ping4 accept",
            "ct state established meta l4proto tcp counter reject with tcp reset",
            "counter drop",
        ];
        expect(chainOf(behind, "input").slice(-granted.length)).toEqual(granted);
        expect(chainOf(behind, "forward").slice(-granted.length)).toEqual(granted);
        expect(chainOf(behind, "forward")).toContain("iifname != @ours fib saddr . iif oif missing counter drop");
        const alone = chainOf(renderSkeleton({ ...leaf, routes: [] }), "forward");
        expect(alone.slice(6, 8)).toEqual(["iifname != @ours oifname != @ours accept", "counter drop"]);
    });

    test("both families, two interfaces, networks behind the relay", () => {
        expect(
            renderSkeleton({
                table: "qp_tunnel_wg0",
                interface: "wg0",
                interfaces: ["wg1"],
                subnet: "10.8.0.0/24",
                subnet6: "fd00:8::/64",
                address: "10.8.0.1",
                address6: "fd00:8::1",
                routes: ["fd00:50::/64", "192.168.50.0/24"],
            }),
        ).toBe(`add table inet qp_tunnel_wg0
delete table inet qp_tunnel_wg0
table inet qp_tunnel_wg0 {
    set ours { type ifname; elements = { "wg0", "wg1" }; }
    set acl4 { type ipv4_addr . ipv4_addr . inet_proto . inet_service; }
    set acl6 { type ipv6_addr . ipv6_addr . inet_proto . inet_service; }
    set net4 { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval; }
    set net6 { type ipv6_addr . ipv6_addr . inet_proto . inet_service; flags interval; }
    set any4 { type ipv4_addr . ipv4_addr; flags interval; }
    set any6 { type ipv6_addr . ipv6_addr; flags interval; }
    set ping4 { type ipv4_addr . ipv4_addr; flags interval; }
    set ping6 { type ipv6_addr . ipv6_addr; flags interval; }
    set self4 { type ipv4_addr . ipv4_addr; }
    set self6 { type ipv6_addr . ipv6_addr; }
    set owner4 { type ipv4_addr . ipv4_addr; flags interval; }
    set owner6 { type ipv6_addr . ipv6_addr; flags interval; }
    set switched4 { type ifname; }
    set switched6 { type ifname; }
    set closed { type nf_proto; }
    set behind { type ifname; }
    set seen4 { type ipv4_addr; size 65536; flags dynamic,timeout; timeout 10s; }
    set seen6 { type ipv6_addr; size 65536; flags dynamic,timeout; timeout 10s; }
    chain guard {
        type filter hook prerouting priority -290; policy accept;
        iifname "lo" accept
        iifname @ours update @seen4 { ip saddr }
        iifname @ours update @seen6 { ip6 saddr }
        iifname @ours ip daddr 10.8.0.1 icmp type echo-request notrack
        iifname @ours ip6 daddr fd00:8::1 icmpv6 type echo-request notrack
        iifname @ours accept
        ip saddr 10.8.0.0/24 counter drop
        ip daddr 10.8.0.0/24 counter drop
        ip6 saddr fd00:8::/64 counter drop
        ip6 daddr fd00:8::/64 counter drop
    }
    chain input {
        type filter hook input priority filter; policy accept;
        iifname != @ours accept
        ct state invalid counter drop
        ct state related ct direction reply icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip daddr @self4 accept
        ct state related ct direction original icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip saddr @self4 accept
        ct state related ct direction reply icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip daddr @owner4 accept
        ct state related ct direction original icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip saddr @owner4 accept
        ct state related ct direction reply icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } ip6 saddr . ct original ip6 daddr @self6 accept
        ct state related ct direction original icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } ip6 saddr . ct original ip6 saddr @self6 accept
        ct state related ct direction reply icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } ip6 saddr . ct original ip6 daddr @owner6 accept
        ct state related ct direction original icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } ip6 saddr . ct original ip6 saddr @owner6 accept
        ip daddr 10.8.0.1 icmp type echo-request accept
        ip daddr 10.8.0.1 icmp type echo-reply ct state established accept
        ip6 daddr fd00:8::1 icmpv6 type echo-request accept
        ip6 daddr fd00:8::1 icmpv6 type echo-reply ct state established accept
        ip saddr . ip daddr . meta l4proto . th dport @acl4 accept
        ct state established ct direction reply ip daddr . ip saddr . meta l4proto . th sport @acl4 accept
        ip6 saddr . ip6 daddr . meta l4proto . th dport @acl6 accept
        ct state established ct direction reply ip6 daddr . ip6 saddr . meta l4proto . th sport @acl6 accept
        ct state established meta l4proto tcp counter reject with tcp reset
        counter drop
    }
    chain forward {
        type filter hook forward priority filter; policy accept;
        iifname != @ours oifname != @ours iifgroup 29047 accept
        iifname != @ours oifname != @ours oifgroup 29047 accept
        iifname != @ours oifname != @ours meta nfproto @closed counter drop
        iifname != @ours oifname != @ours meta nfproto ipv4 iifname @switched4 counter drop
        iifname != @ours oifname != @ours meta nfproto ipv6 iifname @switched6 counter drop
        iifname != @ours oifname != @ours accept
        tcp flags syn tcp option maxseg size set rt mtu
        ct state invalid counter drop
        iifname @ours ct state related ct direction reply icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip daddr @self4 accept
        iifname @ours ct state related ct direction original icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip saddr @self4 accept
        iifname @ours ct state related ct direction reply icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip daddr @owner4 accept
        iifname @ours ct state related ct direction original icmp type { destination-unreachable, time-exceeded, parameter-problem } ip saddr . ct original ip saddr @owner4 accept
        iifname @ours ct state related ct direction reply icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } ip6 saddr . ct original ip6 daddr @self6 accept
        iifname @ours ct state related ct direction original icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } ip6 saddr . ct original ip6 saddr @self6 accept
        iifname @ours ct state related ct direction reply icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } ip6 saddr . ct original ip6 daddr @owner6 accept
        iifname @ours ct state related ct direction original icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } ip6 saddr . ct original ip6 saddr @owner6 accept
        iifname @behind oifname @ours ct state related ct direction reply icmp type { destination-unreachable, time-exceeded, parameter-problem } ct original ip daddr { 192.168.50.0/24 } accept
        iifname @behind oifname @ours ct state related ct direction reply icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } ct original ip6 daddr { fd00:50::/64 } accept
        iifname @ours ip saddr . ip daddr . meta l4proto . th dport @acl4 accept
        iifname @ours ip saddr . ip daddr . meta l4proto . th dport @net4 accept
        iifname @ours ip saddr . ip daddr @any4 accept
        iifname @ours icmp type echo-request ip saddr . ip daddr @ping4 accept
        iifname @ours ip6 saddr . ip6 daddr . meta l4proto . th dport @acl6 accept
        iifname @ours ip6 saddr . ip6 daddr . meta l4proto . th dport @net6 accept
        iifname @ours ip6 saddr . ip6 daddr @any6 accept
        iifname @ours icmpv6 type echo-request ip6 saddr . ip6 daddr @ping6 accept
        oifname @ours ct state established ct direction reply ip daddr . ip saddr . meta l4proto . th sport @acl4 accept
        oifname @ours ct state established ct direction reply ip daddr . ip saddr . meta l4proto . th sport @net4 accept
        oifname @ours ct state established ct direction reply ip daddr . ip saddr @any4 accept
        oifname @ours ct state established ct direction reply icmp type echo-reply ip daddr . ip saddr @ping4 accept
        oifname @ours ct state established ct direction reply ip6 daddr . ip6 saddr . meta l4proto . th sport @acl6 accept
        oifname @ours ct state established ct direction reply ip6 daddr . ip6 saddr . meta l4proto . th sport @net6 accept
        oifname @ours ct state established ct direction reply ip6 daddr . ip6 saddr @any6 accept
        oifname @ours ct state established ct direction reply icmpv6 type echo-reply ip6 daddr . ip6 saddr @ping6 accept
        ct state established meta l4proto tcp counter reject with tcp reset
        counter drop
    }
    chain output {
        type filter hook output priority filter; policy accept;
        oifname != @ours accept
        ip daddr . ip saddr . meta l4proto . th sport @acl4 accept
        ip saddr . ip daddr . meta l4proto . th dport @acl4 accept
        ip6 daddr . ip6 saddr . meta l4proto . th sport @acl6 accept
        ip6 saddr . ip6 daddr . meta l4proto . th dport @acl6 accept
        ct state established tcp flags & (syn | rst) == 0 counter reject with tcp reset
    }
    chain untracked {
        type filter hook output priority -290; policy accept;
        oifname @ours ip saddr 10.8.0.1 icmp type echo-reply notrack
        oifname @ours ip6 saddr fd00:8::1 icmpv6 type echo-reply notrack
    }
    chain post {
        type nat hook postrouting priority srcnat; policy accept;
        oifname != @ours ip saddr 10.8.0.0/24 ip daddr 192.168.50.0/24 masquerade
        oifname != @ours ip6 saddr fd00:8::/64 ip6 daddr fd00:50::/64 masquerade
    }
}
`);
    });
});
