import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { AuditSink, Relay, hosts, type PeerSpec } from "pulumi-qp-tunnel";
import { parse } from "yaml";

// Peers and groups are in peers.yaml, which changes by pull request; what a group is allowed to reach is here.
interface Directory {
    peers: PeerSpec[];
    groups: { everyone: string[]; operations: string[] };
}
const { peers, groups } = parse(readFileSync(join(__dirname, "peers.yaml"), "utf8")) as Directory;

const config = new pulumi.Config();
const namespace = config.get("namespace"); // to try it: a network namespace of the machine that applies is the relay

const relay = new Relay("relay", {
    host:
        namespace === undefined
            ? hosts.ssh({
                  address: config.require("address"),
                  hostKey: config.require("hostKey"),
                  privateKey: config.requireSecret("sshKey"),
              })
            : hosts.local({ namespace }),
    endpoint: config.get("endpoint") ?? config.require("address"),
    interface: config.get("interface") ?? "wg0",
    peers,
    grants: [
        { from: groups.everyone, to: "build", ports: ["tcp/443"] },
        { from: groups.operations, to: "build", ports: ["tcp/22", "icmp"] },
    ],
    audit: new AuditSink("audit", {
        path: process.env["AUDIT_LOG"] ?? `audit/${pulumi.getStack()}.jsonl`,
        signingKey: "env:AUDIT_KEY", // a machine that lives for one job has no key file
        onBehind: "warn", // a preview may run while an update writes the log
    }),
});

export const endpoint = relay.endpoint;
export const auditHead = relay.checkpoint;
