import * as pulumi from "@pulumi/pulumi";
import { AuditSink, ExposedService, Peer, Relay, hosts } from "pulumi-qp-tunnel";

// One relay in a network namespace of this machine, three peers and one service: what `npm run demo` shows.
const config = new pulumi.Config();
const namespace = config.get("namespace");

const audit = new AuditSink("audit");

const alice = new Peer("alice");
const bob = new Peer("bob");
const nas = new Peer("nas");

const notes = new ExposedService("notes", { upstream: { peer: nas, port: 3000 }, allow: [alice] });

// Who is not in this list is cut off by the next `pulumi up`.
const listed = config.getObject<string[]>("peers") ?? ["alice", "bob", "nas"];
const peers = [alice, bob, nas].filter(({ peerName }) => listed.includes(peerName));

const relay = new Relay("relay", {
    host: hosts.local(namespace === undefined ? {} : { namespace }),
    interface: config.get("interface") ?? "qpt0",
    peers,
    services: [notes],
    grants: [{ from: alice, to: nas, ports: ["icmp"] }],
    audit,
});

export const endpoint = relay.endpoint;
export const url = relay.urlOf(notes);
export const addressUrl = relay.urlOf(notes, "address");
export const addresses = relay.addresses;
export const caCertificate = relay.caCertificate;
export const services = relay.serviceRegistry;
export const auditHead = relay.checkpoint;

// Secrets: `pulumi stack output --show-secrets configs` prints the files to hand out.
export const configs = pulumi.secret(Object.fromEntries(peers.map((peer) => [peer.peerName, relay.configFor(peer)])));
