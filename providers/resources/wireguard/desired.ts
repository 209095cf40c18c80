import { peerKey } from "../../../core/registry/peerKey.js";
import { UNKNOWN } from "../resource.js";
import { listOf, read, type Shape } from "../shape.js";
import { resolved, type WireGuardInputs, type WireGuardPlan } from "./inputs.js";
import { routesOf } from "../../../core/registry/defaults.js";
import { InvalidArgument } from "../../../core/errors.js";
import { presharedKey } from "../../../core/keys/index.js";
import { network } from "../../../core/protocol/network.js";
import { LINK_GROUP } from "../../../core/wireguard/linkGroup.js";
import { type DesiredPeer, fromAllowedIps } from "../../../core/wireguard/index.js";
import type { WantedInterface } from "../../../core/adoption/differences.js";
import { placesOf, publicKeyOfEpoch } from "./epochs.js";
import { identityOf } from "./leaf.js";

/** Preshared keys are derived, and an apply asks for them before and after: a second time costs nothing. */
const derivedFor = new WeakMap<WireGuardInputs, DesiredPeer[]>();

export function desiredPeers(args: WireGuardInputs): DesiredPeer[] {
    const known = derivedFor.get(args) ?? derivePeers(args);
    derivedFor.set(args, known);
    return known;
}

function derivePeers(args: WireGuardInputs): DesiredPeer[];

function derivePeers(args: WireGuardInputs, secret: () => undefined): ExpectedPeer[];

function derivePeers(args: WireGuardInputs, secret?: () => undefined): ExpectedPeer[] {
    // Between a managed peer and its relay it is the peer's key that counts, on both ends.
    const ownKey = args.leaf === undefined ? undefined : publicKeyOfEpoch(args, 1);
    return Object.entries(args.peers).map(([name, peer]) => {
        const publicKey = peerKey(name, peer, args.publicKeys);
        if (publicKey === undefined) {
            throw new InvalidArgument(
                `peers.${name}`,
                "has no public key",
                "apply the whole relay: --target leaves out its key pair",
            );
        }
        const given = secret === undefined ? args.presharedKeys?.[name] : undefined;
        const derived = (): string =>
            presharedKey(seedOf(args), { ...identityOf(args.leaf, name, peer), publicKey: ownKey ?? publicKey });
        return {
            name,
            publicKey,
            ...(secret === undefined ? { presharedKey: given === "none" ? "" : (given ?? derived()) } : {}),
            allowedIps: fromAllowedIps(peer),
            keepalive: args.leaf?.keepalive ?? 0,
            ...(args.leaf === undefined ? {} : { endpoint: args.leaf.endpoint }),
            ...(peer.expires === undefined ? {} : { expires: peer.expires }),
        };
    });
}

function seedOf({ seed }: WireGuardInputs): string {
    if (seed !== undefined) return seed;
    throw new InvalidArgument("seed", "is not open here", "give the passphrase of the stack");
}

/** Families, as an adoption's terms have them. */
const familiesShape: Shape<(4 | 6)[]> = listOf((value, path) =>
    value === 4 || value === 6 ? undefined : { path, problem: "is not an IP family", fix: "give 4 or 6" },
);

/** Peers as the wire is to have them; preshared keys only where the secrets they come from are open. */
export function expectedOnWire(args: WireGuardInputs): ExpectedPeer[] {
    return typeof args.seed === "string" ? desiredPeers(args) : derivePeers(args, () => undefined);
}

/** What an interface that is taken over has to be like already, or the program to accept. */
export function wantedInterface(inputs: WireGuardPlan): (device: string) => WantedInterface {
    return (device) => {
        const { seed, ...others } = inputs;
        const args = resolved(seed === UNKNOWN ? others : inputs);
        const { isMtuGiven = false, forwards } = inputs.adoption ?? {};
        return {
            listenPort: placesOf(args, device).find((place) => place.interface === device)?.port ?? args.listenPort,
            mtu: args.mtu,
            isMtuGiven,
            addresses: addressesOf(args),
            subnets: [args.subnet, args.subnet6].filter((network) => network !== undefined),
            // In a preview the seed is not made yet: a peer whose preshared key is derived from it gets a different one.
            peers:
                typeof args.seed === "string"
                    ? desiredPeers(args)
                    : derivePeers(args, () => undefined).map(withGiven(args)),
            forwards: read(familiesShape, forwards ?? []),
        };
    };
}

function withGiven({ presharedKeys }: WireGuardInputs): (peer: ExpectedPeer) => WantedInterface["peers"][number] {
    return (peer) => {
        const given = presharedKeys?.[peer.name];
        return { ...peer, presharedKey: given === "none" ? "" : given };
    };
}

function addressesOf({ address, prefix, address6, prefix6 }: WireGuardInputs): string[] {
    return [`${address}/${prefix}`, ...(address6 === undefined ? [] : [`${address6}/${prefix6 ?? 64}`])];
}

export function renderNetwork(args: WireGuardInputs): string {
    return network.render({
        subnet: [args.subnet, args.subnet6].filter((each) => each !== undefined),
        address: addressesOf(args),
        mtu: args.mtu,
        group: LINK_GROUP,
        route: Object.values(args.peers).flatMap(routesOf),
        behind: args.routes,
    });
}

/** A peer as it should be on the interface; the preshared key of a key that is being replaced is not known here. */
export type ExpectedPeer = Omit<DesiredPeer, "presharedKey"> & { presharedKey?: string };
