import { routesOf } from "../../../core/registry/defaults.js";
import { fingerprint } from "../../../core/keys/index.js";
import type { EpochPlace } from "../../../core/keys/epochs.js";
import { type Dump, parseDump } from "../../../core/wireguard/index.js";
import { liveNetwork } from "../../../core/protocol/network.js";
import { LINK_GROUP } from "../../../core/wireguard/linkGroup.js";
import type { Drift } from "../../../core/drift.js";
import { REPAIR } from "../../../core/repair.js";
import type { PartAnswers } from "../../../core/protocol/steps.js";
import { same } from "../changes.js";
import type { WireGuardInputs } from "./inputs.js";
import { placesOf, publicKeyOfEpoch } from "./epochs.js";
import { expectedPeers } from "./overlap.js";
import type { ExpectedPeer } from "./desired.js";

/** Differences between the interfaces and what the program says. Counters, handshakes and endpoints are no difference. */
export function wireDrift(
    args: WireGuardInputs,
    peers: ExpectedPeer[],
    answer: PartAnswers<"wireguard">,
    device: string,
    publicKeys: Record<string, string> = {},
): Drift[] {
    const places = placesOf(args, device);
    const expected = expectedPeers(peers, answer);
    const drift = places.flatMap((place, index) => {
        const found = interfaceDrift(args, expected, answer, place, index === 0, publicKeys);
        // With one interface there is no doubt which is meant.
        return places.length === 1 ? found : found.map((each) => ofInterface(place.interface, each));
    });
    // Of two interfaces each has some of the routes: where a peer was last.
    const networks = places.map((place) => answer[`network.${place.interface}`] ?? "").join("\n");
    const routes = [...new Set(Object.values(args.peers).flatMap(routesOf))].sort();
    if (dumpOf(answer, places[0]?.interface ?? device) !== undefined && !same(live(networks, "route"), routes))
        drift.push({
            kind: "routes",
            sentence: `the routes are ${live(networks, "route").join(", ") || "none"} instead of ${routes.join(", ") || "none"}; ${REPAIR} restores them`,
        });
    return drift;
}

function ofInterface(device: string, drift: Drift): Drift {
    return { ...drift, interface: device, sentence: `${device}: ${drift.sentence}` };
}

/** What the wire knows of one interface; undefined when it is gone or does not answer. */
export function dumpOf(answer: PartAnswers<"wireguard">, device: string): Dump | undefined {
    const text = answer[`dump.${device}`] ?? "";
    return text === "" ? undefined : parseDump(text);
}

function interfaceDrift(
    args: WireGuardInputs,
    peers: ExpectedPeer[],
    answer: PartAnswers<"wireguard">,
    place: EpochPlace,
    primary: boolean,
    publicKeys: Record<string, string>,
): Drift[] {
    const dump = dumpOf(answer, place.interface);
    if (dump === undefined) {
        return [
            {
                kind: "interface",
                sentence: `the interface is missing or does not answer: no peer is connected; ${REPAIR} creates it again`,
            },
        ];
    }
    const drift: Drift[] = [];
    const own = publicKeyOfEpoch(args, place.epoch) ?? publicKeys[place.epoch];
    if (own !== undefined && dump.publicKey !== own) {
        drift.push({
            kind: "private key",
            sentence: `the interface has a different private key (public key ${dump.publicKey}); ${REPAIR} restores the relay's own`,
        });
    }
    // A managed peer takes any.
    if (place.port !== 0 && dump.listenPort !== place.port) {
        drift.push({
            kind: "listen port",
            sentence: `the interface listens on port ${dump.listenPort} instead of ${place.port}; ${REPAIR} restores it`,
        });
    }
    if (dump.fwmark !== 0)
        drift.push({
            kind: "fwmark",
            sentence: `the interface marks its packets with ${dump.fwmark}: the machine may route them elsewhere; ${REPAIR} removes the mark`,
        });
    const network = answer[`network.${place.interface}`] ?? "";
    return [...drift, ...peerDrift(peers, dump.peers), ...networkDrift(args, network, primary)];
}

type LivePeer = ReturnType<typeof parseDump>["peers"][number];

