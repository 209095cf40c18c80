import * as pulumi from "@pulumi/pulumi";
import { AuditSink, ExposedService, Peer, Relay, hosts } from "pulumi-qp-tunnel";

// A relay on an existing machine, over SSH.
// Before: pulumi config set address 203.0.113.7
//         pulumi config set hostKey "$(cat ssh_host_ed25519_key.pub)"   (from the machine's console: /etc/ssh/ssh_host_ed25519_key.pub)
const config = new pulumi.Config();
const jump = config.get("proxyJump"); // user@host:port of a jump host
const login = config.getSecret("privateKey"); // for pipelines; without it, your agent and ssh_config

const nas = new Peer("nas");
const alice = new Peer("alice", { expires: "2027-06-30T18:00:00Z" }); // the relay cuts the peer off at that moment

const notes = new ExposedService("notes", { upstream: { peer: nas, port: 3000 }, allow: [alice] });

const relay = new Relay("relay", {
    host: hosts.ssh({
        address: config.require("address"),
        hostKey: config.require("hostKey"), // a machine with a different key is refused
        user: config.get("user") ?? "root", // any other user becomes root with `sudo -n`
        ...(jump === undefined ? {} : { proxyJump: jump }),
        ...(login === undefined ? {} : { privateKey: login }),
    }),
    peers: [nas, alice],
    services: [notes],
    grants: [{ from: alice, to: nas, ports: ["tcp/22"] }],
    confirmTimeout: 60, // seconds to confirm a change that could cut off access, or the relay rolls back
    audit: new AuditSink("audit"),
});

export const endpoint = relay.endpoint;
export const url = relay.urlOf(notes);
export const keyExchange = relay.keyExchange; // negotiated by SSH; a preview warns when it is not post-quantum
export const auditHead = relay.checkpoint;

// A secret: `pulumi stack output configs --show-secrets | jq -r .alice` prints the file to hand out to Alice.
export const configs = pulumi.secret({ nas: relay.configFor(nas), alice: relay.configFor(alice) });
