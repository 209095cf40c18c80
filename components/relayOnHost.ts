import * as pulumi from "@pulumi/pulumi";

import { parseRule, RELAY } from "../core/access/index.js";
import { renderTerms } from "../core/access/terms.js";
import { packed } from "../core/packed/index.js";
import { familyOf } from "../core/addresses/index.js";
import type { RelayPlain } from "../core/arguments/index.js";
import type { Machine } from "./machineTypes.js";
import { Managed, type Recorded, secretChild } from "./managed.js";
import type { ListedPeer } from "./listedPeers.js";
import { outputKeys, suppliedTo } from "./registryRequest.js";
import type { ResolvedRelay } from "./relayArguments.js";
import { WARN_HOURS } from "../core/registry/defaults.js";
import type { RegisteredPeer, ServedService } from "../core/registry/model.js";
import {
    accessRules,
    accessTerms,
    admittedOf,
    hasEnds,
    hasTerms,
    type LedgerOutput,
    proxyServices,
} from "./relayInputs.js";

/** What a relay has before it has secrets: names, addresses, a place. */
export interface RelayBase {
    parent: pulumi.Resource;
    name: string;
    resolved: ResolvedRelay;
    /** What each of its resources is told: which relay, where, which log. */
    place: pulumi.Inputs;
    machine: Machine;
    ledger: LedgerOutput;
    registry: Managed<"Registry">;
    /** What preshared keys are derived from, and who the relay is. */
    seed: Managed<"Seed">;
    /** Where the machines of its managed peers are. */
    leaves: { leaves?: pulumi.Inputs[] };
    /** Said of its machine's first resource: `retained` where the engine lets go of it without removing anything. */
    letGo: { retained?: true };
}

/** What a relay is made of. */
export interface RelayParts extends RelayBase {
    /** Certificates and private keys by algorithm. */
    authorities: Record<string, pulumi.Output<string>>;
    authorityKeys: Record<string, pulumi.Output<string>>;
}

/** What puts out who is, and was, on the relay. */
interface Registered {
    output(name: "registry"): pulumi.Output<Record<string, RegisteredPeer>>;
    packed(name: "registry"): pulumi.Output<unknown>;
}

/** A relay that was made, and what is known of it. */
export interface MadeRelay {
    /** Resources that write records, by role. */
    recorded: Record<string, Recorded>;
    publicKey: pulumi.Output<string>;
    /** Public keys by key epoch; absent where there is one only. */
    epochs?: pulumi.Output<Record<string, { publicKey: string }>>;
    registry: Registered;
    served: pulumi.Output<Record<string, ServedService>>;
    /** The machine's own address; absent if the machine cannot be queried. */
    address?: pulumi.Output<string>;
    /** What SSH agreed on; absent without SSH. */
    keyExchange?: pulumi.Output<string>;
    /** Further settings for connections to the machine. */
    way?: { hostKey: pulumi.Output<string> };
}

/** The machine, and first of all what goes from it: that waits for nothing that another resource makes. */
export function relayHost({
    parent,
    name,
    resolved,
    place,
    machine,
    ledger,
    registry,
    letGo,
}: RelayBase): Managed<"Host"> {
    return new Managed(
        "Host",
        `${name}-host`,
        { ...place, ...networksOf(resolved), ...letGo, admitted: admittedOf(resolved, ledger) },
        { parent, dependsOn: [registry, ...machine.resources] },
    );
}

