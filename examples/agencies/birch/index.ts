import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { AuditSink, Relay, hosts, makeOffer, readOffer, type PeerSpec } from "pulumi-qp-tunnel";

// Birch's relay is on the same machine as Alder's, or on another one. It admits the archive that Alder shares.
const read = (file: string): string => readFileSync(join(__dirname, file), "utf8");
const config = new pulumi.Config();
const namespace = config.get("namespace"); // a network namespace to be the relay; without one, the machine itself
const privateKey = config.getSecret("privateKey"); // with both, another machine gets the same relay, file by file
const seed = config.getSecret("seed");
const alderStack = config.get("alderStack"); // Alder's stack, if it is in the same backend; without one, the file in offers/

// Whose private keys are on their own machines.
const keys = JSON.parse(read("peers.json")) as Record<"bob" | "nas", string>;
const bob: PeerSpec = { name: "bob", publicKey: keys.bob };
const nas: PeerSpec = { name: "nas", publicKey: keys.nas };

/** A program that waits for another stack's output is a function. */
export = async () => {
    const source: unknown =
        alderStack === undefined
            ? read("offers/alder.json")
            : (await new pulumi.StackReference(alderStack).getOutputDetails("offer")).value;
    const alder = readOffer(source, { from: "alder", peers: ["archive"], grants: { nas: ["tcp/22"] } });

    const relay = new Relay("birch", {
        host: hosts.local(namespace === undefined ? {} : { namespace }),
        endpoint: config.get("endpoint") ?? "relay.example.org",
        appName: "birch",
        interface: config.get("interface") ?? "bi0",
        listenPort: 51830,
        subnet: "10.9.0.0/24",
        peers: [bob, nas, ...alder.peers],
        grants: [{ from: bob, to: nas, ports: ["all"] }, ...alder.grants],
        ...(privateKey === undefined ? {} : { privateKey }),
        ...(seed === undefined ? {} : { seed }),
        audit: new AuditSink("audit"),
    });

    return {
        // For Alder: who is to reach Alder's archive and wiki.
        offer: makeOffer({
            peers: [bob],
            wants: [
                { from: bob, to: "archive", ports: ["tcp/22"] },
                { from: bob, to: "wiki" },
            ],
            checkpoint: relay.checkpoint,
        }),
        // Secrets, because of the preshared keys: each file goes to the owner of the peer, who adds the private key.
        configs: pulumi.secret(
            Object.fromEntries([bob, nas, ...alder.peers].map((peer) => [peer.name, relay.configFor(peer)])),
        ),
    };
};
