import * as pulumi from "@pulumi/pulumi";
import { AuditSink, ExposedService, Peer, Relay, hosts } from "pulumi-qp-tunnel";

const config = new pulumi.Config();

const console = new Peer("console"); // the operator's desk
const logger = new Peer("logger", { routes: ["192.168.7.0/24"] }); // collects the plant's readings

const readings = new ExposedService("readings", { upstream: { peer: logger, port: 3000 }, allow: [console] });

const relay = new Relay("relay", {
    // Save the output of the script as receipt.txt; until then no peer can be configured.
    host: hosts.script({ path: "out/relay.sh", receipt: "file:receipt.txt" }),
    endpoint: config.get("endpoint") ?? "203.0.113.7", // the address that peers connect to: the library cannot query the machine
    peers: [console, logger],
    services: [readings],
    grants: [{ from: console, to: { peer: logger, network: "192.168.7.0/24" }, ports: ["tcp/502"] }],
    audit: new AuditSink("audit"),
});

export const relayPublicKey = relay.publicKey;
export const services = relay.serviceRegistry;
export const caCertificate = relay.caCertificate;
export const auditHead = relay.checkpoint;

// Secrets. Until the receipt is back, each is a sentence that says so.
export const consoleConfig = relay.configFor(console);
export const loggerConfig = relay.configFor(logger);
