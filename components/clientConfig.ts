import { admittedOf, keyEpochOf } from "../core/registry/defaults.js";
import * as pulumi from "@pulumi/pulumi";

import type { GrantPlain, RelayPlain } from "../core/arguments.js";
import { missingKey } from "./relayByScript.js";
import type { ListedPeer } from "./relayArguments.js";
import type { LedgerOutput } from "./relayInputs.js";

interface Parts {
    relayName: pulumi.Output<string>;
    peer: ListedPeer;
    plain: RelayPlain;
    ledger: LedgerOutput;
    endpoint: pulumi.Output<string>;
    publicKey: pulumi.Output<string>;
    seed: pulumi.Output<string>;
}

/** One peer's wg-quick file, a secret. */
export function clientConfig({
    relayName,
    peer,
    plain,
    ledger,
    endpoint,
    publicKey,
    seed,
}: Parts): pulumi.Output<string> {
    const known = pulumi.all([
        relayName,
        ledger,
        endpoint,
        publicKey,
        seed,
        peer.publicKey,
        peer.presharedKey,
        peer.privateKey,
    ]);
    return pulumi.secret(
        known.apply(async ([relay, { peers }, at, relayPublicKey, secret, peerKey, given, privateKey]) => {
            const [{ presharedKey }, { renderClientConfig }] = await Promise.all([
                import("../core/keys.js"),
                import("../core/clientConfig.js"),
            ]);
            const entry = peers[peer.name];
            // No file at all: wg-quick and the apps refuse this sentence.
            if (relayPublicKey === "") return `${missingKey(relay)}\n`;
            if (entry === undefined)
                throw new pulumi.RunError(
                    `configFor: the registry has no address for ${peer.name}; apply the whole relay`,
                );
            const derived = (): string =>
                presharedKey(secret, {
                    name: peer.name,
                    publicKey: peerKey,
                    keyEpoch: keyEpochOf(entry),
                    admitted: admittedOf(entry),
                });
            const psk = given === "none" ? undefined : (given ?? derived());
            return renderClientConfig({
                peerName: peer.name,
                relayName: relay,
                appName: plain.appName,
                address: entry.address,
                ...(entry.address6 === undefined ? {} : { address6: entry.address6 }),
                ...(privateKey === undefined ? {} : { privateKey }),
                ...(psk === undefined ? {} : { presharedKey: psk }),
                relayPublicKey,
                endpoint: at,
                allowedIps: reachable(peer.name, plain),
                keepalive: plain.keepalive,
                mtu: plain.mtu,
                ...(plain.dns === undefined ? {} : { dns: plain.dns }),
            });
        }),
    );
}

/** The tunnel, and the networks a grant lets her reach. Nothing else: it might be the network she sits in. */
function reachable(name: string, { subnet, subnet6, grants }: RelayPlain): string[] {
    const networks = grants
        .filter(({ from }: GrantPlain) => from.includes(name))
        .flatMap(({ to }) => (to.network === undefined ? [] : [to.network]));
    return [...new Set([subnet, ...(subnet6 === undefined ? [] : [subnet6]), ...networks])];
}
