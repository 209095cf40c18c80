import * as pulumi from "@pulumi/pulumi";
import { AuditSink, ExposedService, Peer, Relay, hosts } from "pulumi-qp-tunnel";

// The relay is a machine in a data centre that may forward packets but must not read them. The service runs on `vault`,
// at home: TLS ends there, with a certificate of the relay's CA, whose key is only in the state.
const config = new pulumi.Config();
const machine = (name: string) =>
    hosts.ssh({ address: config.require(`${name}Address`), hostKey: config.require(`${name}HostKey`) });

const vault = new Peer("vault", { host: machine("vault") });
const people = (config.getObject<string[]>("team") ?? ["alice", "bob"]).map((name) => new Peer(name));

const passwords = new ExposedService("passwords", {
    on: vault,
    upstream: "127.0.0.1:8080", // on vault itself: plain text never leaves that machine
    allow: people,
});

const relay = new Relay("relay", {
    host: machine("relay"),
    peers: [vault, ...people],
    services: [passwords],
    audit: new AuditSink("audit"),
});

export const url = relay.urlOf(passwords, "address"); // https://10.8.0.2:8443
export const caCertificate = relay.caCertificate;
export const auditHead = relay.checkpoint;

// A secret: `pulumi stack output configs --show-secrets | jq -r .alice` prints the file to hand out to Alice.
export const configs = pulumi.secret(Object.fromEntries(people.map((peer) => [peer.peerName, relay.configFor(peer)])));
