import type { NamedTypes } from "../types.js";

/** What the outputs of a Relay are made of. */
export const relayOutputTypes: NamedTypes = {
    RegisteredPeer: {
        description: "A peer that is or was on the relay.",
        properties: {
            address: { of: "string", description: "Its IPv4 tunnel address." },
            address6: { of: "string", description: "Its IPv6 tunnel address.", optional: true },
            publicKey: { of: "string", description: "Its WireGuard public key, base64." },
            fingerprint: { of: "string", description: "For people: what a peer can compare by telephone." },
            status: { of: "string", description: "`active` or `revoked`." },
            since: { of: "string", description: "RFC 3339, UTC. When this key was admitted." },
            revokedAt: { of: "string", description: "RFC 3339, UTC. When it was revoked.", optional: true },
            by: { of: "string", description: "Who revoked it.", optional: true },
            admitted: {
                of: "integer",
                description: "How often its name was admitted; absent the first time.",
                optional: true,
            },
            formerly: { of: "string", description: "What it was called before.", optional: true },
            replaces: {
                of: "string",
                description: "The former public key, as long as it works beside this one.",
                optional: true,
            },
        },
    },
    ServedService: {
        description: "A service as it is served.",
        properties: {
            url: { of: "string", description: "By its name in the tunnel." },
            addressUrl: { of: "string", description: "By the address of where TLS ends." },
            upstream: { of: "string", description: "host:port behind it." },
            group: {
                of: "string",
                description:
                    "The key exchange that the last apply negotiated; `none` where it could not be asked. Absent on a relay that a script sets up.",
                optional: true,
            },
            cipher: { of: "string", description: "The cipher that it negotiated, likewise.", optional: true },
            state: {
                of: "string",
                description: "Of a relay that a script sets up: `open`, or `waits` until its receipt comes back.",
                optional: true,
            },
            port: { of: "integer", description: "Of a relay that a script sets up: its port.", optional: true },
        },
    },
    LogCheckpoint: {
        description: "What a log must still contain later.",
        properties: {
            size: { of: "integer", description: "Number of its records." },
            head: { of: "string", description: "Hash of the last one." },
            root: { of: "string", description: "Root of the Merkle tree over its lines (RFC 6962)." },
            note: { of: "string", description: "The same, signed: a C2SP signed note." },
        },
    },
};
