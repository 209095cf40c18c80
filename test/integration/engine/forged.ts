import fc from "fast-check";

import type { ForgedRequest, SeenRequest } from "../../lab/index.js";

/** What upstreams take a proxy's word for, as their manuals spell it. */
const TRUSTED = [
    "X-Real-IP X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-Forwarded-Port X-Forwarded-Prefix X-Forwarded-User X-Forwarded",
    "X-Forwarded-Server X-Forwarded-Ssl X-Forwarded-Scheme X-Forwarded-Email X-Forwarded-Groups X-Forwarded-Client-Cert",
    "Forwarded Forwarded-For X-Forward-For X-Client-IP X-Client-Cert X-Client-DN X-Client-Verify Client-IP True-Client-IP",
    "CF-Connecting-IP CF-Connecting-IPv6 CF-IPCountry Fastly-Client-IP X-Cluster-Client-IP X-Envoy-External-Address",
    "X-Azure-ClientIP X-Appengine-User-IP Ali-CDN-Real-IP X-ProxyUser-IP X-Remote-IP X-Remote-User Remote-User Remote-Addr",
    "Remote-Groups X-WebAuth-User X-Auth-Request-Email X-Authentik-Username Tailscale-User-Login X-SSL-Client-Verify",
    "SSL-Client-Cert Client-Cert X-Original-URL X-Original-Forwarded-For X-Rewrite-URL X-Host Proxy",
].flatMap((line) => line.split(" "));

/** What an upstream needs, and what nobody takes for somebody else's word. */
const OWN: [string, string][] = [
    ["Authorization", "Bearer kept"],
    ["Cookie", "session=kept"],
    ["Accept-Language", "kept"],
    ["X-Request-Id", "kept"],
    ["X-Requested-With", "kept"],
    ["X-CSRF-Token", "kept"],
    ["DNT", "1"],
];

/** Letters in either case, and dashes as other characters that CGI programs read alike. */
const spelled = fc.constantFrom(...TRUSTED).chain((name) =>
    fc
        .array(fc.record({ upper: fc.boolean(), dash: fc.constantFrom("-", "-", "_", ".", "~", "!", "'", "*") }), {
            minLength: name.length,
            maxLength: name.length,
        })
        .map((choices) =>
            [...name]
                .map((character, index) => {
                    const { upper, dash } = choices[index]!;
                    if (character === "-") return dash;
                    return upper ? character.toUpperCase() : character.toLowerCase();
                })
                .join(""),
        ),
);

/** Requests that forge each of these headers in their own spelling, and many in others. */
export function forgedRequests(count: number, seed: number): ForgedRequest[] {
    const plain = TRUSTED.map((name): [string, string] => [name, "forged"]);
    const others = fc.sample(fc.array(spelled, { minLength: 1, maxLength: 30 }), { numRuns: count, seed });
    return [plain, ...others.map((names) => names.map((name): [string, string] => [name, "forged"]))].map((forged) => ({
        headers: [...OWN, ...forged],
    }));
}

/** Upgrades to HTTP/2 without TLS, which would go past every rule about requests. */
export function forgedUpgrades(): ForgedRequest[] {
    return ["h2c", "H2C", "h2c, websocket", "websocket, h2c", "TLS/1.0", " h2c"].map((protocol) => ({
        headers: [
            ["Connection", "Upgrade, HTTP2-Settings"],
            ["Upgrade", protocol],
            ["HTTP2-Settings", "forged"],
        ],
    }));
}

/** Headers of a request by what a CGI program would call them, each with all its values. */
export function asCgi({ headers = [] }: SeenRequest): Record<string, string[]> {
    const seen: Record<string, string[]> = {};
    for (let index = 0; index < headers.length; index += 2) {
        const name = headers[index]!.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
        seen[name] = [...(seen[name] ?? []), headers[index + 1]!];
    }
    return seen;
}

/** Of a request without anything forged in it, as `asCgi` has it. */
export const OWN_HEADERS = asCgi({ headers: OWN.flat() });
