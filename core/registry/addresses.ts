import { unusual } from "./defaults.js";
import { addressToBigInt, bigIntToAddress, parseAddress } from "../addresses/index.js";
import type { Subnet } from "../addresses/index.js";
import { checked } from "../arguments/faults.js";
import type { Fault } from "../fault.js";
import type { Ledger, RegistryPeer, RetiredPeer } from "./model.js";
import type { PeerRequest, RegistryRequest } from "./request.js";
import type { Identities } from "./identity.js";
import { assignSlots } from "./slots.js";
import type { Want } from "./slots.js";

type Report = (fault: Fault) => void;

interface Subnets {
    subnet: Subnet;
    subnet6: Subnet | undefined;
}

/** Gives every listed peer its addresses. An IPv4 address is a slot; the IPv6 one has the same place in its network. */
export function allocateAddresses(
    request: RegistryRequest,
    subnets: Subnets,
    identities: Identities,
    before: Ledger,
    report: Report,
): { peers: Record<string, RegistryPeer>; retired: Record<string, RetiredPeer> } {
    const { subnet } = subnets;
    const pool = { first: Number(subnet.firstPeer), last: Number(subnet.lastPeer) };
    const reserved = new Set(request.reservedAddresses.map(slotOf));
    const wanted = new Map<string, Want>();
    for (const [name, peer] of Object.entries(request.peers)) {
        wanted.set(name, want(name, peer, identities, subnet, pool, reserved, report));
    }
    const leaving = leavingPeers(request.peers, identities, before);
    const retired = new Map<string, number>();
    for (const [name, { address }] of leaving) {
        const slot = address === "" ? undefined : slotOf(address);
        if (slot !== undefined && isInside(slot, subnet)) {
            retired.set(name, slot);
        }
    }
    const result = assignSlots({ pool, blocked: (slot) => reserved.has(slot), wanted, retired });

    for (const { name, holder } of result.conflicts) {
        const address = request.peers[name]?.address as string;
        report({
            path: `peers.${name}.address`,
            problem: `"${address}" belongs to "${holder}"`,
            fix: "choose another, or leave it out to have one allocated",
        });
    }
    for (const name of result.unserved) {
        const size =
            pool.last - pool.first + 1 - [...reserved].filter((slot) => slot >= pool.first && slot <= pool.last).length;
        report({
            path: `peers.${name}`,
            problem: `there is no address left for "${name}": ${subnet.cidr} has room for ${size} peer${size === 1 ? "" : "s"}`,
            fix: "choose a larger subnet around this one (addresses stay), or remove a peer",
        });
    }
    return {
        peers: listed(request.peers, result.slots, identities, subnets),
        retired: remembered(leaving, result.evicted, request.peers, subnets),
    };
}

function want(
    name: string,
    peer: PeerRequest,
    identities: Identities,
    subnet: Subnet,
    pool: { first: number; last: number },
    reserved: ReadonlySet<number>,
    report: Report,
): Want {
    if (peer.address !== undefined) {
        return { pinned: pinnedSlot(peer.address, `peers.${name}.address`, subnet, pool, reserved, report) };
    }
    const identity = identities.of.get(name);
    if (identity?.address === undefined) {
        return {};
    }
    const slot = slotOf(identity.address);
    if (slot >= pool.first && slot <= pool.last) {
        if (identity.kind === "returns") {
            return { preferred: slot };
        }
        if (reserved.has(slot)) {
            report({
                path: `peers.${name}.address`,
                problem: `${identity.address} is reserved now`,
                fix: "pin another address for this peer",
            });
        }
        return { current: slot };
    }
    // The subnet changed: the same place in the new one is the least surprise.
    const place = Number(addressToBigInt(subnet.network)) + (slot % 2 ** (32 - subnet.prefix));
    return place >= pool.first && place <= pool.last ? { preferred: place } : {};
}

function pinnedSlot(
    text: string,
    path: string,
    subnet: Subnet,
    pool: { first: number; last: number },
    reserved: ReadonlySet<number>,
    report: Report,
): number | undefined {
    const address = checked(() => parseAddress(text, path, 4), report, path);
    if (address === undefined) return undefined;
    const slot = slotOf(address);
    const { first, last } = { first: slotAddress(pool.first), last: slotAddress(pool.last) };
    const fix = `choose one from ${first} to ${last}, or leave it out to have one allocated`;
    if (!isInside(slot, subnet)) {
        report({ path, problem: `"${address}" is outside ${subnet.cidr}`, fix });
    } else if (address === subnet.relay) {
        report({ path, problem: `"${address}" is the relay's own address`, fix });
    } else if (slot < pool.first || slot > pool.last) {
        report({
            path,
            problem: `"${address}" is the ${slot < pool.first ? "network" : "broadcast"} address of ${subnet.cidr}`,
            fix,
        });
    } else if (reserved.has(slot)) {
        report({ path, problem: `"${address}" is reserved`, fix });
    } else {
        return slot;
    }
    return undefined;
}

