import { ADOPTS_INPUT } from "../import/adoption.js";
import { TERMS_INPUT } from "../import/adoptionCheck.js";
import { KEPT_INPUT } from "../keys/kept.js";
import { SUPPLIED_INPUT } from "../ledger/supplied.js";
import { MACHINE_INPUT, relaySchema } from "../schemas.js";
import { LEAF_INPUT } from "./leaf.js";

export const wireguardSchema = relaySchema(
    {
        ...MACHINE_INPUT,
        address: { type: "string", description: "The relay's tunnel address." },
        address6: { type: "string", description: "The relay's IPv6 tunnel address.", optional: true },
        prefix: { type: "integer", description: "Prefix length of the tunnel's network." },
        prefix6: { type: "integer", description: "Prefix length of the tunnel's IPv6 network.", optional: true },
        listenPort: { type: "integer", description: "UDP port of odd key epochs; even ones have the next." },
        epochs: {
            type: { list: "integer" },
            description: "Key epochs of the relay: one, or two while its key is rotated.",
        },
        mtu: { type: "integer", description: "MTU of the interface in bytes." },
        privateKeys: {
            type: { map: "string" },
            description: "The relay's private keys, by epoch; none where they are generated on the relay.",
            secret: true,
            optional: true,
        },
        identity: { type: "string", description: "`host`: the relay generates its keys itself.", optional: true },
        peerNames: {
            type: "string",
            description: "Names of the peers in the registry, which `peers` has too unless its changes are ignored.",
            optional: true,
        },
        forceRetire: {
            type: "integer",
            description: "A key epoch to retire although peers still use it.",
            optional: true,
        },
        keyOverlap: {
            type: "integer",
            description: "Seconds for which a peer's old key keeps working. Default: 0.",
            optional: true,
        },
        subnet: { type: "string", description: "The tunnel's IPv4 network, CIDR." },
        subnet6: { type: "string", description: "The tunnel's IPv6 network, CIDR.", optional: true },
        seed: { type: "string", description: "The seed that preshared keys are derived from.", secret: true },
        peers: { type: { map: "string" }, description: "Peers by name, from Registry." },
        listed: {
            type: { oneOf: ["string", { list: "string" }] },
            description: "Peers without an expiry in the program: the registry must have all of them.",
            optional: true,
        },
        publicKeys: { type: { map: "string" }, description: "Generated public keys, by peer." },
        presharedKeys: {
            type: { map: "string" },
            description: "Preshared keys from the program, by peer; `none` for none.",
            secret: true,
        },
        routes: { type: { list: "string" }, description: "Networks behind the relay." },
        reached: {
            type: { named: "ReachedAddresses" },
            description: "The relay's known addresses: no peer's route may contain them.",
            optional: true,
        },
        ...SUPPLIED_INPUT,
        ...LEAF_INPUT,
        ...ADOPTS_INPUT,
        ...TERMS_INPUT,
        ...KEPT_INPUT,
    },
    {
        publicKey: { type: "string", description: "The relay's public key, of its newest epoch." },
        epochs: {
            type: { map: { named: "RelayKeyEpoch" } },
            description: "Interface, UDP port and public key of each key epoch.",
        },
        onEpoch: {
            type: { map: "integer" },
            description: "While the relay's key is rotated: the epoch each peer used last, by name.",
        },
        registry: {
            type: { map: "string" },
            description: "Every peer there ever was: address, key, status, since, revoked at.",
        },
    },
);
