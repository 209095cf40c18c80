import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { AuditSink, Relay, hosts, type PeerSpec } from "pulumi-qp-tunnel";
import { parse } from "yaml";

// Peers and groups are in peers.yaml, which changes by pull request; what a group is allowed to reach is here.
interface Directory {
    peers: PeerSpec[];
    groups: { everybody: string[]; operations: string[] };
}
const { peers, groups } = parse(readFileSync(join(__dirname, "peers.yaml"), "utf8")) as Directory;

const config = new pulumi.Config();

const relay = new Relay("relay", {
    host: hosts.ssh({
        address: config.require("address"),
        hostKey: config.require("hostKey"), // a machine with a different key is refused
        user: config.require("user"),
    }),
    peers,
    grants: [
        { from: groups.everybody, to: "build", ports: ["tcp/443"] },
        { from: groups.operations, to: "build", ports: ["tcp/22", "icmp"] },
    ],
    confirmTimeout: 60, // seconds to confirm a change that could cut off access, or the relay rolls back
    audit: new AuditSink("audit"), // the sealed log: audit/<stack>.jsonl, to be committed
});

export const endpoint = relay.endpoint;
export const auditHead = relay.checkpoint;

// Secrets: each file is complete but for the private key, which its owner has.
export const configs = pulumi.secret(Object.fromEntries(peers.map((peer) => [peer.name, relay.configFor(peer)])));