function peerDrift(peers: ExpectedPeer[], live: LivePeer[]): Drift[] {
    const drift: Drift[] = [];
    const onWire = new Map(live.map((peer) => [peer.publicKey, peer]));
    for (const want of peers) {
        const peer = onWire.get(want.publicKey);
        onWire.delete(want.publicKey);
        if (peer === undefined) {
            drift.push({
                kind: "peer",
                name: want.name,
                sentence: `${want.name} was removed from the interface by hand; ${REPAIR} adds it back`,
            });
            continue;
        }
        const faults: string[] = [];
        if (!same([...peer.allowedIps].sort(), [...want.allowedIps].sort())) {
            faults.push(
                `allowed IPs are ${peer.allowedIps.join(", ") || "none"} instead of ${want.allowedIps.join(", ")}`,
            );
        }
        if (want.presharedKey !== undefined && peer.presharedKey !== want.presharedKey)
            faults.push("the preshared key differs");
        if (peer.keepalive !== want.keepalive)
            faults.push(`keepalive is ${peer.keepalive} instead of ${want.keepalive}`);
        if (faults.length > 0)
            drift.push({
                kind: "peer",
                name: want.name,
                sentence: `${want.name} was changed on the interface: ${faults.join("; ")}; ${REPAIR} restores it`,
            });
    }
    for (const peer of onWire.values()) {
        const name = fingerprint(peer.publicKey);
        drift.push({
            kind: "rogue peer",
            name,
            sentence: `unknown peer ${name} (${peer.publicKey}, ${peer.allowedIps.join(", ") || "no allowed IPs"}) is configured on the interface but not declared in the program; ${REPAIR} removes it`,
        });
    }
    return drift;
}

function networkDrift(args: WireGuardInputs, network: string, primary: boolean): Drift[] {
    const drift: Drift[] = [];
    // The tunnel's networks lead to one interface; another one of the relay has its addresses alone.
    const addresses = [
        `${args.address}/${primary ? args.prefix : 32}`,
        ...(args.address6 === undefined ? [] : [`${args.address6}/${primary ? (args.prefix6 ?? 64) : 128}`]),
    ].sort();
    if (!same(live(network, "address"), addresses)) {
        drift.push({
            kind: "addresses",
            sentence: `the interface has the addresses ${live(network, "address").join(", ") || "none"} instead of ${addresses.join(", ")}; ${REPAIR} restores them`,
        });
    }
    if (live(network, "mtu")[0] !== String(args.mtu))
        drift.push({
            kind: "mtu",
            sentence: `the MTU is ${live(network, "mtu")[0]} instead of ${args.mtu}; ${REPAIR} restores it`,
        });
    // A relay that has none yet says nothing of it.
    const [group = String(LINK_GROUP)] = live(network, "group");
    if (group !== String(LINK_GROUP))
        drift.push({
            kind: "link group",
            sentence: `the link group of the interface is ${group} instead of ${LINK_GROUP}: other relays on this machine drop what it forwards; ${REPAIR} restores it`,
        });
    if (live(network, "up")[0] !== "1")
        drift.push({
            kind: "link",
            sentence: `the interface is down: no peer is connected; ${REPAIR} brings it up`,
        });
    if (live(network, "forwarding")[0] !== "1")
        drift.push({
            kind: "ip_forward",
            sentence: `IPv4 forwarding is off: peers reach the relay, but nothing behind it; ${REPAIR} switches it on for the interface`,
        });
    if (args.address6 !== undefined && live(network, "forwarding6")[0] !== "1")
        drift.push({ kind: "ip6_forward", sentence: `IPv6 forwarding is off; ${REPAIR} switches it on` });
    for (const [kind, value] of KERNEL) {
        const [now] = live(network, kind);
        if (now !== undefined && now !== "" && now !== value)
            drift.push({
                kind,
                sentence: `${kind} of the interface is ${now} instead of ${value}; ${REPAIR} restores it`,
            });
    }
    return drift;
}

/** Settings of the interface in the kernel, as every apply writes them. */
const KERNEL = [
    ["rp_filter", "2"],
    ["send_redirects", "0"],
] as const;

/** Values of a key in what a relay says of an interface's network. */
function live(network: string, key: Parameters<ReturnType<typeof liveNetwork.parse>["all"]>[0]): string[] {
    return liveNetwork.parse(network).all(key).sort();
}
