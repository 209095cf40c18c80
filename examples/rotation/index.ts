import * as pulumi from "@pulumi/pulumi";
import { AuditSink, Peer, Relay, hosts } from "pulumi-qp-tunnel";

// The stack's configuration rotates the keys of the relay and its peers: README.md has the commands.
const config = new pulumi.Config();
const namespace = config.get("namespace"); // a network namespace to be the relay; without one, the machine itself

const keyEpochs = config.getObject<number[]>("keyEpochs") ?? [1]; // [1], then [1, 2], then [2]
const forceRetire = config.getNumber("forceRetire"); // an epoch to retire although peers still use it
const nas = new Peer("nas", { keyEpoch: config.getNumber("nasEpoch") ?? 1 });
const laptop = new Peer("laptop");

const relay = new Relay("relay", {
    host: hosts.local(namespace === undefined ? {} : { namespace }),
    endpoint: config.get("endpoint") ?? "vpn.example.org",
    interface: config.get("interface") ?? "qpr0",
    keyEpochs,
    ...(forceRetire === undefined ? {} : { forceRetire }),
    keyOverlap: config.getNumber("keyOverlap") ?? 7 * 24 * 3600, // how long a peer's old key keeps working
    peers: [nas, laptop],
    grants: [{ from: laptop, to: nas, ports: ["tcp/22", "icmp"] }],
    audit: new AuditSink("audit"),
});

export const relayKey = relay.publicKey;
export const auditHead = relay.checkpoint;

// Secrets: the files to hand out. While there are two epochs they use the newer one; the old files work as well.
export const configs = pulumi.secret({ nas: relay.configFor(nas), laptop: relay.configFor(laptop) });
