import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { AuditSink, ExposedService, Relay, hosts, makeOffer, readOffer, type PeerSpec } from "pulumi-qp-tunnel";

// Alder's relay serves Alder's people, and those of Birch that Birch's offer names. Everything on it bears Alder's name.
const read = (file: string): string => readFileSync(join(__dirname, file), "utf8");
const config = new pulumi.Config();
const namespace = config.get("namespace"); // a network namespace to be the relay; without one, the machine itself
const privateKey = config.getSecret("privateKey"); // with both, another machine gets the same relay, file by file
const seed = config.getSecret("seed");

// Whose private keys are on their own machines.
const keys = JSON.parse(read("peers.json")) as Record<"alice" | "archive", string>;
const alice: PeerSpec = { name: "alice", publicKey: keys.alice };
const archive: PeerSpec = { name: "archive", publicKey: keys.archive }; // also on Birch's relay, which admits it by our offer

// The most that Birch may ask for. Whatever else its offer says is left out, with a warning.
const birch = readOffer(read("offers/birch.json"), {
    from: "birch",
    grants: { archive: ["tcp/22"] },
    services: ["wiki"],
});

const wiki = new ExposedService("wiki", { upstream: "127.0.0.1:3000", allow: ["alice", ...birch.allow.wiki] });

const relay = new Relay("alder", {
    host: hosts.local(namespace === undefined ? {} : { namespace }),
    endpoint: config.get("endpoint") ?? "relay.example.org",
    appName: "alder",
    interface: config.get("interface") ?? "al0",
    peers: [alice, archive, ...birch.peers],
    services: [wiki],
    grants: [{ from: alice, to: archive, ports: ["tcp/22"] }, ...birch.grants],
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(seed === undefined ? {} : { seed }),
    audit: new AuditSink("audit"),
});

// For Birch: names, public keys, what they ask for at Birch's relay, and how far our log has grown.
export const offer = makeOffer({
    peers: [archive],
    wants: [{ from: archive, to: "nas", ports: ["tcp/22"] }],
    checkpoint: relay.checkpoint,
});

export const url = relay.urlOf(wiki);
export const caCertificate = relay.caCertificate;

// Secrets, because of the preshared keys: each file goes to the owner of the peer, who adds the private key.
export const configs = pulumi.secret(
    Object.fromEntries([alice, archive, ...birch.peers].map((peer) => [peer.name, relay.configFor(peer)])),
);
