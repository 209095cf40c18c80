import type { NamedTypes } from "../types.js";
import { accessTypes } from "./accessTypes.js";

/** What the arguments of a Relay are made of, apart from its host. */
export const relayTypes: NamedTypes = {
    ...accessTypes,
    PeerSpec: {
        description: "A WireGuard peer.",
        properties: {
            name: { of: "string", description: "The peer's name: its address, keys and records are kept under it." },
            publicKey: {
                of: "string",
                description:
                    "The peer's WireGuard public key, base64. Default: a pair is generated; its private key is a secret in the state.",
                optional: true,
            },
            presharedKey: {
                of: "string",
                description: "A preshared key (a secret), or `none`. Default: derived per relay and peer.",
                optional: true,
            },
            address: {
                of: "string",
                description: "The peer's IPv4 tunnel address. Default: allocated to the name permanently.",
                optional: true,
            },
            routes: {
                of: { list: "string" },
                description: "Networks behind the peer, CIDR. Default: none.",
                optional: true,
            },
            keyEpoch: {
                of: "integer",
                description: "Raise it for a new key pair and a new preshared key. Default: 1.",
                optional: true,
                default: 1,
            },
            expires: {
                of: "string",
                description: "When the relay itself cuts the peer off, RFC 3339, without an update. Default: never.",
                optional: true,
            },
            reinstate: {
                of: "boolean",
                description: "Admit a key again that was revoked. Default: false.",
                optional: true,
                default: false,
            },
            handedOut: {
                of: "boolean",
                description:
                    "The owner has the configuration: a generated private key is removed from the state, and `configs` omits it. Only a higher `keyEpoch` makes another one. Default: false.",
                optional: true,
                default: false,
            },
            host: {
                of: { named: "RelayHost" },
                description:
                    "Manage the peer's machine as well: `local` or `ssh`. Its key is then generated. Default: not managed.",
                optional: true,
            },
            interface: {
                of: "string",
                description: "Name of the interface on a machine that is managed. Default: the relay's.",
                optional: true,
            },
            formerNames: {
                of: { list: "string" },
                description:
                    "Names that the peer had on this relay, or as a Peer of a TypeScript program: it keeps a generated key and a managed machine. Default: none.",
                optional: true,
            },
        },
    },
    ServiceSpec: {
        description: "A web service that peers reach through the relay, over post-quantum TLS.",
        properties: {
            name: {
                of: "string",
                description:
                    "The service's name, the first label of the name in its certificate: its port is kept under it.",
            },
            upstream: {
                of: { oneOf: ["string", { named: "PeerPort" }] },
                description: "`host:port`, resolved on the machine where TLS ends, or a peer and its port.",
            },
            allow: {
                of: { list: { oneOf: ["string", { named: "AllowedPeer" }] } },
                description:
                    "Peers that are allowed to open it, groups of them, or `everyone` alone (the listed peers). Default: none.",
                optional: true,
            },
            port: {
                of: "integer",
                description: "TCP port on the tunnel address of where TLS ends. Default: allocated from 8443 to 8499.",
                optional: true,
            },
            certificate: {
                of: { named: "ServiceCertificate" },
                description:
                    "`both` (default): the client decides; or only one: `ed25519`, which no browser accepts, or `ecdsa-p256`.",
                optional: true,
                default: "both",
            },
            keyExchange: {
                of: { named: "ServiceKeyExchange" },
                description: "`require` (default): X25519MLKEM768 and nothing else; `prefer`: also X25519.",
                optional: true,
                default: "require",
            },
            on: {
                of: "string",
                description:
                    "Where TLS ends: a managed peer, so that the relay sees only ciphertext. Default: the relay.",
                optional: true,
            },
            formerNames: {
                of: { list: "string" },
                description: "Names that the service had on this relay: it keeps its port. Default: none.",
                optional: true,
            },
        },
    },
    PeerPort: {
        description: "A TCP port of a peer.",
        properties: {
            peer: { of: "string", description: "The peer's name." },
            port: { of: "integer", description: "Its port." },
        },
    },
    AuditSettings: {
        description: "Where the sealed log of a stack is, and what seals it.",
        properties: {
            path: {
                of: "string",
                description: "File of the log, relative to the project. Default: `audit/<stack>.jsonl`.",
                optional: true,
            },
            signingKey: {
                of: "string",
                description:
                    "Where the Ed25519 signing key is: `file:` (default: one per project and stack in the user's configuration directory, mode 0600), `file:PATH`, or `env:NAME` with a 32-byte seed in hex or base64. Made only where neither a log nor a checkpoint exists.",
                optional: true,
                default: "file:",
            },
            mirror: {
                of: "boolean",
                description: "Keep a copy of the log's lines on remote relays. Default: true.",
                optional: true,
                default: true,
            },
            onBehind: {
                of: { named: "BehindPolicy" },
                description:
                    "What a preview makes of a log that is merely older than the state: `fail` (default) or `warn`.",
                optional: true,
                default: "fail",
            },
            restartFrom: {
                of: "string",
                description: "Name (hash of the first record) of a log that is truly lost: acknowledges it, once.",
                optional: true,
            },
            approvers: {
                of: { named: "ApproverSettings" },
                description: "Who has to approve an update before it is applied. Default: nothing has to be approved.",
                optional: true,
            },
        },
    },
    ApproverSettings: {
        description: "Who has to sign a plan (`qp-tunnel approve`) before it is applied.",
        properties: {
            signers: { of: "string", description: "Text in OpenSSH's allowed_signers form, a key a line." },
            required: {
                of: "integer",
                description: "How many of them, by principal. Default: 1.",
                optional: true,
                default: 1,
            },
            folder: {
                of: "string",
                description: "Where the approvals' files are, relative to the project. Default: `approvals`.",
                optional: true,
            },
            emergency: {
                of: { named: "EmergencyPolicy" },
                description:
                    "What an update without an approval comes to where QPTUNNEL_EMERGENCY gives a reason. Default: `record`.",
                optional: true,
                default: "record",
            },
        },
    },
    EmergencyPolicy: {
        description: "What an update without an approval comes to, for which a reason is given.",
        values: {
            Record: { value: "record", description: "It is applied, and the reason is recorded in each operation." },
            Refuse: { value: "refuse", description: "It is refused." },
        },
    },
    RelayIdentity: {
        description: "Where the relay's private key is.",
        values: {
            State: { value: "state", description: "A secret in the state." },
            Host: { value: "host", description: "On the relay alone." },
        },
    },
    CertificateRenewal: {
        description: "Who renews the services' certificates.",
        values: {
            Up: { value: "up", description: "An apply." },
            Relay: { value: "relay", description: "The relay itself." },
        },
    },
    ServiceCertificate: {
        description: "Which certificates a service has.",
        values: {
            Ed25519: { value: "ed25519", description: "Ed25519 alone, which no browser accepts." },
            EcdsaP256: { value: "ecdsa-p256", description: "ECDSA on P-256 alone." },
            Both: { value: "both", description: "Both; the client decides." },
        },
    },
    ServiceKeyExchange: {
        description: "Which key exchanges a service accepts.",
        values: {
            Require: { value: "require", description: "X25519MLKEM768 and nothing else." },
            Prefer: { value: "prefer", description: "X25519 as well." },
        },
    },
    BehindPolicy: {
        description: "What a preview makes of a log that is merely older than the state.",
        values: {
            Fail: { value: "fail", description: "The preview fails." },
            Warn: { value: "warn", description: "The preview warns." },
        },
    },
};
