import { output } from "@pulumi/pulumi";
import {
    auditSinkArgs,
    grantArgs,
    peerArgs,
    peerSpec,
    relayArgs,
    serviceArgs,
    validate,
} from "../../../../core/arguments/index.js";
import { publicKeyOf } from "../../../../core/keys/index.js";
import { refusal } from "../refusal.js";

const secret = Buffer.alloc(32, 7).toString("base64");
const publicKey = publicKeyOf(secret);

/** The lines of a refusal that names several faults. */
function faults(action: () => unknown): string[] {
    return refusal(action).split("\n  ").slice(1);
}

describe("peerArgs", () => {
    it("fills in the defaults and makes texts canonical", () => {
        expect(validate(peerArgs, {}, "alice")).toEqual({
            ...{ routes: [], keyEpoch: 1 },
            ...{ reinstate: false, handedOut: false },
        });
        const args = {
            publicKey,
            presharedKey: "none",
            address: "10.8.0.7",
            routes: ["FD13::/64"],
            keyEpoch: 3,
            expires: "2027-01-31T18:00:00+01:00",
            reinstate: true,
            host: { kind: "local" },
        };
        expect(validate(peerArgs, args, "alice")).toEqual({
            ...args,
            handedOut: false,
            routes: ["fd13::/64"],
            expires: "2027-01-31T17:00:00Z",
        });
    });

    it("lets Outputs through where another resource may supply the value", () => {
        const later = output(publicKey);
        const args = validate(peerArgs, { publicKey: later, presharedKey: later }, "alice");
        expect(args.publicKey).toBe(later);
        expect(args.presharedKey).toBe(later);
    });

    it("and refuses them where the value decides what there is", () => {
        expect(
            faults(() =>
                validate(
                    peerArgs,
                    { address: output("10.8.0.7"), reinstate: output(true), keyEpoch: Promise.resolve(1) },
                    "alice",
                ),
            ),
        ).toEqual([
            "alice.address: is an Output, but must be known when the program runs; give a string",
            "alice.keyEpoch: is an Output, but must be known when the program runs; give a number",
            "alice.reinstate: is an Output, but must be known when the program runs; give true or false",
        ]);
    });

    it("names every fault at once, and no secret", () => {
        const message = refusal(() =>
            validate(
                peerArgs,
                {
                    publicKey: 5,
                    presharedKey: "hunter2hunter2",
                    address: "10.8.0.7/24",
                    routes: ["192.168.7.1/24", 7],
                    keyEpoch: 0,
                    expires: null,
                    reinstate: "yes",
                    adress: "10.8.0.8",
                },
                "alice",
            ),
        );
        expect(message.split("\n  ")).toEqual([
            "alice: 9 arguments are invalid; correct them:",
            "alice.publicKey: is a number, not a string; give a string",
            "alice.presharedKey: is not a WireGuard preshared key: it is 10 bytes of base64, not 32; give the output of `wg genpsk`",
            'alice.address: "10.8.0.7/24" is a network, not a single address; write it without the prefix length: "10.8.0.7"',
            'alice.routes[0]: "192.168.7.1/24" is an address inside a network; write "192.168.7.0/24" for the network, or "192.168.7.1/32" for the single address',
            "alice.routes[1]: is a number, not a string; give a string",
            "alice.keyEpoch: is too small; choose 1 or more",
            "alice.expires: is null; give a string",
            "alice.reinstate: is a string, not true or false; give true or false",
            "alice.adress: is not an argument; correct the spelling, or remove it",
        ]);
        expect(message).not.toContain("hunter2");
    });
});

describe("peerSpec", () => {
    it("is a peer as data", () => {
        expect(validate(peerSpec, { name: "alice", publicKey }, "peers[0]")).toEqual({
            name: "alice",
            publicKey,
            routes: [],
            keyEpoch: 1,
            reinstate: false,
        });
    });

    it("needs a name and a key", () => {
        expect(faults(() => validate(peerSpec, { name: "get", host: {} }, "peers[0]"))).toEqual([
            'peers[0].name: "get" is a property of every Output, object or promise, so reading it from an output would return that property; choose another name',
            "peers[0].publicKey: is missing; give a string",
            "peers[0].host: is not an argument; correct the spelling, or remove it",
        ]);
    });
});

