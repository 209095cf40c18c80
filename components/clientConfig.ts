import * as pulumi from "@pulumi/pulumi";

import type { ClientSettings } from "../core/client/settings.js";
import { notRegistered } from "../core/registry/missing.js";
import { isMocked } from "./mocked.js";
import { missingKey } from "./relayByScript.js";
import type { FoundPeer } from "./listedPeers.js";
import type { LedgerOutput } from "./relayInputs.js";

interface Parts {
    relayName: pulumi.Output<string>;
    peer: FoundPeer;
    settings: pulumi.Output<ClientSettings>;
    ledger: LedgerOutput;
    endpoint: pulumi.Output<string>;
    publicKey: pulumi.Output<string>;
    /** Whether the relay must learn which of its interfaces the peer uses. */
    learned: boolean;
    relayAddress: string;
    seed: pulumi.Output<string>;
}

/** One peer's wg-quick file, a secret. */
export function clientConfig({
    relayName,
    peer,
    settings,
    ledger,
    endpoint,
    publicKey,
    learned,
    relayAddress,
    seed,
}: Parts): pulumi.Output<string> {
    const known = pulumi.all([
        relayName,
        pulumi.all([ledger, settings, peer.expires]),
        endpoint,
        publicKey,
        seed,
        peer.publicKey,
        peer.presharedKey,
        peer.privateKey,
    ]);
    // A test may end before the values are known, and Jest then loads nothing any more.
    if (isMocked()) loadRenderer();
    return pulumi.secret(
        known.apply(([relay, [{ peers }, said, expires], at, relayPublicKey, secret, peerKey, given, privateKey]) => {
            const { clientConfigOf, renderClientConfig } = loadRenderer();
            const entry = peers[peer.name];
            // No file at all: wg-quick and the apps refuse this sentence.
            if (relayPublicKey === "") return `${missingKey(relay)}\n`;
            if (entry === undefined && expires !== undefined) return `${expiredConfig(relay, peer.name, expires)}\n`;
            if (entry === undefined) throw new pulumi.RunError(notRegistered("configFor", `"${peer.name}"`).message);
            return renderClientConfig(
                clientConfigOf({
                    relay,
                    peer: peer.name,
                    settings: said,
                    entry,
                    publicKey: peerKey,
                    privateKey,
                    presharedKey: given,
                    seed: secret,
                    relayPublicKey,
                    endpoint: at,
                    relayAddress: learned ? relayAddress : undefined,
                }),
            );
        }),
    );
}

/** Loaded when the first file is rendered. Required, not imported: Jest has no `import()`, and programs are tested with it. */
function loadRenderer() {
    const { clientConfigOf } = require("../core/client/configOf.js") as typeof import("../core/client/configOf.js");
    const { renderClientConfig } = require("../core/client/config.js") as typeof import("../core/client/config.js");
    return { clientConfigOf, renderClientConfig };
}

function expiredConfig(relay: string, name: string, expires: string): string {
    return `${name} expired on ${expires} and has no configuration on relay ${relay}; to admit it again, set a later expires, and reinstate: true or a new key`;
}