/** A machine that is reached: deny everything, bring up the interface, serve, and add access last. */
export function relayOnHost(parts: RelayParts, host: Managed<"Host">): MadeRelay {
    const { parent, name, resolved, place } = parts;
    const { firewall: table, wireguard: tunnel, proxy: served, grants: allowed } = desiredOf(parts);
    const child = (after: pulumi.Resource[]): pulumi.CustomResourceOptions => ({ parent, dependsOn: after });
    const keys = relayKeys(parent, name, resolved.plain, host);
    const filled = { ...place, ...foundOn(host) };
    // With the key of an existing interface, the interface is adopted.
    const adopts = resolved.plain.privateKey === undefined ? undefined : keys.get(1)?.output("publicKey");
    const adopted = adopts === undefined ? {} : { adopts, adoption: adoptionTerms(resolved, allowed.rules) };
    const compared = adopts === undefined ? {} : comparedWith(tunnel);
    const firewall = new Managed(
        "Firewall",
        `${name}-firewall`,
        { ...filled, ...table, ...adopted, ...compared },
        child([host]),
    );
    const wireguard = new Managed(
        "WireGuard",
        `${name}-wireguard`,
        { ...filled, ...tunnel, ...adopted, ...privateKeysOf(keys), reached: reachedAt(parts, host) },
        child([host, firewall]),
    );
    const proxy = new Managed("Proxy", `${name}-proxy`, { ...filled, ...served }, child([wireguard]));
    const grants = new Managed("Grants", `${name}-grants`, { ...filled, ...allowed }, child([wireguard, proxy]));
    return {
        recorded: { host, firewall, wireguard, proxy, grants },
        publicKey: wireguard.output("publicKey"),
        epochs: wireguard.output("epochs"),
        registry: wireguard,
        served: proxy.output("served"),
        address: host.output("address"),
        keyExchange: host.output("keyExchange"),
        way: { hostKey: host.output("hostKey") },
    };
}

/** What the resources after a machine's first one are told of it. */
export function foundOn(host: Managed<"Host">): pulumi.Inputs {
    return { machine: host.output("machine"), hostKey: host.output("hostKey"), moved: host.output("moved") };
}

/** What an interface that is taken over is compared with, beside what WireGuard is told. */
function adoptionTerms({ plain, address, address6, isMtuGiven }: ResolvedRelay, rules: AccessRules): pulumi.Inputs {
    const own = [address, address6];
    const families = rules.apply((bySource) => {
        const through = Object.entries(bySource)
            .filter(([source]) => source !== RELAY)
            .flatMap(([, texts]) => texts.map((text) => parseRule(text).to))
            .filter((to) => !own.includes(to));
        return ([4, 6] as const).filter((family) => through.some((to) => familyOf(to) === family));
    });
    return {
        isMtuGiven,
        forwards: families,
        ...(plain.adoptChanges === undefined ? {} : { accepts: plain.adoptChanges }),
    };
}

/** The firewall comes to the interface first. */
function comparedWith(tunnel: Record<string, pulumi.Input<unknown>>): pulumi.Inputs {
    const pick = (keys: string[]): pulumi.Inputs =>
        Object.fromEntries(keys.flatMap((key) => (tunnel[key] === undefined ? [] : [[key, tunnel[key]]])));
    return {
        wanted: pick(["prefix", "prefix6", "listenPort", "epochs", "mtu", "peers", "publicKeys"]),
        ...pick(["seed", "presharedKeys"]),
    };
}

/** No peer's route may hold these; each is checked as soon as it is known. */
function reachedAt({ resolved: { plain }, machine }: RelayParts, host: Managed<"Host">): pulumi.Inputs {
    return {
        ...(plain.endpoint === undefined ? {} : { endpoint: plain.endpoint }),
        machine: machine.address ?? host.output("address"),
        client: host.output("client"),
    };
}

type AccessRules = ReturnType<typeof accessRules>;

