import { firewallParts } from "../firewall/firewall.js";
import { grantsParts } from "../grants/grants.js";
import { hostParts } from "../host/host.js";
import { proxyParts } from "../proxy/proxy.js";
import { relaySchema } from "../schemas.js";
import { wireguardParts } from "../wireguard/wireguard.js";

/** What a script does in one go. */
export const PARTS = [hostParts, firewallParts, wireguardParts, proxyParts, grantsParts];

/** What is for a machine that is reached, or for a key that is not on it. */
export const NOT_HERE = ["machine", "hostKey", "privateKeys", "credentials", "confirmTimeout"];

export const scriptSchema = relaySchema(
    {
        ...without(Object.assign({}, ...PARTS.map(({ schema }) => schema.inputs)) as typeof hostParts.schema.inputs),
        receipt: { type: "string", description: "What the script printed when it was run.", optional: true },
        relayPublicKey: {
            type: "string",
            description: "The relay's public key, where no receipt can be had.",
            optional: true,
        },
    },
    {
        sha256: { type: "string", description: "SHA-256 of the newest script." },
        edition: { type: "string", description: "When it was written." },
        payload: { type: "string", description: "SHA-256 of what it does." },
        publicKey: { type: "string", description: "The relay's public key; empty until it is known." },
        registry: {
            type: "object",
            description: "Every peer there ever was, as far as receipts tell: address, key, status, since, revoked at.",
        },
        served: { type: "object", description: "Every service: url, upstream, and whether it is open." },
        certificates: { type: "object", description: "Certificates by service." },
        requests: { type: "object", description: "Certificate requests by service, from the newest receipt." },
        receipt: {
            type: "object",
            description: "Which receipt is the newest: edition, generation, machine, public key, script.",
        },
    },
);

function without<T>(properties: Record<string, T>): Record<string, T> {
    return Object.fromEntries(Object.entries(properties).filter(([name]) => !NOT_HERE.includes(name)));
}