describe("serviceArgs", () => {
    it("takes every form of upstream and of allow", () => {
        expect(validate(serviceArgs, { upstream: "LOCALHOST:3000" }, "grafana")).toEqual({
            upstream: "localhost:3000",
            allow: [],
            certificate: "both",
            keyExchange: "require",
        });
        const args = {
            upstream: { peer: "nas", port: 3000 },
            allow: "everyone",
            port: 443,
            certificate: "ecdsa-p256",
            keyExchange: "prefer",
            on: "nas",
        };
        expect(validate(serviceArgs, args, "grafana")).toEqual(args);
        const later = output("127.0.0.1:3000");
        expect(validate(serviceArgs, { upstream: later, allow: ["alice"] }, "grafana")).toMatchObject({
            allow: ["alice"],
        });
        expect(validate(serviceArgs, { upstream: later }, "grafana").upstream).toBe(later);
    });

    it.each([
        [{}, "grafana.upstream: is missing; give a string"],
        [
            { upstream: "169.254.169.254:80" },
            'grafana.upstream: "169.254.169.254" is in 169.254.0.0/16 (link-local, with the cloud\'s metadata address); use the host that the service really runs on',
        ],
        [{ upstream: { peer: "nas" } }, "grafana.upstream.port: is missing; give a number"],
        [{ upstream: { peer: "nas", port: 0 } }, "grafana.upstream.port: is too small; choose 1 or more"],
        [{ upstream: "a:1", allow: "all" }, 'grafana.allow: is not an allowed value; choose "everyone"'],
        [{ upstream: "a:1", allow: [1] }, "grafana.allow[0]: is a number, not a string; give a string"],
        [{ upstream: "a:1", port: 8443.5 }, "grafana.port: is not an integer; give an integer"],
        [{ upstream: "a:1", port: 70000 }, "grafana.port: is too large; choose 65535 or less"],
        [
            { upstream: "a:1", certificate: "rsa" },
            'grafana.certificate: is not an allowed value; choose "ed25519", "ecdsa-p256" or "both"',
        ],
    ])("refuses %j", (args, message) => {
        expect(refusal(() => validate(serviceArgs, args, "grafana"))).toBe(message);
    });
});

describe("grantArgs", () => {
    it.each([
        ["alice", "nas", { from: ["alice"], to: { peer: "nas" } }],
        [["alice", "bob"], { network: "10.0.0.0/13" }, { from: ["alice", "bob"], to: { network: "10.0.0.0/13" } }],
        [[], { peer: "nas", network: "192.168.7.0/24" }, { from: [], to: { peer: "nas", network: "192.168.7.0/24" } }],
    ])("from %j to %j", (from, to, grant) => {
        expect(validate(grantArgs, { from, to, ports: ["tcp/22", "icmp"] }, "grants[0]")).toEqual({
            ...grant,
            ports: [{ protocol: "tcp", first: 22, last: 22 }, { protocol: "icmp" }],
        });
    });

    it.each([
        [{ from: "a", to: "b" }, "grants[0].ports: is missing; give a list"],
        [{ from: "a", to: "b", ports: [] }, "grants[0].ports: is too short; give at least 1 entry"],
        [{ from: "a", to: {}, ports: ["all"] }, "grants[0].to.network: is missing; give a string"],
        [{ from: "a", to: { peer: "b" }, ports: ["all"] }, "grants[0].to.network: is missing; give a string"],
        [
            { from: "a", to: "b", ports: ["22"] },
            'grants[0].ports[0]: "22" is not a port, a range or a protocol; add the protocol: "tcp/22" or "udp/22"',
        ],
    ])("refuses %j", (grant, message) => {
        expect(refusal(() => validate(grantArgs, grant, "grants[0]"))).toBe(message);
    });
});