/** All names that are not listed, in the order in which their addresses are reused: the latest to leave, last. */
function leavingPeers(
    peers: Record<string, PeerRequest>,
    identities: Identities,
    before: Ledger,
): [name: string, entry: RetiredPeer][] {
    const successor = new Map(identities.renamed.map(({ from, to }) => [from, to]));
    const long = Object.entries(before.retired.peers).filter(([name]) => !Object.hasOwn(peers, name));
    const now = Object.entries(before.peers)
        .filter(([name]) => !Object.hasOwn(peers, name))
        .map(([name, { address, publicKey, admitted }]): [string, RetiredPeer] => {
            if (successor.has(name)) {
                const pinned = peers[successor.get(name) as string]?.address;
                return [
                    name,
                    { address: pinned === undefined ? "" : address, ...(admitted !== undefined && { admitted }) },
                ];
            }
            return [
                name,
                { address, ...(publicKey !== undefined && { publicKey }), ...(admitted !== undefined && { admitted }) },
            ];
        });
    return [...byAddress(long), ...byAddress(now)];
}

function listed(
    peers: Record<string, PeerRequest>,
    slots: ReadonlyMap<string, number>,
    identities: Identities,
    subnets: Subnets,
): Record<string, RegistryPeer> {
    const result: Record<string, RegistryPeer> = {};
    for (const name of Object.keys(peers).sort()) {
        const peer = peers[name] as PeerRequest;
        const slot = slots.get(name);
        if (slot === undefined) {
            continue;
        }
        result[name] = {
            ...addresses(slot, subnets),
            ...(peer.publicKey !== undefined && peer.isOutput !== true && { publicKey: peer.publicKey }),
            ...unusual({
                routes: [...(peer.routes ?? [])].sort(),
                keyEpoch: peer.keyEpoch ?? 1,
                admitted: identities.of.get(name)?.admitted ?? 1,
            }),
            ...(peer.expires !== undefined && { expires: peer.expires }),
        };
    }
    return result;
}

function remembered(
    leaving: [string, RetiredPeer][],
    evicted: ReadonlySet<string>,
    peers: Record<string, PeerRequest>,
    subnets: Subnets,
): Record<string, RetiredPeer> {
    const active = new Set(Object.values(peers).map((peer) => peer.publicKey));
    const result: Record<string, RetiredPeer> = {};
    for (const [name, { address, publicKey, admitted, expires, keyEpoch }] of leaving.sort(([a], [b]) =>
        a < b ? -1 : 1,
    )) {
        const kept = evicted.has(name) ? "" : address;
        const inside = kept !== "" && isInside(slotOf(kept), subnets.subnet);
        result[name] = {
            ...(inside ? addresses(slotOf(kept), subnets) : { address: kept }),
            // A key that was reinstated under another name is not revoked any more.
            ...(publicKey !== undefined && !active.has(publicKey) && { publicKey }),
            ...(admitted !== undefined && { admitted }),
            ...(expires !== undefined && { expires }),
            ...(keyEpoch !== undefined && { keyEpoch }),
        };
    }
    return result;
}

function addresses(slot: number, { subnet, subnet6 }: Subnets): { address: string; address6?: string } {
    const address = slotAddress(slot);
    if (subnet6 === undefined) {
        return { address };
    }
    const place = BigInt(slot) - addressToBigInt(subnet.network);
    return { address, address6: bigIntToAddress(addressToBigInt(subnet6.network) + place, 6) };
}

/** From the network address to the broadcast address, which lie just outside the peers' and the relay's. */
function isInside(slot: number, subnet: Subnet): boolean {
    return slot >= Number(subnet.firstPeer) - 2 && slot <= Number(subnet.lastPeer) + 1;
}

function slotOf(address: string): number {
    return Number(addressToBigInt(address));
}

function slotAddress(slot: number): string {
    return bigIntToAddress(BigInt(slot), 4);
}

function byAddress(entries: [string, RetiredPeer][]): [string, RetiredPeer][] {
    const placed = entries.map((entry) => ({ entry, slot: entry[1].address === "" ? -1 : slotOf(entry[1].address) }));
    return placed.sort((a, b) => a.slot - b.slot).map(({ entry }) => entry);
}
