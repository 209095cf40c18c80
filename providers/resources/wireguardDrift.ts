import { routesOf } from "../../core/registry/defaults.js";
import { fingerprint } from "../../core/keys.js";
import { parseDump, type DesiredPeer } from "../../core/wireguard.js";
import type { Files } from "../hosts/bundle.js";
import { publicKeyOf } from "../../core/keys.js";
import { same } from "./changes.js";
import type { WireGuardInputs } from "./wireguard.js";

/** Differences between the interface and what the program says, by name. Counters, handshakes and endpoints are no difference. */
export function wireDrift(args: WireGuardInputs, peers: DesiredPeer[], answer: Files): Record<string, string> {
    if (answer.dump === undefined || answer.dump === "") {
        return {
            interface: "the interface is gone or does not answer: nobody is connected; the next up makes it again",
        };
    }
    const dump = parseDump(answer.dump);
    const drift: Record<string, string> = {};
    if (dump.publicKey !== publicKeyOf(args.privateKey)) {
        drift["private key"] =
            `the interface has another private key (public key ${dump.publicKey}); the next up sets the relay's own`;
    }
    if (dump.listenPort !== args.listenPort) {
        drift["listen port"] =
            `the interface listens on port ${dump.listenPort} instead of ${args.listenPort}; the next up sets it back`;
    }
    Object.assign(drift, peerDrift(peers, dump.peers), networkDrift(args, answer.network ?? ""));
    return drift;
}

type LivePeer = ReturnType<typeof parseDump>["peers"][number];

function peerDrift(peers: DesiredPeer[], live: LivePeer[]): Record<string, string> {
    const drift: Record<string, string> = {};
    const onWire = new Map(live.map((peer) => [peer.publicKey, peer]));
    for (const want of peers) {
        const peer = onWire.get(want.publicKey);
        onWire.delete(want.publicKey);
        if (peer === undefined) {
            drift[`peer ${want.name}`] =
                `${want.name} was removed from the interface by hand; the next up connects her again`;
            continue;
        }
        const faults: string[] = [];
        if (!same([...peer.allowedIps].sort(), [...want.allowedIps].sort())) {
            faults.push(
                `allowed IPs are ${peer.allowedIps.join(", ") || "none"} instead of ${want.allowedIps.join(", ")}`,
            );
        }
        if (peer.presharedKey !== want.presharedKey) faults.push("the preshared key is another one");
        if (peer.keepalive !== want.keepalive)
            faults.push(`keepalive is ${peer.keepalive} instead of ${want.keepalive}`);
        if (faults.length > 0)
            drift[`peer ${want.name}`] =
                `${want.name} was changed on the wire: ${faults.join("; ")}; the next up sets it back`;
    }
    for (const peer of onWire.values()) {
        const name = `rogue peer ${fingerprint(peer.publicKey)}`;
        drift[name] =
            `${name} (${peer.publicKey}, ${peer.allowedIps.join(", ") || "no allowed IPs"}) is on the wire, not in the program; the next up cuts it off`;
    }
    return drift;
}

function networkDrift(args: WireGuardInputs, network: string): Record<string, string> {
    const drift: Record<string, string> = {};
    const live = (key: string): string[] =>
        network
            .split("\n")
            .filter((line) => line.startsWith(`${key} `))
            .map((line) => line.slice(key.length + 1))
            .sort();
    const addresses = [
        `${args.address}/${args.prefix}`,
        ...(args.address6 === undefined ? [] : [`${args.address6}/${args.prefix6 ?? 64}`]),
    ].sort();
    if (!same(live("address"), addresses)) {
        drift.addresses = `the interface has the addresses ${live("address").join(", ") || "none"} instead of ${addresses.join(", ")}; the next up sets them`;
    }
    const routes = [...new Set(Object.values(args.peers).flatMap(routesOf))].sort();
    if (!same(live("route"), routes))
        drift.routes = `the routes are ${live("route").join(", ") || "none"} instead of ${routes.join(", ") || "none"}; the next up sets them`;
    if (live("mtu")[0] !== String(args.mtu))
        drift.mtu = `the MTU is ${live("mtu")[0]} instead of ${args.mtu}; the next up sets it`;
    if (live("up")[0] !== "1") drift.link = "the interface is down: nobody is connected; the next up brings it up";
    if (live("forwarding")[0] !== "1")
        drift["ip_forward"] =
            "IPv4 forwarding is off: peers reach the relay, but nothing behind it; the next up switches it on for the interface";
    if (args.address6 !== undefined && live("forwarding6")[0] !== "1")
        drift["ip6_forward"] = "IPv6 forwarding is off; the next up switches it on";
    return drift;
}
