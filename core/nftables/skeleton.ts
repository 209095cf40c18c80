import { families, type Family } from "./family.js";
import { LINK_GROUP } from "../wireguard/linkGroup.js";
import { errorsFromBehind, errorsFromPeers } from "./icmpErrors.js";

/** Everything about a table except the access rules. */
export interface SkeletonArgs {
    /** From `tableName`. */
    table: string;
    interface: string;
    /** Every interface of ours: `interface` is counted in. */
    interfaces: string[];
    subnet: string;
    subnet6?: string;
    /** The relay's own addresses in the tunnel. */
    address: string;
    address6?: string;
    /** Networks behind the relay, CIDR: reached with the relay's own address there, so that they need no way back. */
    routes: string[];
    /** A managed peer's machine: one host of the tunnel and the networks behind it, instead of the hub. */
    leaf?: boolean;
    /** Whether there are sets for access that ends. */
    timed?: boolean;
}

/**
 * The table with empty sets, for `nft -f`: it denies everything that touches our interfaces but a ping to the relay. It replaces a table of
 * that name in one transaction, and its elements with it.
 *
 * What does not touch our interfaces or the tunnel's own addresses passes: every chain's policy is accept. Reading it:
 *  - guard runs before connection tracking, because a host on another network can route to a tunnel address or forge one;
 *  - replies are matched against the set with source and destination swapped, not by "established" alone, so that a flow ends when
 *    its element does;
 *  - the kernel remembers which peers sent something through the tunnel in the last ten seconds, so that a change of connectivity can
 *    be followed by a look at whether they are still there; no rule reads these two sets;
 *  - ICMP errors are let through from the two ends of a connection only (`errorsFromPeers`);
 *  - an established TCP connection whose element went is reset towards the next sender, so that both ends know; what
 *    the relay itself sends is looked at for that reason only;
 *  - a ping to the relay is not tracked, so pings cannot fill the connection tracking table;
 *  - where the relay switched forwarding on, packets that are not of the tunnel are dropped: a machine that was no router
 *    is none now, but another relay of the machine, whose table decides about them. `switched` are these interfaces, `closed` families in which the machine forwarded nothing, `behind` the
 *    interfaces that lead to networks behind it. The relay's program fills them, and `self` and `owner`.
 *
 * Each drop counts, for the person who looks for a lost packet. nft 1.0.6 and newer (`destroy` would need 1.0.7 and Linux 6.3).
 */
export function renderSkeleton(args: SkeletonArgs): string {
    const v6 = args.subnet6 !== undefined;
    const { timed = false } = args;
    const interfaces = [...new Set([args.interface, ...args.interfaces])].sort().map((name) => `"${name}"`);
    const routes = [...args.routes].sort().filter((route) => v6 || !route.includes(":"));
    const chains = [
        guard(args),
        input(args),
        args.leaf === true ? forwardOfLeaf(v6, routes, timed) : forward(v6, routes, timed),
        output(args),
        untracked(args),
        post(args, routes),
    ];
    return `add table inet ${args.table}
delete table inet ${args.table}
table inet ${args.table} {
    set ours { type ifname; elements = { ${interfaces.join(", ")} }; }
    set acl4 { type ipv4_addr . ipv4_addr . inet_proto . inet_service; }
    set acl6 { type ipv6_addr . ipv6_addr . inet_proto . inet_service; }
    set net4 { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval; }
    set net6 { type ipv6_addr . ipv6_addr . inet_proto . inet_service; flags interval; }
    set any4 { type ipv4_addr . ipv4_addr; flags interval; }
    set any6 { type ipv6_addr . ipv6_addr; flags interval; }
    set ping4 { type ipv4_addr . ipv4_addr; flags interval; }
    set ping6 { type ipv6_addr . ipv6_addr; flags interval; }
${timed ? TIMED_SETS : ""}    set self4 { type ipv4_addr . ipv4_addr; }
    set self6 { type ipv6_addr . ipv6_addr; }
    set owner4 { type ipv4_addr . ipv4_addr; flags interval; }
    set owner6 { type ipv6_addr . ipv6_addr; flags interval; }
    set switched4 { type ifname; }
    set switched6 { type ifname; }
    set closed { type nf_proto; }
    set behind { type ifname; }
    set seen4 { type ipv4_addr; size 65536; flags dynamic,timeout; timeout 10s; }
    set seen6 { type ipv6_addr; size 65536; flags dynamic,timeout; timeout 10s; }
${chains.join("")}}
`;
}

