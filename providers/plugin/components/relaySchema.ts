import type { ComponentSchema } from "./component.js";
import { hostTypes } from "./hostTypes.js";
import { relayOutputTypes } from "./relayOutputTypes.js";
import { relayTypes } from "./relayTypes.js";

/*
 * The Relay of every language. The properties are the arguments of the TypeScript class, with the same descriptions; `host`,
 * `peers`, `services` and `audit` are data here. A test compares them with the schemas in core/arguments and with the class.
 */

const relayInputs: ComponentSchema["inputs"] = {
    host: { of: { named: "RelayHost" }, description: "The machine that becomes the relay." },
    audit: {
        of: { named: "AuditSettings" },
        description:
            "The sealed log of all that is done to the relay. Default: `audit/<stack>.jsonl`, one log for all relays of the stack.",
        optional: true,
    },
    peers: {
        of: { list: { named: "PeerSpec" } },
        description: "The peers. Who is not listed is removed; who is on the interface unlisted is an unknown peer.",
    },
    services: {
        of: { list: { named: "ServiceSpec" } },
        description: "Web services that peers reach through the relay, over post-quantum TLS. Default: none.",
        optional: true,
    },
    groups: {
        of: { map: { list: "string" } },
        description:
            'Names for sets of peers, used like a peer\'s name in `grants`, in `allow` of services and in `expect`: `{ admins: ["alice", "bob"] }`. Default: none.',
        optional: true,
    },
    grants: {
        of: { list: { named: "GrantSpec" } },
        description: "Default: none; peers reach nothing but the services that allow them.",
        optional: true,
    },
    expect: {
        of: { list: { named: "AccessExpectation" } },
        description:
            "Checked before anything else of a preview or an update: one that does not hold fails it. Default: none.",
        optional: true,
    },
    warnHours: {
        of: "integer",
        description: "From how many hours before access ends (`until`) previews warn of it; 0: never. Default: 24.",
        optional: true,
        default: 24,
    },
    endpoint: {
        of: "string",
        description: "host or host:port that peers connect to. Default: the host's own address.",
        optional: true,
    },
    listenPort: { of: "integer", description: "UDP port. Default: 51820.", optional: true, default: 51820 },
    subnet: {
        of: "string",
        description: "Default: 10.8.0.0/24. The relay takes the first address.",
        optional: true,
        default: "10.8.0.0/24",
    },
    subnet6: { of: "string", description: "A ULA, CIDR. Default: none, and no IPv6 in the tunnel.", optional: true },
    interface: { of: "string", description: "Default: wg0.", optional: true, default: "wg0" },
    keyEpochs: {
        of: { list: "integer" },
        description:
            "Epochs of the relay's own key. Default: [1]. Rotate it by stages: [1, 2] adds a key on an interface and a port of its own, peers switch when it suits them, [2] retires the old one once no peer uses it.",
        optional: true,
    },
    forceRetire: {
        of: "integer",
        description:
            "Retire this epoch although peers still use it: they are cut off. Default: none, and such an update is refused.",
        optional: true,
    },
    keyOverlap: {
        of: "integer",
        description:
            "Seconds in which a peer's replaced key still works beside the new one, until that is used first. 0 cuts it off at once. Default: 604800, a week.",
        optional: true,
        default: 604800,
    },
    identity: {
        of: { named: "RelayIdentity" },
        description:
            "`state` (default): the private key is a secret in the state, so that a lost machine is rebuilt as the same relay. `host`: made on the relay, and never leaves it.",
        optional: true,
        default: "state",
    },
    // Not marked as a secret: SDKs would make a secret of `file:PATH` as well, which has to be known at once.
    privateKey: {
        of: "string",
        description: "Adopt an existing relay's private key: a secret, or `file:PATH`.",
        optional: true,
    },
    seed: {
        of: "string",
        description:
            "A secret, base64 of 32 random bytes: the relay's preshared keys and its id are made of it, so a relay with the same program and keys is the same on another machine. Each relay needs one of its own, and keeps it. Default: generated, and a secret in the state.",
        optional: true,
        secret: true,
    },
    adoptChanges: {
        of: "string",
        description:
            "The interface that `privateKey` takes over is not as this program says, and the program is right. The hash that the refusal names, which lists what changes; means nothing once the relay is adopted.",
        optional: true,
    },
    replaceLostKeys: {
        of: "string",
        description:
            "The state was lost, or some keys in it, and its relay is still there: new keys are made, and every configuration that depends on a lost one is handed out again. The hash that the refusal names; means nothing afterwards.",
        optional: true,
    },
    routes: {
        of: { list: "string" },
        description: "Networks behind the relay, the only ones NATed. Default: none.",
        optional: true,
    },
    // Without a default here: whether the program says it decides what an interface that is taken over keeps.
    mtu: { of: "integer", description: "Bytes. Default: 1420.", optional: true },
    keepalive: {
        of: "integer",
        description: "Seconds between a peer's keepalives; 0 for none. Default: 25.",
        optional: true,
        default: 25,
    },
    dns: {
        of: { list: "string" },
        description: "Resolvers for the peers' configurations. Default: none.",
        optional: true,
    },
    certificateRenewal: {
        of: { named: "CertificateRenewal" },
        description:
            "Who renews the services' certificates. `up` (default): an apply, at the latest every eight months; no authority is on the relay. `relay`: the relay itself, so that they need be valid for 90 days only; an authority that is limited to this relay's names and addresses is left on it.",
        optional: true,
        default: "up",
    },
    appName: {
        of: "string",
        description: "Prefixes every path, table, unit and tag. Default: qp-tunnel.",
        optional: true,
        default: "qp-tunnel",
    },
    confirmTimeout: {
        of: "integer",
        description: "Seconds within which a change on a remote host must be confirmed. Default: 60.",
        optional: true,
        default: 60,
    },
};

const relayOutputs: ComponentSchema["outputs"] = {
    endpoint: { of: "string", description: "host:port, for the peers' configurations." },
    publicKey: { of: "string", description: "The relay's WireGuard public key." },
    address: { of: "string", description: "Its tunnel address." },
    addresses: { of: { map: "string" }, description: "Every peer's tunnel address, by name." },
    configs: {
        of: { map: "string" },
        description:
            "The wg-quick files to hand out, by peer's name. For a peer with its own key it loads the private key from a local file.",
        secret: true,
    },
    urls: {
        of: { map: "string" },
        description: "Where each service is, by the name in its certificate: https://grafana.qp-tunnel.internal:8443.",
    },
    addressUrls: {
        of: { map: "string" },
        description: "Where each service is, by the address of where TLS ends: https://10.8.0.1:8443.",
    },
    registry: {
        of: { map: { named: "RegisteredPeer" } },
        description: "Every peer there ever was, active and revoked, as read back from the wire.",
    },
    serviceRegistry: {
        of: { map: { named: "ServedService" } },
        description: "Every service: url, upstream, negotiated group and cipher.",
    },
    keyExchange: {
        of: "string",
        description:
            "What SSH to the relay's machine agreed on, `mlkem768x25519-sha256` for instance; `none` where nothing is reached over SSH.",
    },
    caCertificate: { of: "string", description: "What clients of the services trust, PEM." },
    checkpoint: { of: { named: "LogCheckpoint" }, description: "What the log must still contain tomorrow." },
};

export const relaySchema: ComponentSchema = {
    description: "A WireGuard relay: peers, firewall, services, and the log of all that was done to it.",
    inputs: relayInputs,
    outputs: relayOutputs,
    types: { ...relayTypes, ...relayOutputTypes, ...hostTypes },
};
