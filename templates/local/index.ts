import * as pulumi from "@pulumi/pulumi";
import { AuditSink, ExposedService, Peer, Relay, hosts } from "pulumi-qp-tunnel";

// This machine is the relay: run `pulumi up` as root. A preview needs no root.
const config = new pulumi.Config();

const laptop = new Peer("laptop"); // the relay generates the key; give `publicKey` for one that the device keeps
const server = new Peer("server");

// What the server listens on becomes a service over TLS at the relay, for the laptop alone.
const notes = new ExposedService("notes", { upstream: { peer: server, port: 3000 }, allow: [laptop] });

const relay = new Relay("relay", {
    host: hosts.local(),
    endpoint: config.require("endpoint"),
    peers: [laptop, server],
    services: [notes],
    grants: [{ from: laptop, to: server, ports: ["tcp/22", "icmp"] }], // everything else is denied
    audit: new AuditSink("audit"), // the sealed log: audit/<stack>.jsonl, to be committed
});

export const url = relay.urlOf(notes);
export const caCertificate = relay.caCertificate; // what clients of the service must trust
export const auditHead = relay.checkpoint;

// A secret: `pulumi stack output configs --show-secrets | jq -r .laptop` prints the file to hand out.
export const configs = pulumi.secret({ laptop: relay.configFor(laptop), server: relay.configFor(server) });
