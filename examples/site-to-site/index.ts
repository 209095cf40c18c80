import * as pulumi from "@pulumi/pulumi";
import { AuditSink, Peer, Relay, hosts } from "pulumi-qp-tunnel";

// Two offices. In each, one machine (the gateway, or a machine to which the gateway routes the other network) is a
// managed peer: `pulumi up` sets up relay, north and south.
const config = new pulumi.Config();
const machine = (name: string) =>
    hosts.ssh({ address: config.require(`${name}Address`), hostKey: config.require(`${name}HostKey`) });

const north = new Peer("north", { host: machine("north"), routes: ["192.168.50.0/24"] });
const south = new Peer("south", { host: machine("south"), routes: ["192.168.60.0/24"] });
const offices = [
    { peer: north, network: "192.168.50.0/24" },
    { peer: south, network: "192.168.60.0/24" },
] as const;

const relay = new Relay("relay", {
    host: machine("relay"),
    peers: [north, south],
    grants: [
        // The hosts keep their own addresses; each direction is a separate grant.
        { from: offices[0], to: offices[1], ports: ["tcp/445", "tcp/631"] },
        { from: offices[1], to: offices[0], ports: ["tcp/631", "icmp"] },
    ],
    audit: new AuditSink("audit"),
});

export const endpoint = relay.endpoint;
export const addresses = relay.addresses;
export const auditHead = relay.checkpoint;