/** The same for access that ends: each element has a timeout. */
const TIMED_SETS = `    set acl4_until { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags timeout; }
    set acl6_until { type ipv6_addr . ipv6_addr . inet_proto . inet_service; flags timeout; }
    set net4_until { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval,timeout; }
    set net6_until { type ipv6_addr . ipv6_addr . inet_proto . inet_service; flags interval,timeout; }
    set any4_until { type ipv4_addr . ipv4_addr; flags interval,timeout; }
    set any6_until { type ipv6_addr . ipv6_addr; flags interval,timeout; }
    set ping4_until { type ipv4_addr . ipv4_addr; flags interval,timeout; }
    set ping6_until { type ipv6_addr . ipv6_addr; flags interval,timeout; }
`;

function guard(args: SkeletonArgs): string {
    const { subnet, subnet6 } = args;
    return chain("guard", "type filter hook prerouting priority -290; policy accept;", [
        'iifname "lo" accept',
        ...(subnet6 === undefined ? ["iifname @ours meta nfproto ipv6 counter drop"] : []),
        "iifname @ours update @seen4 { ip saddr }",
        ...(subnet6 === undefined ? [] : ["iifname @ours update @seen6 { ip6 saddr }"]),
        ...pings(args).map((ping) => `iifname @ours ${ping} echo-request notrack`),
        "iifname @ours accept",
        `ip saddr ${subnet} counter drop`,
        ...(args.leaf === true ? fromBehind(args) : []),
        `ip daddr ${subnet} counter drop`,
        ...(subnet6 === undefined ? [] : [`ip6 saddr ${subnet6} counter drop`, `ip6 daddr ${subnet6} counter drop`]),
    ]);
}

/** Hosts behind a leaf may have grants to other peers, which the forward chain knows; to the leaf's own address they have none. */
function fromBehind({ routes, subnet, address, subnet6, address6 }: SkeletonArgs): string[] {
    return [...routes].sort().flatMap((route) => {
        if (!route.includes(":")) return [`ip saddr ${route} ip daddr ${subnet} ip daddr != ${address} accept`];
        return subnet6 === undefined || address6 === undefined
            ? []
            : [`ip6 saddr ${route} ip6 daddr ${subnet6} ip6 daddr != ${address6} accept`];
    });
}

/** To the relay itself: ping, its services, and replies to what it asked (a proxy's upstream, its own ping). */
function input({ address, subnet6, address6, leaf, timed }: SkeletonArgs): string {
    const v6 = subnet6 !== undefined;
    return chain("input", "type filter hook input priority filter; policy accept;", [
        "iifname != @ours accept",
        "ct state invalid counter drop",
        ...errorsFromPeers(v6),
        `ip daddr ${address} icmp type echo-request accept`,
        `ip daddr ${address} icmp type echo-reply ct state established accept`,
        ...(v6 && address6 !== undefined
            ? [
                  `ip6 daddr ${address6} icmpv6 type echo-request accept`,
                  `ip6 daddr ${address6} icmpv6 type echo-reply ct state established accept`,
              ]
            : []),
        // Grants to a peer may say more than one host and one port; to the relay itself there are none.
        ...families(v6, timed).flatMap((family) =>
            leaf === true
                ? [...openings(family), ...replies(family)]
                : [`${opens(family, "acl")} accept`, `${REPLY} ${answers(family, "acl")} accept`],
        ),
        RESET,
        "counter drop",
    ]);
}

/** From peer to peer, to networks behind a peer and behind the relay. */
function forward(v6: boolean, routes: string[], timed: boolean): string {
    return chain("forward", "type filter hook forward priority filter; policy accept;", [
        ...FOREIGN,
        "tcp flags syn tcp option maxseg size set rt mtu",
        "ct state invalid counter drop",
        ...errorsFromPeers(v6, "iifname @ours "),
        ...errorsFromBehind(v6, routes, false),
        ...families(v6, timed).flatMap((family) => openings(family).map((rule) => `iifname @ours ${rule}`)),
        ...families(v6, timed).flatMap((family) => replies(family).map((rule) => `oifname @ours ${rule}`)),
        RESET,
        "counter drop",
    ]);
}

/**
 * Between the tunnel and the networks behind a leaf, both ways. A source on this side must be where the way back to it
 * leads, so a forged source address from another side of the machine cannot get into the tunnel.
 */
