import { InvalidArgument } from "../errors.js";
import { overlaps, parseCidr, range, rangesOverlap, familyOf } from "./cidr.js";

/** The tunnel's own networks: no route may touch them. */
export interface TunnelSubnets {
    subnet: string;
    subnet6?: string | undefined;
}

/**
 * A network behind a peer or behind the relay, in canonical CIDR form.
 *
 * @throws InvalidArgument for a default route, a network that overlaps the tunnel, an IPv6 route on a relay without
 * `subnet6`, and networks that never leave a machine or a link (loopback, link-local with the clouds' metadata
 * addresses, multicast)
 */
export function parseRoute(text: string, subject: string, context: TunnelSubnets): string {
    const cidr = parseCidr(text, subject);
    if (cidr.endsWith("/0")) {
        throw new InvalidArgument(
            subject,
            `"${cidr}" is a default route`,
            "list the networks that are actually behind it",
        );
    }
    const bad = unroutable(cidr);
    if (bad !== undefined) {
        throw new InvalidArgument(subject, `"${cidr}" overlaps ${bad}`, "list only networks that can be routed");
    }
    for (const tunnel of [context.subnet, context.subnet6]) {
        if (tunnel !== undefined && overlaps(tunnel, cidr)) {
            const fix = "choose another network, or another subnet for the tunnel";
            throw new InvalidArgument(subject, `"${cidr}" overlaps the tunnel's own ${tunnel}`, fix);
        }
    }
    if (familyOf(cidr) === 6 && context.subnet6 === undefined) {
        throw new InvalidArgument(
            subject,
            `"${cidr}" is IPv6, and the relay has no subnet6`,
            "give the relay a subnet6, or remove the route",
        );
    }
    return cidr;
}

/**
 * What makes a network or address unusable as a destination of forwarded traffic: "169.254.0.0/16 (link-local, ...)".
 * Undefined for an ordinary one.
 */
export function unroutable(addressOrCidr: string): string | undefined {
    const asked = range(addressOrCidr);
    return UNROUTABLE.find((special) => rangesOverlap(special.range, asked))?.name;
}

/** Special-purpose networks (RFC 6890) and the cloud metadata address that lies outside them. */
const UNROUTABLE = [
    ["0.0.0.0/8", '"this network"'],
    ["127.0.0.0/8", "loopback"],
    ["169.254.0.0/16", "link-local, with the cloud's metadata address"],
    ["224.0.0.0/4", "multicast"],
    ["240.0.0.0/4", "reserved"],
    ["::/127", "unspecified and loopback"],
    ["::ffff:0:0/96", "IPv4-mapped IPv6"],
    ["fd00:ec2::254/128", "the cloud's metadata address"],
    ["fe80::/10", "link-local"],
    ["ff00::/8", "multicast"],
].map(([network = "", meaning]) => ({ name: `${network} (${meaning})`, range: range(network) }));
