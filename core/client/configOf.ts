import type { ClientConfig } from "./config.js";
import { reachable, type ClientSettings } from "./settings.js";
import { parsePresharedKey, parsePrivateKey, parsePublicKey, presharedKey } from "../keys/index.js";
import { parseEndpoint } from "../arguments/text.js";
import type { RegistryPeer } from "../registry/model.js";
import { admittedOf, keyEpochOf } from "../registry/defaults.js";

/** What one peer's configuration is made of. */
export interface ClientParts {
    relay: string;
    peer: string;
    settings: ClientSettings;
    /** The peer's entry in the registry. */
    entry: RegistryPeer;
    publicKey: string;
    /** Absent for a peer with its own key, empty once it was handed out. A secret. */
    privateKey?: string | undefined;
    /** A preshared key the program gave (a secret), or "none"; otherwise it is derived. */
    presharedKey?: string | undefined;
    /** The seed that preshared keys are derived from. A secret. */
    seed: string;
    relayPublicKey: string;
    /** host:port, with brackets around an IPv6 address. */
    endpoint: string;
    /** See `ClientConfig`. */
    relayAddress?: string | undefined;
}

/**
 * What its file says. Keys and the endpoint may come from other resources of the program: they are checked here, because
 * a line break in one would be another line of the file.
 */
export function clientConfigOf(parts: ClientParts): ClientConfig {
    const { relay, peer, settings, entry, publicKey, privateKey, seed, relayPublicKey, endpoint } = parts;
    const derived = (): string =>
        presharedKey(seed, { name: peer, publicKey, keyEpoch: keyEpochOf(entry), admitted: admittedOf(entry) });
    const given = parts.presharedKey;
    if (given !== undefined && given !== "none") parsePresharedKey(given, `${relay}: peers.${peer}.presharedKey`);
    if (privateKey !== undefined && privateKey !== "")
        parsePrivateKey(privateKey, `${relay}: peers.${peer}.privateKey`);
    parsePublicKey(publicKey, `${relay}: peers.${peer}.publicKey`);
    parseEndpoint(endpoint, `${relay}: endpoint`);
    const psk = given === "none" ? undefined : (given ?? derived());
    return {
        peerName: peer,
        relayName: relay,
        appName: settings.appName,
        address: entry.address,
        ...(entry.address6 === undefined ? {} : { address6: entry.address6 }),
        ...(privateKey === undefined ? {} : privateKey === "" ? { handedOut: true } : { privateKey }),
        ...(psk === undefined ? {} : { presharedKey: psk }),
        relayPublicKey,
        endpoint,
        ...(parts.relayAddress === undefined ? {} : { relayAddress: parts.relayAddress }),
        allowedIps: reachable(peer, settings),
        keepalive: settings.keepalive,
        mtu: settings.mtu,
        ...(settings.dns === undefined ? {} : { dns: settings.dns }),
    };
}
