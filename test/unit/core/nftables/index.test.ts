import * as fc from "fast-check";
import { parseRule } from "../../../../core/access/index.js";
import { contains } from "../../../../core/addresses/index.js";
import type { AccessRule } from "../../../../core/registry/model.js";
import {
    SET_NAMES,
    type SetElements,
    conflicts,
    elementsOf,
    parseTable,
    renderElements,
    renderSkeleton,
} from "../../../../core/nftables/index.js";

const EMPTY = Object.fromEntries(SET_NAMES.map((set) => [set, []])) as unknown as SetElements;

/** The lines of a chain, its hook first. */
function chainOf(text: string, name: string): string[] {
    const [, body = ""] = new RegExp(`chain ${name} \\{\n(.*?)\n    \\}`, "s").exec(text) ?? [];
    return body.split("\n").map((line) => line.trim());
}

describe("renderSkeleton", () => {
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
        expect(alone.slice(4, 6)).toEqual(["iifname != @ours oifname != @ours accept", "counter drop"]);
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

function elements(...rules: string[]): Partial<SetElements> {
    return Object.fromEntries(Object.entries(elementsOf(rules.map(parseRule))).filter(([, found]) => found.length > 0));
}

describe("elementsOf", () => {
    test("one host and one port are exact, everything else has its own set", () => {
        expect(
            elements(
                "10.8.0.2 -> 10.8.0.1 tcp/8443",
                "10.8.0.2 -> 10.8.0.1 tcp/8443",
                "10.8.0.2 -> 192.168.7.9/32 udp/53",
                "10.8.0.2 -> 10.8.0.4 tcp/8000-8100",
                "10.8.0.2 -> 192.168.7.0/24 tcp/443",
                "10.8.0.2 -> 10.8.0.4 icmp",
                "10.8.0.3 -> 192.168.7.0/24 all",
                "fd00:8::2 -> fd00:8::1 tcp/8443",
                "fd00:8::2 -> fd00:7::/64 udp/1-65535",
                "fd00:8::2 -> fd00:7::1/128 all",
                "fd00:8::2 -> fd00:7::/64 icmp",
            ),
        ).toEqual({
            acl4: ["10.8.0.2 . 10.8.0.1 . tcp . 8443", "10.8.0.2 . 192.168.7.9 . udp . 53"],
            acl6: ["fd00:8::2 . fd00:8::1 . tcp . 8443"],
            net4: ["10.8.0.2 . 10.8.0.4 . tcp . 8000-8100", "10.8.0.2 . 192.168.7.0/24 . tcp . 443"],
            net6: ["fd00:8::2 . fd00:7::/64 . udp . 1-65535"],
            any4: ["10.8.0.3 . 192.168.7.0/24"],
            any6: ["fd00:8::2 . fd00:7::1"],
            ping4: ["10.8.0.2 . 10.8.0.4"],
            ping6: ["fd00:8::2 . fd00:7::/64"],
        });
    });

    test("ranges that overlap or touch become one", () => {
        expect(
            elements(
                "10.8.0.2 -> 10.8.0.4 tcp/25-40",
                "10.8.0.2 -> 10.8.0.4 tcp/20-30",
                "10.8.0.2 -> 10.8.0.4 tcp/41-42",
                "10.8.0.2 -> 10.8.0.4 tcp/50-51",
                "10.8.0.2 -> 10.8.0.4 udp/20-30",
                "10.8.0.3 -> 10.8.0.4 tcp/20-30",
            ),
        ).toEqual({
            net4: [
                "10.8.0.2 . 10.8.0.4 . tcp . 20-42",
                "10.8.0.2 . 10.8.0.4 . tcp . 50-51",
                "10.8.0.2 . 10.8.0.4 . udp . 20-30",
                "10.8.0.3 . 10.8.0.4 . tcp . 20-30",
            ],
        });
    });

    test("what a wider network allows is left out of a narrower one", () => {
        expect(
            elements(
                "10.8.0.2 -> 192.168.0.0/16 tcp/20-30",
                "10.8.0.2 -> 192.168.7.0/24 tcp/10-40",
                "10.8.0.2 -> 192.168.7.9 tcp/5-45",
                "10.8.0.2 -> 192.168.8.0/24 tcp/22",
                "10.8.0.2 -> 192.168.0.0/16 all",
                "10.8.0.2 -> 192.168.7.0/24 all",
                "10.8.0.2 -> 192.168.7.9 all",
            ),
        ).toEqual({
            net4: [
                "10.8.0.2 . 192.168.0.0/16 . tcp . 20-30",
                "10.8.0.2 . 192.168.7.0/24 . tcp . 10-19",
                "10.8.0.2 . 192.168.7.0/24 . tcp . 31-40",
                "10.8.0.2 . 192.168.7.9 . tcp . 41-45",
                "10.8.0.2 . 192.168.7.9 . tcp . 5-9",
            ],
            any4: ["10.8.0.2 . 192.168.0.0/16"],
        });
    });

    const port = fc.integer({ min: 1, max: 6 });
    const rule: fc.Arbitrary<AccessRule> = fc.record({
        from: fc.constantFrom("10.8.0.2", "10.8.0.3"),
        to: fc.constantFrom("10.8.0.4", "10.8.0.0/24", "10.8.0.4/31", "10.0.0.0/8", "10.8.0.128/25", "10.8.0.200"),
        ports: fc.oneof(
            fc.record({ protocol: fc.constantFrom("icmp" as const, "all" as const) }),
            fc.tuple(fc.constantFrom("tcp" as const, "udp" as const), port, port).map(([protocol, a, b]) => ({
                protocol,
                first: Math.min(a, b),
                last: Math.max(a, b),
            })),
        ),
    });

    test("elements allow exactly what the rules allow, and in net, any and ping no two match the same packet", () => {
        const packets: Packet[] = [];
        for (const from of ["10.8.0.2", "10.8.0.3"]) {
            for (const to of ["10.8.0.4", "10.8.0.5", "10.8.0.200", "10.9.9.9", "11.0.0.1"]) {
                for (const port of [1, 2, 3, 4, 5, 6]) {
                    packets.push({ from, to, protocol: "tcp", port }, { from, to, protocol: "udp", port });
                }
                packets.push({ from, to, protocol: "icmp", port: 0 }, { from, to, protocol: "all", port: 0 });
            }
        }
        fc.assert(
            fc.property(fc.array(rule, { maxLength: 12 }), (rules) => {
                const sets = elementsOf(rules);
                const wrong = packets.filter((packet) => {
                    const wanted = rules.some((rule) => ruleAllows(rule, packet));
                    const set = packet.protocol === "all" ? "any4" : packet.protocol === "icmp" ? "ping4" : "net4";
                    const intervals = matching(sets[set], packet);
                    const exact = set === "net4" ? matching(sets.acl4, packet) : 0;
                    return intervals + exact > 0 !== wanted || intervals > 1;
                });
                expect(wrong).toEqual([]);
            }),
        );
    });

    test("the order of rules does not matter", () => {
        fc.assert(
            fc.property(fc.array(rule, { maxLength: 8 }), (rules) => {
                expect(elementsOf([...rules].reverse())).toEqual(elementsOf(rules));
            }),
        );
    });
});

interface Packet {
    from: string;
    to: string;
    protocol: "tcp" | "udp" | "icmp" | "all";
    port: number;
}

function ruleAllows({ from, to, ports }: AccessRule, packet: Packet): boolean {
    if (from !== packet.from || !contains(to, packet.to) || ports.protocol !== packet.protocol) return false;
    return ports.first === undefined || (ports.first <= packet.port && packet.port <= ports.last!);
}

/** How many elements match, as the kernel would compare them. */
function matching(elements: string[], packet: Packet): number {
    return elements.filter((element) => {
        const [from, to, protocol, ports] = element.split(" . ") as [string, string, string?, string?];
        if (from !== packet.from || !contains(to, packet.to)) return false;
        if (protocol === undefined) return true;
        const [first, last = first] = ports!.split("-").map(Number) as [number, number?];
        return protocol === packet.protocol && first <= packet.port && packet.port <= last;
    }).length;
}

test("the table of elements has one a line, set by set", () => {
    const sets = { ...EMPTY, any4: ["10.8.0.3 . 10.8.0.4"], acl4: ["10.8.0.2 . 10.8.0.1 . tcp . 8443"] };
    expect(renderElements(sets)).toBe("acl4 10.8.0.2 . 10.8.0.1 . tcp . 8443\nany4 10.8.0.3 . 10.8.0.4\n");
});

describe("parseTable", () => {
    it("knows protocols by their numbers, which nft prints where there is no /etc/protocols", () => {
        const elem = [6, 17, "tcp"].map((protocol, index) => ({
            concat: ["10.8.0.2", `10.8.0.${index + 3}`, protocol, 17],
        }));
        const table = { family: "inet", name: "qp", handle: 1 };
        const parsed = parseTable({
            nftables: [{ table }, { set: { family: "inet", name: "acl4", table: "qp", elem } }],
        });
        expect(parsed!.sets.acl4).toEqual([
            "10.8.0.2 . 10.8.0.3 . tcp . 17",
            "10.8.0.2 . 10.8.0.4 . udp . 17",
            "10.8.0.2 . 10.8.0.5 . tcp . 17",
        ]);
    });

    // As nft 1.0.6 prints it.
    const json = (packets: number, handle: number): unknown => ({
        nftables: [
            { metainfo: { version: "1.0.6", release_name: "Lester Gooch #5", json_schema_version: 1 } },
            { table: { family: "inet", name: "qp", handle } },
            { set: { family: "inet", name: "ours", table: "qp", type: "ifname", handle: 1, elem: ["wg1", "wg0"] } },
            {
                set: {
                    family: "inet",
                    name: "net4",
                    table: "qp",
                    type: ["ipv4_addr", "ipv4_addr", "inet_proto", "inet_service"],
                    handle: 2,
                    flags: ["interval"],
                    elem: [
                        { concat: ["10.8.0.3", { prefix: { addr: "192.168.7.0", len: 24 } }, "tcp", 443] },
                        {
                            elem: {
                                val: { concat: ["10.8.0.2", "10.8.0.4", "udp", { range: [20, 30] }] },
                                comment: "x",
                            },
                        },
                    ],
                },
            },
            { set: { family: "inet", name: "acl4", table: "qp", type: ["ipv4_addr", "ipv4_addr"], handle: 3 } },
            {
                set: {
                    family: "inet",
                    name: "seen4",
                    table: "qp",
                    type: "ipv4_addr",
                    handle: 4,
                    size: 65536,
                    flags: ["timeout"],
                    timeout: 10,
                    ...(packets === 0 ? {} : { elem: [{ elem: { val: "10.8.0.2", expires: 9 } }] }),
                },
            },
            {
                chain: {
                    family: "inet",
                    table: "qp",
                    name: "guard",
                    handle,
                    type: "filter",
                    hook: "prerouting",
                    prio: -290,
                    policy: "accept",
                },
            },
            { chain: { family: "inet", table: "qp", name: "plain", handle } },
            {
                rule: {
                    family: "inet",
                    table: "qp",
                    chain: "guard",
                    handle,
                    expr: [
                        {
                            match: {
                                op: "==",
                                left: { payload: { protocol: "ip", field: "saddr" } },
                                right: { prefix: { addr: "10.8.0.0", len: 24 } },
                            },
                        },
                        { counter: { packets, bytes: packets * 84 } },
                        { drop: null },
                    ],
                },
            },
            {
                rule: {
                    family: "inet",
                    table: "qp",
                    chain: "guard",
                    handle,
                    expr: [
                        { match: { op: "!=", left: { meta: { key: "iifname" } }, right: "@ours" } },
                        {
                            set: {
                                op: "update",
                                elem: { payload: { protocol: "ip", field: "saddr" } },
                                set: "@seen4",
                            },
                        },
                        { jump: { target: "plain" } },
                    ],
                },
            },
        ],
    });

    test("rules as text, elements as elementsOf writes them", () => {
        expect(parseTable(json(0, 7))).toEqual({
            chains: {
                guard: [
                    "type filter hook prerouting priority -290 policy accept",
                    "ip saddr 10.8.0.0/24 counter drop",
                    'iifname != @ours update @seen4 { ip saddr } {"jump":{"target":"plain"}}',
                ],
                plain: ["no hook"],
            },
            definitions: {
                acl4: "type ipv4_addr . ipv4_addr",
                net4: "type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval",
                ours: "type ifname",
                seen4: "type ipv4_addr; size 65536; timeout 10; flags timeout",
            },
            flagged: false,
            others: [],
            sets: {
                acl4: [],
                net4: ["10.8.0.2 . 10.8.0.4 . udp . 20-30", "10.8.0.3 . 192.168.7.0/24 . tcp . 443"],
                ours: ["wg0", "wg1"],
            },
        });
    });

    test("what changes by itself is not seen", () => {
        expect(parseTable(json(12, 9))).toEqual(parseTable(json(0, 7)));
    });

    test.each([[{ nftables: [{ metainfo: {} }] }], [{}], [null], ["text"]])("no table in %j", (json) => {
        expect(parseTable(json)).toBeUndefined();
    });
});

describe("conflicts", () => {
    const OWN = { tables: ["qp"], interfaces: [] };
    const chain = (table: string, name: string, hook?: string, policy?: string, family = "ip") => ({
        chain: {
            family,
            table,
            name,
            handle: 1,
            ...(hook === undefined ? {} : { type: "filter", hook, prio: 0, policy }),
        },
    });
    const rule = (table: string, name: string, expr: unknown[], family = "ip") => ({
        rule: { family, table, chain: name, handle: 1, expr },
    });
    const iifname = (name: string) => ({ match: { op: "==", left: { meta: { key: "iifname" } }, right: name } });

    test("none where everybody accepts, other hooks and our own table aside", () => {
        const nftables = [
            chain("filter", "FORWARD", "forward", "accept"),
            chain("filter", "helper"),
            chain("qp", "forward", "forward", "drop", "inet"),
            chain("filter", "forward", "forward", "drop", "bridge"),
        ];
        expect(conflicts({ nftables }, OWN)).toEqual([]);
        expect(conflicts({}, OWN)).toEqual([]);
    });

    test("Docker", () => {
        const nftables = [chain("filter", "FORWARD", "forward", "drop"), chain("filter", "DOCKER-USER")];
        expect(conflicts({ nftables }, { ...OWN, interfaces: ["wg0"] })).toEqual([
            'table ip filter, chain FORWARD (hook forward) drops by policy what the relay\'s own table accepts; tell Docker: "iptables -I DOCKER-USER -i wg0 -j ACCEPT" and "iptables -I DOCKER-USER -o wg0 -j ACCEPT", and keep them over a reboot',
        ]);
    });

    test("ufw, both hooks", () => {
        const nftables = [
            chain("filter", "INPUT", "input", "drop"),
            chain("filter", "FORWARD", "forward", "drop"),
            chain("filter", "ufw-user-input"),
        ];
        expect(conflicts({ nftables }, { ...OWN, interfaces: ["wg0"] })).toEqual([
            'table ip filter, chain INPUT (hook input) drops by policy what the relay\'s own table accepts; tell ufw: "ufw allow in on wg0", and "ufw allow <listenPort>/udp" for the tunnel itself',
            'table ip filter, chain FORWARD (hook forward) drops by policy what the relay\'s own table accepts; tell ufw: "ufw route allow in on wg0" and "ufw route allow out on wg0"',
        ]);
    });

    test("firewalld, which ends its chains in a reject, until the interface is in its trusted zone", () => {
        const nftables = [
            chain("firewalld", "filter_FORWARD", "forward", "accept", "inet"),
            rule("firewalld", "filter_FORWARD", [{ reject: { type: "icmpx", expr: "admin-prohibited" } }], "inet"),
        ];
        expect(conflicts({ nftables }, { ...OWN, interfaces: ["wg0"] })).toEqual([
            'table inet firewalld, chain filter_FORWARD (hook forward) refuses at its end what the relay\'s own table accepts; tell firewalld: "firewall-cmd --permanent --zone=trusted --add-interface=wg0"',
        ]);
        const jump = rule("firewalld", "filter_FORWARD", [{ jump: { target: "filter_FORWARD_ZONES" } }], "inet");
        nftables.splice(1, 0, jump, chain("firewalld", "filter_FORWARD_ZONES", undefined, undefined, "inet"));
        nftables.push(
            chain("firewalld", "filter_FWD_trusted", undefined, undefined, "inet"),
            rule("firewalld", "filter_FWD_trusted", [{ accept: null }], "inet"),
        );
        const zone = rule(
            "firewalld",
            "filter_FORWARD_ZONES",
            [iifname("wg0"), { goto: { target: "filter_FWD_trusted" } }],
            "inet",
        );
        expect(conflicts({ nftables: [...nftables, zone] }, { ...OWN, interfaces: ["wg0"] })).toEqual([]);
        expect(conflicts({ nftables: [...nftables, zone] }, { ...OWN, interfaces: ["wg1"] })).toHaveLength(1);
    });

    test("an operator's own table, until it accepts the interface", () => {
        const nftables = [
            chain("mine", "fwd", "forward", "drop", "inet"),
            rule("mine", "fwd", [iifname("eth0"), { accept: null }], "inet"),
        ];
        expect(conflicts({ nftables }, OWN)).toEqual([
            "table inet mine, chain fwd (hook forward) drops by policy what the relay's own table accepts; accept packets from and to the relay's interface in fwd",
        ]);
        const accepting = rule(
            "mine",
            "fwd",
            [iifname("wg0"), { counter: { packets: 0, bytes: 0 } }, { accept: null }],
            "inet",
        );
        expect(conflicts({ nftables: [...nftables, accepting] }, { ...OWN, interfaces: ["wg0"] })).toEqual([]);
    });

    test("a drop under a condition refuses nothing of ours", () => {
        const nftables = [
            chain("mine", "in", "input", "accept", "inet"),
            rule("mine", "in", [iifname("eth0"), { drop: null }], "inet"),
        ];
        expect(conflicts({ nftables }, OWN)).toEqual([]);
    });
});
