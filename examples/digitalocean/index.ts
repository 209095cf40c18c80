import * as pulumi from "@pulumi/pulumi";
import { AuditSink, ExposedService, Peer, Relay, hosts } from "pulumi-qp-tunnel";

// A relay on a Droplet with a cloud firewall and a reserved address.
// Before: pulumi config set --secret digitalocean:token
const config = new pulumi.Config();
const office = config.get("office"); // CIDR from which SSH is allowed; anywhere if it is not set

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
    peers: [nas, alice], // adding or removing peers never replaces the Droplet
    services: [notes],
    grants: [{ from: alice, to: { peer: nas, network: "192.168.7.0/24" }, ports: ["tcp/445"] }],
    audit,
});

export const endpoint = relay.endpoint;
export const url = relay.urlOf(notes);
export const auditHead = relay.checkpoint;

// A secret: `pulumi stack output configs --show-secrets | jq -r .alice` prints the file to hand out to Alice.
export const configs = pulumi.secret({ nas: relay.configFor(nas), alice: relay.configFor(alice) });
