/** The words of nft for one address family. */
export interface Family {
    ip: "ip" | "ip6";
    icmp: "icmp" | "icmpv6";
    digit: 4 | 6;
}

const IPV4: Family = { ip: "ip", icmp: "icmp", digit: 4 };
const IPV6: Family = { ip: "ip6", icmp: "icmpv6", digit: 6 };

export function families(v6: boolean): Family[] {
    return v6 ? [IPV4, IPV6] : [IPV4];
}
