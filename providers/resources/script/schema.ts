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
        receipt: { type: "string", description: "The output of the script.", optional: true },
        relayPublicKey: {
            type: "string",
            description: "The relay's public key, if there is no receipt.",
            optional: true,
        },
    },
    {
        sha256: { type: "string", description: "SHA-256 of the newest script." },
        edition: { type: "string", description: "When it was written." },
        payload: { type: "string", description: "SHA-256 of its content without the date." },
        publicKey: { type: "string", description: "The relay's public key; empty until it is known." },
        registry: {
            type: { map: "string" },
            description:
                "Every peer there ever was, according to the receipts: address, key, status, since, revoked at.",
        },
        served: {
            type: { map: { named: "ServedService" } },
            description: "Every service: url, upstream, and whether it is open.",
        },
        certificates: { type: { map: { named: "LeafCertificate" } }, description: "Certificates by service." },
        requests: { type: { map: "string" }, description: "Certificate requests by service, from the newest receipt." },
        receipt: {
            type: { named: "ScriptReceipt" },
            description: "The newest receipt: edition, generation, machine, public key, script.",
        },
    },
);

function without<T>(properties: Record<string, T>): Record<string, T> {
    return Object.fromEntries(Object.entries(properties).filter(([name]) => !NOT_HERE.includes(name)));
}
