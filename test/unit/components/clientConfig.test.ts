import * as pulumi from "@pulumi/pulumi";

import { AuditSink, hosts } from "../../../components/index.js";
import { clientConfig } from "../../../components/clientConfig.js";
import { listedPeer } from "../../../components/listedPeers.js";
import { resolveRelay } from "../../../components/relayArguments.js";
import { clientSettings } from "../../../core/client/settings.js";
import type { Ledger, RegistryPeer } from "../../../core/registry/model.js";
import { runProgram } from "../program.js";
import { KEY, OTHER } from "./relays.js";

interface Told {
    entry?: RegistryPeer;
    publicKey?: string;
    expires?: string;
    privateKey?: string;
    learned?: boolean;
}

/** The file of peer alice. */
async function configOf({ entry, publicKey = OTHER, expires, privateKey, learned = false }: Told): Promise<string> {
    const { outputs } = await runProgram(() => {
        const resolved = resolveRelay("hub", {
            host: hosts.local(),
            audit: new AuditSink("audit"),
            peers: [{ name: "alice", publicKey: KEY, ...(expires === undefined ? {} : { expires }) }],
        });
        const ledger: Pick<Ledger, "peers" | "services"> = {
            peers: entry === undefined ? {} : { alice: entry },
            services: {},
        };
        const config = clientConfig({
            relayName: pulumi.output("hub"),
            peer: {
                ...listedPeer(resolved, "alice"),
                ...(privateKey === undefined ? {} : { privateKey: pulumi.output(privateKey) }),
            },
            settings: pulumi.output(clientSettings(resolved.plain as Parameters<typeof clientSettings>[0])),
            ledger: pulumi.output(ledger),
            endpoint: pulumi.output("192.0.2.7:51820"),
            publicKey: pulumi.output(publicKey),
            learned,
            relayAddress: "10.8.0.1",
            seed: pulumi.output("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        });
        return { config, isSecret: pulumi.isSecret(config) };
    });
    expect(outputs.isSecret).toBe(true);
    return outputs.config;
}

const ALICE = { address: "10.8.0.2", publicKey: KEY };

it("leads to the relay, with the peer's own address, and a preshared key that both derive", async () => {
    const config = await configOf({ entry: ALICE, privateKey: KEY });
    for (const line of [
        /^Address = 10\.8\.0\.2\/32$/m,
        new RegExp(`^PrivateKey = ${KEY.replace(/[+/]/g, "\\$&")}$`, "m"),
        /^PublicKey = 3p7bfXt9/m,
        /^PresharedKey = [A-Za-z0-9+/]{43}=$/m,
        /^Endpoint = 192\.0\.2\.7:51820$/m,
    ])
        expect(config).toMatch(line);
});

it("has the relay learn which of its keys the peer uses, while there are two", async () => {
    expect(await configOf({ entry: ALICE, learned: true })).not.toBe(await configOf({ entry: ALICE }));
});

it("is a sentence that no client takes for a file where there is none", async () => {
    expect(await configOf({ entry: ALICE, publicKey: "" })).toBe(
        "the public key of relay hub is not known yet, so no peer can be configured: run the script on the relay and set its output as hosts.script({ receipt }), or only the key as relayPublicKey\n",
    );
    const expires = "2020-01-01T00:00:00Z";
    expect(await configOf({ expires })).toBe(
        `alice expired on ${expires} and has no configuration on relay hub; to admit it again, set a later expires, and reinstate: true or a new key\n`,
    );
});
