import {
    addressToBigInt,
    bigIntToAddress,
    contains,
    familyOf,
    overlaps,
    parseSubnet,
    range,
    unroutable,
} from "../addresses/index.js";
import { attempt, InvalidArgument } from "../errors.js";
import { checked } from "../arguments/faults.js";
import type { Fault } from "../fault.js";
import { bare, canonical, isHost, networkOf, split, type Own } from "./cidrs.js";

/** The tunnel's networks, as a Relay can have them. */
export interface Tunnel {
    subnet: string;
    subnet6?: string;
    left: string[];
}

/** What one peer's allowed IPs mean to a Relay. */
interface Membership {
    address?: string;
    routes: string[];
    left: string[];
}

/**
 * The networks behind `Address`. A Relay takes the first address of its network, and each peer has the same place in the IPv6
 * network as in the IPv4 one: where that is not so, it is said.
 *
 * @param addresses of the relay, with prefix length
 * @param allowed allowed IPs of every peer
 * @param mtu of the interface, where it is known
 */
export function tunnelOf(addresses: string[], allowed: string[][], subject: string, mtu?: number): Tunnel {
    const left: string[] = [];
    const [own, ...more4] = addresses.filter((address) => familyOf(address) === 4).map((text) => split(text, subject));
    const [own6, ...more6] = addresses.filter((address) => familyOf(address) === 6).map((text) => split(text, subject));
    if (own === undefined) {
        throw new InvalidArgument(
            subject,
            "has no IPv4 address, and a Relay needs an IPv4 network",
            `add the interface's address, for instance: Address = ${exampleFor(allowed)}`,
        );
    }
    for (const { text } of [...more4, ...more6]) {
        left.push(`Address ${text}: a Relay has one address in each family; this one is removed from the interface`);
    }
    const hosts = allowed
        .flat()
        .filter((text) => familyOf(text) === 4 && isHost(text))
        .map(bare);
    const subnet = subnet4(own, hosts, subject, left);
    const subnet6 = own6 === undefined ? undefined : subnet6Of(own6, { subnet, allowed, mtu }, left);
    return { subnet, ...(subnet6 === undefined ? {} : { subnet6 }), left };
}

/** A peer's own address is the first single one inside the tunnel; everything else is a network behind it. */
export function membershipOf(
    who: string,
    allowed: string[],
    tunnel: Tunnel,
    fault: (fault: Fault) => void,
): Membership {
    const left: string[] = [];
    const routes = new Set<string>();
    let address: string | undefined;
    let six = tunnel.subnet6 === undefined;
    for (const network of canonicalOf(who, allowed, fault)) {
        if (!isAddressInside(network, tunnel)) {
            const reason = notRouted(network, tunnel);
            if (reason === undefined) routes.add(network);
            else left.push(`${who} had ${network}${reason}`);
        } else if (familyOf(network) === 6) six = true;
        else if (specialAddress(bare(network), tunnel.subnet) === "relay") {
            left.push(`${who} had ${bare(network)}, the relay's own address: it is left out`);
        } else if (address === undefined) {
            address = bare(network);
            refuseSpecial(who, address, tunnel, fault);
        } else left.push(`${who} had ${bare(network)} as well; a peer has one address, so traffic to this one ends`);
    }
    if (address === undefined) {
        left.push(
            `${who} had no address in ${tunnel.subnet}: it gets one, and its connections from other addresses end`,
        );
    }
    if (!six) left.push(`${who} had no IPv6 address and gets one; its IPv4 address stays`);
    return { ...(address === undefined ? {} : { address }), routes: widest([...routes]).sort(), left };
}

/** Those that can be read; of the others a fault is reported. */
function canonicalOf(who: string, allowed: string[], fault: (fault: Fault) => void): string[] {
    return allowed.flatMap((text) => checked(() => canonical(text, who), fault, who) ?? []);
}

function isAddressInside(network: string, { subnet, subnet6 }: Tunnel): boolean {
    return isHost(network) && [subnet, subnet6].some((inside) => inside !== undefined && contains(inside, network));
}

/** Why a network behind a peer is not taken; undefined: it is. Goes on after "NAME had NETWORK". */
function notRouted(network: string, tunnel: Tunnel): string | undefined {
    if (network.endsWith("/0")) {
        return ": a default route to a peer is not carried over; list the networks behind that peer in `routes`";
    }
    if (familyOf(network) === 6 && tunnel.subnet6 === undefined) {
        return ": without `subnet6` there is no IPv6 in the tunnel";
    }
    if (overlapsTunnel(network, tunnel)) {
        return ", which overlaps the tunnel's own network; a peer has single addresses in it";
    }
    const other = unroutable(network);
    return other === undefined ? undefined : `, which overlaps ${other} and is not routed`;
}

/** The network address and the broadcast address cannot be used. */
function refuseSpecial(who: string, address: string, { subnet }: Tunnel, fault: (fault: Fault) => void): void {
    const special = specialAddress(address, subnet);
    if (special === undefined) return;
    fault({
        path: who,
        problem: `has ${address}, the ${special} address of ${subnet}`,
        fix: "give Address of [Interface] the prefix length of a wider network, or the peer another address",
    });
}

/**
 * WireGuard sends a packet to the peer with the narrowest network that holds its destination. A Relay's routes say one way
 * for each, so networks of two peers that overlap are refused here instead of in the preview.
 */