function forwardOfLeaf(v6: boolean, routes: string[], timed: boolean): string {
    return chain("forward", "type filter hook forward priority filter; policy accept;", [
        ...FOREIGN,
        ...(routes.length === 0 ? ["counter drop"] : ["iifname != @ours fib saddr . iif oif missing counter drop"]),
        "tcp flags syn tcp option maxseg size set rt mtu",
        "ct state invalid counter drop",
        ...errorsFromPeers(v6, "iifname @ours "),
        ...errorsFromBehind(v6, routes, true),
        ...families(v6, timed).flatMap((family) => [...openings(family), ...replies(family)]),
        RESET,
        "counter drop",
    ]);
}

/** What this machine sends into the tunnel passes, but for TCP connections that lost their element: those end. */
function output({ subnet6, leaf, timed }: SkeletonArgs): string {
    return chain("output", "type filter hook output priority filter; policy accept;", [
        "oifname != @ours accept",
        ...families(subnet6 !== undefined, timed).flatMap((family) => [
            `${answers(family, "acl")} accept`,
            `${opens(family, "acl")} accept`,
            ...(leaf === true
                ? [
                      `${answers(family, "net")} accept`,
                      `${opens(family, "net")} accept`,
                      `${family.ip} daddr . ${family.ip} saddr @any${family.digit}${family.suffix} accept`,
                      `${family.ip} saddr . ${family.ip} daddr @any${family.digit}${family.suffix} accept`,
                  ]
                : []),
        ]),
        "ct state established tcp flags & (syn | rst) == 0 counter reject with tcp reset",
    ]);
}

function untracked(args: SkeletonArgs): string {
    return chain(
        "untracked",
        "type filter hook output priority -290; policy accept;",
        pings(args).map((ping) => `oifname @ours ${ping.replace("daddr", "saddr")} echo-reply notrack`),
    );
}

/** A ping to this machine, by the address it has in the tunnel. */
function pings({ address, subnet6, address6 }: SkeletonArgs): string[] {
    return [
        `ip daddr ${address} icmp type`,
        ...(subnet6 === undefined || address6 === undefined ? [] : [`ip6 daddr ${address6} icmpv6 type`]),
    ];
}

/** Matched by source address: Linux before 5.7 does not tell postrouting where a packet came in. */
function post({ subnet, subnet6 }: SkeletonArgs, routes: string[]): string {
    return chain(
        "post",
        "type nat hook postrouting priority srcnat; policy accept;",
        routes.map((route) =>
            route.includes(":")
                ? `oifname != @ours ip6 saddr ${subnet6} ip6 daddr ${route} masquerade`
                : `oifname != @ours ip saddr ${subnet} ip daddr ${route} masquerade`,
        ),
    );
}

/** Packets that are not of the tunnel. Forwarding is decided where a packet comes in. */
const FOREIGN = [
    ...["iifgroup", "oifgroup"].map((group) => `iifname != @ours oifname != @ours ${group} ${LINK_GROUP} accept`),
    "iifname != @ours oifname != @ours meta nfproto @closed counter drop",
    "iifname != @ours oifname != @ours meta nfproto ipv4 iifname @switched4 counter drop",
    "iifname != @ours oifname != @ours meta nfproto ipv6 iifname @switched6 counter drop",
    "iifname != @ours oifname != @ours accept",
];
const REPLY = "ct state established ct direction reply";
const RESET = "ct state established meta l4proto tcp counter reject with tcp reset";

function openings(family: Family): string[] {
    const { ip, icmp, digit, suffix } = family;
    return [
        `${opens(family, "acl")} accept`,
        `${opens(family, "net")} accept`,
        `${ip} saddr . ${ip} daddr @any${digit}${suffix} accept`,
        `${icmp} type echo-request ${ip} saddr . ${ip} daddr @ping${digit}${suffix} accept`,
    ];
}

function replies(family: Family): string[] {
    const { ip, icmp, digit, suffix } = family;
    return [
        `${REPLY} ${answers(family, "acl")} accept`,
        `${REPLY} ${answers(family, "net")} accept`,
        `${REPLY} ${ip} daddr . ${ip} saddr @any${digit}${suffix} accept`,
        `${REPLY} ${icmp} type echo-reply ${ip} daddr . ${ip} saddr @ping${digit}${suffix} accept`,
    ];
}

function opens({ ip, digit, suffix }: Family, set: "acl" | "net"): string {
    return `${ip} saddr . ${ip} daddr . meta l4proto . th dport @${set}${digit}${suffix}`;
}

function answers({ ip, digit, suffix }: Family, set: "acl" | "net"): string {
    return `${ip} daddr . ${ip} saddr . meta l4proto . th sport @${set}${digit}${suffix}`;
}

function chain(name: string, hook: string, rules: string[]): string {
    return `    chain ${name} {\n${[hook, ...rules].map((line) => `        ${line}\n`).join("")}    }\n`;
}
