/** The words of nft for one address family. */
export interface Family {
    ip: "ip" | "ip6";
    icmp: "icmp" | "icmpv6";
    digit: 4 | 6;
    /** Behind the names of sets: of access that ends. */
    suffix: "" | "_until";
}

const IPV4: Family = { ip: "ip", icmp: "icmp", digit: 4, suffix: "" };
const IPV6: Family = { ip: "ip6", icmp: "icmpv6", digit: 6, suffix: "" };

/** @param timed also with the sets of access that ends, after the others */
export function families(v6: boolean, timed = false): Family[] {
    const all = v6 ? [IPV4, IPV6] : [IPV4];
    return timed ? [...all, ...all.map((family): Family => ({ ...family, suffix: "_until" }))] : all;
}