/** What the program wants of a relay, resource by resource, wherever it is. */
export function desiredOf({ resolved, ledger, registry, seed, authorities, authorityKeys }: RelayParts): {
    networks: pulumi.Inputs;
    firewall: pulumi.Inputs;
    wireguard: pulumi.Inputs;
    proxy: pulumi.Inputs;
    grants: { rules: AccessRules; terms?: pulumi.Output<string>; warnHours?: number };
} {
    const { plain, address, address6, subnet, subnet6, peers, routes, mtu } = resolved;
    const networks = networksOf(resolved);
    const own = { address, ...(address6 === undefined ? {} : { address6 }) };
    return {
        networks,
        firewall: { ...networks, ...own, interfaces: [plain.interface], routes, ...timedIn(resolved) },
        wireguard: {
            ...networks,
            ...own,
            prefix: subnet.prefix,
            ...(subnet6 === undefined ? {} : { prefix6: subnet6.prefix }),
            listenPort: plain.listenPort,
            epochs: plain.keyEpochs,
            keyOverlap: plain.keyOverlap,
            ...(plain.forceRetire === undefined ? {} : { forceRetire: plain.forceRetire }),
            ...(plain.identity === "host" ? { identity: plain.identity } : {}),
            mtu,
            routes,
            seed: seed.output("seed"),
            peers: registry.packed("peers"),
            // The same once more, for who lets the engine ignore changes of the one.
            peerNames: ledger.apply((known) => Object.keys(known.peers).sort().join(" ")),
            listed: ofEveryPeer(
                resolved,
                (all) =>
                    packed("WireGuard", {
                        listed: all.filter(({ plain: { expires } }) => expires === undefined).map(({ name }) => name),
                    })["listed"],
            ),
            publicKeys: outputKeys(peers),
            presharedKeys: pulumi.secret(ofEveryPeer(resolved, givenPresharedKeys)),
            ...suppliedTo(resolved),
        },
        proxy: {
            addresses: address6 === undefined ? [address] : [address, address6],
            services: proxyServices(resolved, ledger),
            authorities,
            authorityKeys,
            ...(plain.certificateRenewal === "relay" ? { renewal: plain.certificateRenewal } : {}),
        },
        grants: {
            rules: accessRules(resolved, ledger),
            ...(hasTerms(resolved) ? { terms: accessTerms(resolved, ledger).apply(renderTerms) } : {}),
            ...(plain.warnHours === WARN_HOURS ? {} : { warnHours: plain.warnHours }),
        },
    };
}

/** Whether the firewall needs sets for access that ends. */
export function timedIn(resolved: ResolvedRelay): { timed?: true } {
    return hasEnds(resolved) ? { timed: true } : {};
}

export function networksOf({ subnet, subnet6 }: ResolvedRelay): { subnet: string; subnet6?: string } {
    return { subnet: subnet.cidr, ...(subnet6 === undefined ? {} : { subnet6: subnet6.cidr }) };
}

/** A pair for each key epoch, unless the relay makes its own. What an existing relay is taken over with is the key of its first. */
function relayKeys(
    parent: pulumi.Resource,
    name: string,
    plain: RelayPlain,
    after: pulumi.Resource,
): Map<number, Managed<"KeyPair">> {
    if (plain.identity === "host") return new Map();
    return new Map(
        plain.keyEpochs.map((epoch) => [
            epoch,
            new Managed(
                "KeyPair",
                epoch === 1 ? `${name}-key` : `${name}-key-${epoch}`,
                { owner: name, epoch, ...(epoch === 1 ? adoptedKey(plain) : {}) },
                secretChild(parent, [after])("privateKey"),
            ),
        ]),
    );
}

/** Epochs whose key is generated, and in the state alone. */
export function generatedEpochs({ plain, host }: ResolvedRelay): number[] {
    if (plain.identity === "host" || host.descriptor.kind === "script") return [];
    return plain.keyEpochs.filter((epoch) => epoch !== 1 || plain.privateKey === undefined);
}

function privateKeysOf(keys: Map<number, Managed<"KeyPair">>): { privateKeys?: pulumi.Output<Record<string, string>> } {
    if (keys.size === 0) return {};
    const byEpoch = [...keys].map(([epoch, pair]) => [epoch, pair.output("privateKey")]);
    return { privateKeys: pulumi.secret(Object.fromEntries(byEpoch) as Record<string, pulumi.Output<string>>) };
}

function adoptedKey({ privateKey }: RelayPlain): pulumi.Inputs {
    if (privateKey === undefined) return {};
    if (typeof privateKey === "string" && privateKey.startsWith("file:"))
        return { privateKeyFile: privateKey.slice("file:".length) };
    return { privateKey: pulumi.secret(privateKey as pulumi.Input<string>) };
}

function givenPresharedKeys(peers: ListedPeer[]): Record<string, pulumi.Input<string>> {
    return Object.fromEntries(
        peers.flatMap(({ name, presharedKey }) => (presharedKey === undefined ? [] : [[name, presharedKey]])),
    );
}

/** Of the program's own peers at once, unless other resources list some as well. */
export function ofEveryPeer<T>(
    { peers, supplied }: Pick<ResolvedRelay, "peers" | "supplied">,
    make: (peers: ListedPeer[]) => T,
): T | pulumi.Output<T> {
    return supplied === undefined ? make(peers) : supplied.apply<T>((more) => make([...peers, ...more]));
}
