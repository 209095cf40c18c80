import * as pulumi from "@pulumi/pulumi";
import { AuditSink, ExposedService, Peer, Relay, hosts } from "pulumi-qp-tunnel";

// A Droplet with a cloud firewall, an address that stays, and a relay on it.
// Before: pulumi config set --secret digitalocean:token
const config = new pulumi.Config();
const office = config.get("office"); // the network that SSH comes from, CIDR; without it, anywhere

const audit = new AuditSink("audit");

const nas = new Peer("nas", { routes: ["192.168.7.0/24"] });
const alice = new Peer("alice");

const notes = new ExposedService("notes", { upstream: { peer: nas, port: 3000 }, allow: [alice] });

const relay = new Relay("relay", {
    host: hosts.digitalOcean({
        region: config.get("region") ?? "sfo3",
        reservedIp: true, // peers keep their configuration when the Droplet is replaced
        ...(office === undefined ? {} : { sshSources: [office] }),
    }),
    peers: [nas, alice], // who is added or taken out never replaces the Droplet
    services: [notes],
    grants: [{ from: alice, to: { peer: nas, network: "192.168.7.0/24" }, ports: ["tcp/445"] }],
    audit,
});

export const endpoint = relay.endpoint;
export const url = relay.urlOf(notes);
export const auditHead = relay.checkpoint;

// A secret: `pulumi stack output configs --show-secrets | jq -r .alice` prints the file to hand out to alice.
export const configs = pulumi.secret({ nas: relay.configFor(nas), alice: relay.configFor(alice) });