export function refuseOverlaps(
    peers: { name: string; routes: string[] }[],
    subject: string,
    fault: (fault: Fault) => void,
): void {
    const all = peers.flatMap(({ name, routes }) => routes.map((cidr) => ({ name, cidr })));
    for (const [index, one] of all.entries()) {
        const other = all.slice(0, index).find(({ name, cidr }) => name !== one.name && overlaps(cidr, one.cidr));
        if (other === undefined || other.cidr === one.cidr) continue;
        fault({
            path: `${subject}, ${one.name}`,
            problem: `has ${one.cidr}, which overlaps ${other.cidr} of ${other.name}`,
            fix: "a Relay routes each network to one peer: split the wider network so that it excludes the narrower one",
        });
    }
}

/** Without networks that lie inside a wider network of the same peer: they change nothing. */
function widest(routes: string[]): string[] {
    return routes.filter((one) => !routes.some((other) => other !== one && contains(other, one)));
}

/** Every peer has an address in the tunnel: those that have none yet need room for one. */
export function refuseWithoutRoom(
    peers: { address?: string }[],
    subnet: string,
    subject: string,
    fault: (fault: Fault) => void,
): void {
    const { first, last } = range(subnet);
    // Not the network's own, the relay's and the broadcast address.
    const room = last - first - 2n;
    if (BigInt(peers.length) <= room) return;
    fault({
        path: subject,
        problem: `has ${peers.length} peers, and ${subnet} has room for ${room}`,
        fix: "give Address of [Interface] the prefix length of a wider network",
    });
}

/** An address that no peer can have. */
function specialAddress(text: string, subnet: string): "network" | "relay" | "broadcast" | undefined {
    const { first, last } = range(subnet);
    const address = addressToBigInt(text);
    if (address === first) return "network";
    if (address === first + 1n) return "relay";
    return address === last ? "broadcast" : undefined;
}

/** The first address of the /24 in which the first peer is. */
function exampleFor(allowed: string[][]): string {
    const host = allowed.flat().find((text) => familyOf(text) === 4 && isHost(text));
    return host === undefined ? "10.8.0.1/24" : bare(host).replace(/\d+$/, "1/24");
}

function subnet4(own: Own, hosts: string[], subject: string, left: string[]): string {
    const fits = (prefix: number): boolean => {
        const { first } = range(networkOf(own.address, prefix, 32));
        return addressToBigInt(own.address) === first + 1n;
    };
    const holds = (prefix: number): boolean =>
        hosts.every((host) => contains(networkOf(own.address, prefix, 32), host));
    // The file's own prefix where it is one of a network; a single address gets a network with room for all peers.
    const wanted = own.prefix <= 30 ? own.prefix : descending(24, 16).find((prefix) => fits(prefix) && holds(prefix));
    const prefix = wanted ?? 24;
    const subnet = parseSubnet(networkOf(own.address, prefix, 32), `${subject}: Address`, 4);
    if (subnet.relay !== own.address) {
        if (hosts.includes(subnet.relay)) {
            throw new InvalidArgument(
                `${subject}: Address`,
                `${own.text} is not the first address of its network, which a Relay uses, and a peer has that one`,
                `give that peer another address than ${subnet.relay} first`,
            );
        }
        left.push(
            `the relay's own address changes from ${own.address} to ${subnet.relay}: a Relay uses the first of its network; update everything that refers to the old one`,
        );
    }
    if (prefix !== own.prefix)
        left.push(`Address ${own.text} becomes ${own.address}/${prefix}, a network that holds every peer`);
    return subnet.cidr;
}

/** What an IPv6 network has to fit to. */
interface Around {
    subnet: string;
    allowed: string[][];
    mtu: number | undefined;
}

function subnet6Of(own: Own, { subnet, allowed, mtu }: Around, left: string[]): string | undefined {
    const because = (why: string): undefined => {
        left.push(`IPv6 in the tunnel (${own.text}) is not carried over: ${why}; IPv4 addresses stay`);
        return undefined;
    };
    if (mtu !== undefined && mtu < 1280) return because(`MTU ${mtu} is less than IPv6 needs, 1280`);
    const cidr = networkOf(own.address, Math.min(own.prefix, 124), 128);
    const parsed = attempt(
        () => parseSubnet(cidr, "", 6),
        ({ problem }) => because(problem),
    );
    if (parsed === undefined) return undefined;
    if (128 - parsed.prefix < 32 - Number(subnet.split("/")[1]))
        return because(`${cidr} has fewer addresses than ${subnet}`);
    if (parsed.relay !== own.address) return because(`the relay's address is not the first of ${cidr}`);
    const place = (address: string, network: string): bigint => addressToBigInt(address) - range(network).first;
    for (const list of allowed) {
        const hosts = list.filter(isHost).map(bare);
        const four = hosts.find((host) => familyOf(host) === 4 && contains(subnet, host));
        const six = hosts.filter((host) => familyOf(host) === 6 && contains(cidr, host));
        const odd = six.find((host) => four === undefined || place(host, cidr) !== place(four, subnet));
        if (odd !== undefined) {
            const should =
                four === undefined
                    ? ""
                    : `, not ${bigIntToAddress(range(cidr).first + place(four, subnet), 6)} as the place of ${four} asks`;
            return because(`a peer has ${odd}${should}`);
        }
    }
    return cidr;
}

function overlapsTunnel(network: string, { subnet, subnet6 }: Tunnel): boolean {
    const one = range(network);
    return [subnet, subnet6].some((tunnel) => {
        if (tunnel === undefined) return false;
        const other = range(tunnel);
        return one.family === other.family && one.first <= other.last && other.first <= one.last;
    });
}

function descending(from: number, to: number): number[] {
    return Array.from({ length: from - to + 1 }, (_, index) => from - index);
}
