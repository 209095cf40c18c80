import { families, type Family } from "./family.js";

/**
 * ICMP errors about a connection, as path MTU discovery needs them, from its two ends only. The kernel says which
 * connection an error is about, and which way it travels; who sent it is looked up here:
 *  - self: "address . same address" of each peer: the end of the connection itself
 *  - owner: the same for everything else that WireGuard accepts from one peer, "network . network": the peer that
 *    owns the network, or a router in it
 *
 * Both sets are made from the peers of the interface. Redirects are not among the errors.
 *
 * @param from what each rule begins with, a space at its end
 */
export function errorsFromPeers(v6: boolean, from = ""): string[] {
    return families(v6).flatMap((family) =>
        (["self", "owner"] as const).flatMap((set) => [
            `${from}${about(family, "reply")} ${family.ip} saddr . ct original ${family.ip} daddr @${set}${family.digit} accept`,
            `${from}${about(family, "original")} ${family.ip} saddr . ct original ${family.ip} saddr @${set}${family.digit} accept`,
        ]),
    );
}

/**
 * The same from the networks behind this machine, over the interfaces that lead there: a router on the way may have any
 * address.
 *
 * @param routes the networks, CIDR
 * @param bothWays connections may also begin there, as behind a managed peer
 */
export function errorsFromBehind(v6: boolean, routes: string[], bothWays: boolean): string[] {
    return families(v6).flatMap((family) => {
        const networks = routes.filter((route) => route.includes(":") === (family.digit === 6));
        if (networks.length === 0) return [];
        const from = "iifname @behind oifname @ours ";
        const ends = `{ ${networks.join(", ")} }`;
        return [
            `${from}${about(family, "reply")} ct original ${family.ip} daddr ${ends} accept`,
            ...(bothWays ? [`${from}${about(family, "original")} ct original ${family.ip} saddr ${ends} accept`] : []),
        ];
    });
}

/** An error towards the side that opened the connection ("reply"), or away from it. */
function about({ icmp }: Family, direction: "reply" | "original"): string {
    const types = ["destination-unreachable", ...(icmp === "icmpv6" ? ["packet-too-big"] : [])];
    return `ct state related ct direction ${direction} ${icmp} type { ${[...types, "time-exceeded", "parameter-problem"].join(", ")} }`;
}
