import { isIP } from "node:net";

import type { Finding, Live, WirePeer } from "../../core/flows/index.js";
import { namedInterfaces, parseRuleset } from "../../core/flows/index.js";
import { fingerprint } from "../../core/keys/fingerprint.js";
import { tableName } from "../../core/names.js";
import { legacyRuleset } from "../../core/nftables/legacy.js";
import { hostValues } from "../../core/protocol/facts.js";
import { expired } from "../../core/protocol/expired.js";
import { interfaces } from "../../core/protocol/interfaces.js";
import { liveNetwork } from "../../core/protocol/network.js";
import type { Answers } from "../../core/protocol/steps.js";
import { ours } from "../../core/protocol/surroundings.js";
import { linesOf } from "../../core/protocol/table.js";
import type { KnownPeer } from "../../core/status/index.js";
import type { RelayNames } from "../../core/registry/model.js";
import { parseDump } from "../../core/wireguard/index.js";
import { documents, unreadableTables } from "./surroundings.js";

/** What of a relay the state knows. */
export interface AskedRelay {
    names: RelayNames;
    peers: Readonly<Record<string, KnownPeer>>;
    /** Networks behind each peer, CIDR. */
    routes: Readonly<Record<string, readonly string[]>>;
    /** The relay's addresses in the tunnel. */
    own: readonly string[];
}

/** A relay as it is, ready to be compared with its program. */
export interface LiveRelay extends Live {
    /** Whether its own table exists. */
    exists: boolean;
    /** Addresses and networks of peers that it cut off at their expiry. */
    expired: string[];
    /** What of its rules could not be read. */
    unread: Finding[];
}

/** A relay's answer to `status`: every table of nftables, and its peers with their allowed IPs. */
export function liveRelay({ names, peers, own }: AskedRelay, answer: Answers<"status">): LiveRelay {
    const legacy = (["ip", "ip6"] as const).flatMap((family) => {
        const text = answer[`legacy.${family}`];
        return text === undefined ? [] : [legacyRuleset(text, family)];
    });
    const listed = [...documents(answer.nft ?? ""), ...documents(answer.ruleset ?? ""), ...legacy];
    const devices = interfaces.parse(answer.interfaces).map((row) => row.interface);
    const named = new Set(devices.length === 0 ? [names.interface] : devices);
    const ruleset = parseRuleset(listed, named);
    const table = tableName(names);
    const behind = ruleset.sets.get(`inet ${table} behind`) ?? [];
    const subnets = ours.parse(answer.ours).all("subnet");
    const live = [...named].flatMap((device) =>
        liveNetwork
            .parse(answer[`network.${device}`])
            .all("address")
            .map((address) => address.replace(/\/.*/, "")),
    );
    return {
        ruleset,
        wire: {
            interfaces: [...named],
            own: [...new Set([...own, ...live.filter((address) => !address.startsWith("fe80:"))])],
            subnets,
            machine: machineOf(answer),
            peers: [...named].flatMap((device) => peersOn(device, answer[`dump.${device}`] ?? "", peers)),
        },
        others: namedInterfaces(listed, named),
        behind: behind.filter((each) => typeof each === "string"),
        exists: ruleset.tables.has(`inet ${table}`),
        expired: expired.parse(answer.expired).flatMap(({ addresses }) => addresses),
        unread: [
            ...unreadOf(linesOf(answer["legacy.unread"])),
            ...unreadableTables(`${answer.nft ?? ""}\n${answer.ruleset ?? ""}`).map((name) =>
                undecided(`table ${name} cannot be read: nft writes no valid JSON of it`),
            ),
        ],
    };
}

/** The machine's own address, where it has one. */
function machineOf(answer: Answers<"status">): string[] {
    const address = hostValues.parse(answer.host).one("address") ?? "";
    return isIP(address) === 0 ? [] : [address];
}

function peersOn(device: string, dump: string, known: AskedRelay["peers"]): WirePeer[] {
    if (dump === "") return [];
    return parseDump(dump).peers.map(({ publicKey, allowedIps }) => ({
        name: nameOf(publicKey, known),
        interface: device,
        allowedIps,
    }));
}

/** A key that is revoked or unknown has no right, whatever its name. */
function nameOf(publicKey: string, known: AskedRelay["peers"]): string {
    const [name, peer] =
        Object.entries(known).find(([, each]) => each.publicKey === publicKey || each.former === publicKey) ?? [];
    if (name === undefined || peer === undefined) return `unknown peer ${fingerprint(publicKey)}`;
    return peer.listed ? name : `${name} (revoked)`;
}

function unreadOf(tables: readonly string[]): Finding[] {
    if (tables.length === 0) return [];
    return [undecided(`tables of iptables-legacy are loaded and cannot be listed: ${tables.join(", ")}`)];
}

function undecided(cause: string): Finding {
    return { kind: "undecided", part: "new", from: "any", to: "any", ports: "all", packet: "any", cause };
}