describe("relayArgs", () => {
    const given = { host: {}, audit: {}, peers: [] };
    const defaults = {
        ...given,
        services: [],
        grants: [],
        expect: [],
        listenPort: 51820,
        subnet: "10.8.0.0/24",
        interface: "wg0",
        keyEpochs: [1],
        keyOverlap: 604800,
        identity: "state",
        routes: [],
        mtu: 1420,
        warnHours: 24,
        keepalive: 25,
        appName: "qp-tunnel",
        confirmTimeout: 60,
        certificateRenewal: "up",
    };

    it("has the documented defaults", () => {
        expect(validate(relayArgs, given, "relay")).toEqual(defaults);
    });

    it("makes texts canonical", () => {
        const args = {
            ...given,
            endpoint: "VPN.example.com:443",
            subnet6: "FD12:0::/64",
            keyEpochs: [3, 1, 3],
            keyOverlap: 604800,
            dns: "10.8.0.1",
            privateKey: "file:/root/relay.key",
        };
        expect(validate(relayArgs, args, "relay")).toEqual({
            ...defaults,
            endpoint: "vpn.example.com:443",
            subnet6: "fd12::/64",
            keyEpochs: [1, 3],
            keyOverlap: 604800,
            dns: ["10.8.0.1"],
            privateKey: "file:/root/relay.key",
        });
        expect(
            validate(relayArgs, { ...given, endpoint: "2001:DB8::1", dns: ["fd12::1", "corp.example"] }, "relay"),
        ).toMatchObject({
            endpoint: "2001:db8::1",
            dns: ["fd12::1", "corp.example"],
        });
        expect(validate(relayArgs, { ...given, privateKey: secret }, "relay").privateKey).toBe(secret);
    });

    it("names what is wrong, and where", () => {
        const message = refusal(() =>
            validate(
                relayArgs,
                {
                    peers: { alice: {} },
                    grants: [{ from: "alice", to: { network: "nas" }, ports: ["tcp/22"] }],
                    listenPort: "51820",
                    subnet: "fd12::/64",
                    subnet6: "10.8.0.0/24",
                    interface: "all",
                    keyEpochs: [],
                    identity: "disk",
                    privateKey: "hunter2",
                    mtu: 100,
                    keepalive: -1,
                    dns: ["10.8.0.1:53"],
                    appName: "QP",
                    confirmTimeout: 1,
                },
                "relay",
            ),
        );
        expect(message.split("\n  ").slice(1)).toEqual([
            "relay.host: is missing, or is not an object; set the relay's host: hosts.local(), hosts.ssh(), ...",
            "relay.audit: is missing, or is not an object; give an AuditSink for the records of this relay",
            "relay.peers: is an object, not a list; give a list",
            'relay.grants[0].to.network: "nas" is not a network; write one like "192.168.7.0/24" or "fd12:3456:789a::/64"',
            "relay.listenPort: is a string, not a number; give a number",
            'relay.subnet: "fd12::/64" is an IPv6 network; give an IPv4 network like "10.8.0.0/24"',
            'relay.subnet6: "10.8.0.0/24" is an IPv4 network; give an IPv6 network like "fd12:3456:789a::/64"',
            'relay.interface: "all" is reserved by the kernel; choose another name, like "wg0"',
            "relay.keyEpochs: is too short; give at least 1 entry",
            'relay.identity: is not an allowed value; choose "state" or "host"',
            "relay.privateKey: is not a WireGuard private key: it is 5 bytes of base64, not 32; give the output of `wg genkey`",
            "relay.mtu: is too small; choose 576 or more",
            "relay.keepalive: is too small; choose 0 or more",
            'relay.dns[0]: "10.8.0.1:53" has a port, which wg-quick does not support; remove the port',
            'relay.appName: "QP" cannot be an appName; use 1 to 32 lower-case letters and digits, with single hyphens between them',
            "relay.confirmTimeout: is too small; choose 10 or more",
        ]);
        expect(message).not.toContain("hunter2");
    });

    it("refuses a file that is not named", () => {
        expect(refusal(() => validate(relayArgs, { ...given, privateKey: "file:" }, "relay"))).toBe(
            'relay.privateKey: "file:" names no file; write one like "file:/etc/wireguard/private.key"',
        );
    });
});

describe("auditSinkArgs", () => {
    it("has the documented defaults", () => {
        expect(validate(auditSinkArgs, {}, "audit")).toEqual({ signingKey: "file:", mirror: true, onBehind: "fail" });
    });

    it("takes a path, a variable, and a hash", () => {
        const args = {
            path: "audit/prod.jsonl",
            signingKey: "env:AUDIT_KEY",
            mirror: false,
            onBehind: "warn",
            restartFrom: "0f".repeat(32),
        };
        expect(validate(auditSinkArgs, args, "audit")).toEqual(args);
    });

    it("does not repeat a key that was put where its place is named", () => {
        const message = refusal(() => validate(auditSinkArgs, { signingKey: secret }, "audit"));
        expect(message).toBe(
            'audit.signingKey: is not a reference to a key; write "file:" with or without a path, or "env:NAME"; the key itself never stands in a program',
        );
    });

    it.each([
        [{ path: "" }, "audit.path: is too short; give at least 1 character"],
        [
            { restartFrom: "x" },
            'audit.restartFrom: "x" is not the hash of a record; copy the pinned head hash: 64 lower-case hex digits',
        ],
        [{ onBehind: "ignore" }, 'audit.onBehind: is not an allowed value; choose "fail" or "warn"'],
    ])("refuses %j", (args, message) => {
        expect(refusal(() => validate(auditSinkArgs, args, "audit"))).toBe(message);
    });
});

it("arguments that are not an object are refused as such", () => {
    expect(refusal(() => validate(peerArgs, "alice", "alice"))).toBe(
        "alice: is a string, not an object; give an object",
    );
    expect(refusal(() => validate(peerArgs, undefined, "alice"))).toBe("alice: is missing; give an object");
});
