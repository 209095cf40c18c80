import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { AuditSink, ExposedService, Relay, hosts, type PeerSpec } from "pulumi-qp-tunnel";
import { parse } from "yaml";

// The peers are in peers.yaml, which changes by pull request; the groups' access rules are here.
interface Directory {
    peers: PeerSpec[];
    groups: { developers: string[]; operations: string[] };
}
const { peers, groups } = parse(readFileSync(join(__dirname, "peers.yaml"), "utf8")) as Directory;

const config = new pulumi.Config();
const namespace = config.get("namespace"); // a network namespace to be the relay; without one, the machine itself

const ci = new ExposedService("ci", {
    upstream: { peer: "build", port: 8080 },
    allow: groups.developers,
});

const relay = new Relay("relay", {
    host: hosts.local(namespace === undefined ? {} : { namespace }),
    endpoint: config.get("endpoint") ?? "vpn.example.org",
    interface: config.get("interface") ?? "wg0",
    peers,
    services: [ci],
    grants: [
        { from: groups.operations, to: "build", ports: ["tcp/22"] },
        { from: groups.operations, to: { peer: "office", network: "192.168.7.0/24" }, ports: ["icmp", "tcp/443"] },
    ],
    audit: new AuditSink("audit"),
});

export const url = relay.urlOf(ci);
export const caCertificate = relay.caCertificate;
export const auditHead = relay.checkpoint;

// Secrets: each file is complete but for the private key, which its owner has.
export const configs = pulumi.secret(Object.fromEntries(peers.map((peer) => [peer.name, relay.configFor(peer)])));
