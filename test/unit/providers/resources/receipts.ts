import { createHmac } from "node:crypto";

import { receiptKey } from "../../../../core/keys/index.js";
import { formatBundle } from "../../../../core/protocol/bundle.js";
import { receiptPeers, receiptServices, receiptValues } from "../../../../core/protocol/receipt.js";
import { KEYS } from "./relays.js";

export const SEED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

export interface Told {
    seed?: string;
    fields?: Record<string, string | number>;
    peers?: string[];
    removed?: string[];
    services?: Record<string, "open" | "closed">;
    requests?: Record<string, string>;
}

/** A receipt as a script prints it. */
export function receiptText({
    seed = SEED,
    fields,
    peers = [],
    removed = [],
    services = {},
    requests = {},
}: Told): string {
    const content = formatBundle({
        receipt: receiptValues.render({
            version: 1,
            owner: "shop/dev/hub",
            edition: "2026-01-02T03:04:05.678Z",
            script: "ab".repeat(32),
            machine: "m1",
            publicKey: KEYS.dave,
            generation: 7,
            ...fields,
        }),
        peers: receiptPeers.render(
            peers.map((publicKey, index) => ({ publicKey, allowedIps: [`10.8.0.${index + 2}/32`] })),
        ),
        removed: removed.map((key) => `${key}\n`).join(""),
        services: receiptServices.render(Object.entries(services).map(([name, state]) => ({ name, state }))),
        ...Object.fromEntries(Object.entries(requests).map(([name, pem]) => [`request.${name}`, pem])),
    });
    const code = createHmac("sha256", receiptKey(seed)).update(content).digest("hex");
    const text = Buffer.from(`${content}@code\n ${code}\n`).toString("base64");
    const lines = text.match(/.{1,76}/g) ?? [];
    return ["-----BEGIN QP-TUNNEL RECEIPT-----", ...lines, "-----END QP-TUNNEL RECEIPT-----", ""].join("\n");
}
