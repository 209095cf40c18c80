// The program of a `Stack` under policies: a relay in a namespace, and with `branch` others that are only previewed.
const pulumi = require("@pulumi/pulumi");
const { AuditSink, ExposedService, Relay, hosts } = require("pulumi-qp-tunnel");

const { namespace, interface: device, endpoint, publicKey, expires, branch } = require("./program.json");
const audit = new AuditSink("audit");

new Relay("office", {
    host: hosts.local({ namespace }),
    interface: device,
    endpoint,
    audit,
    peers: [{ name: "alice", publicKey, expires }],
});

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPbtXnqUYZ0fN8Qyg8Yo0kUcvBaxF3FDm4mTYMB9Cx6";
const ADDRESS = "192.0.2.9";

/** What every policy accepts, and what none does. */
const BRANCHES = {
    good: {
        host: { address: ADDRESS, hostKey: HOST_KEY },
        peer: { expires },
        keyExchange: "require",
        ports: ["tcp/22"],
        audit: {},
    },
    bad: {
        host: { address: ADDRESS, trustOnFirstUse: true },
        peer: { presharedKey: "none" },
        keyExchange: "prefer",
        ports: ["all"],
        audit: { mirror: false },
        confirmTimeout: 3600,
    },
};

if (branch !== undefined) {
    const { host, peer, keyExchange, ports, audit: sink, ...rest } = BRANCHES[branch];
    new Relay("branch", {
        ...rest,
        host: hosts.ssh(host),
        audit: new AuditSink("branch", sink),
        subnet: "10.9.0.0/24",
        peers: [{ name: "bob", publicKey, ...peer }],
        services: [new ExposedService("wiki", { upstream: "127.0.0.1:3000", allow: ["bob"], keyExchange })],
        grants: [{ from: "bob", to: { network: "192.168.9.0/24" }, ports }],
        routes: ["192.168.9.0/24"],
    });
}
if (branch === "bad") {
    // A resource of the plugin without the component that pins the log.
    const inputs = { relay: "bare", audit: audit.reference, subnet: "10.10.0.0/24", peers: {}, services: {} };
    new pulumi.CustomResource("qptunnel:index:Registry", "bare-registry", inputs);
}
