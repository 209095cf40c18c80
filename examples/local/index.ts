import * as pulumi from "@pulumi/pulumi";
import { AuditSink, ExposedService, Peer, Relay, hosts } from "pulumi-qp-tunnel";

// One relay on this machine, a file server behind it, and the people who use it.
const config = new pulumi.Config();
const namespace = config.get("namespace"); // a network namespace to be the relay; without one, the machine itself
const team = config.getObject<string[]>("team") ?? ["alice", "bob"];

const audit = new AuditSink("audit");

const nas = new Peer("nas");
const people = team.map((name) => new Peer(name)); // a peer that is removed here is cut off by the next `pulumi up`

const notes = new ExposedService("notes", { upstream: { peer: nas, port: 3000 }, allow: ["alice"] });

const relay = new Relay("relay", {
    host: hosts.local(namespace === undefined ? {} : { namespace }),
    interface: config.get("interface") ?? "qpt0",
    peers: [nas, ...people],
    services: [notes],
    grants: [
        { from: people, to: nas, ports: ["udp/7"] },
        { from: "alice", to: nas, ports: ["icmp"] },
    ],
    audit,
});

export const endpoint = relay.endpoint;
export const addresses = relay.addresses;
export const url = relay.urlOf(notes);
export const services = relay.serviceRegistry;
export const caCertificate = relay.caCertificate;
export const auditHead = relay.checkpoint;

// A secret: `pulumi stack output configs --show-secrets | jq -r .alice` prints the file to hand out to Alice.
export const configs = pulumi.secret(
    Object.fromEntries([nas, ...people].map((peer) => [peer.peerName, relay.configFor(peer)])),
);
