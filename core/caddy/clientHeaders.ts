/**
 * Request headers in which a proxy tells an upstream who the client is: its address, its name, its certificate, the
 * URL that it asked for. A service believes them, so they never pass as a client sent them. Caddy's patterns: a `*` at the
 * end or the beginning stands for anything, letter case does not matter.
 */
const CLIENT_HEADERS: readonly string[] = [
    // Where the client is. Caddy sets X-Forwarded-For, -Host and -Proto itself, after this.
    "Forwarded",
    "Forwarded-*",
    "X-Forwarded*",
    "X-Forward-*",
    "X-Real-*",
    "X-Client-*",
    "X-Cluster-Client-*",
    "X-Remote-*",
    "X-ProxyUser-*",
    "X-Envoy-*",
    "X-Azure-*",
    "X-Appengine-*",
    "True-Client-*",
    "Client-IP",
    "CF-*",
    "Fastly-Client-*",
    "Ali-CDN-*",
    // Who the client is.
    "Client-Cert*",
    "Remote-*",
    "X-Auth-Request-*",
    "X-Authentik-*",
    "X-Authenticated-*",
    "X-WebAuth-*",
    "X-User",
    "X-SSL-*",
    "SSL-*",
    "X-Tailscale-*",
    "Tailscale-*",
    // What it asked for.
    "X-Original-*",
    "X-Rewrite-*",
    "X-Host",
    "X-Scheme",
    "X-Proxy-*",
    // Becomes HTTP_PROXY in a CGI program's environment.
    "Proxy",
    // Only with an upgrade to HTTP/2 without TLS.
    "HTTP2-Settings",
    // CGI writes HTTP_X_REAL_IP for X_Real_IP and X.Real.IP too: names of letters, digits and dashes pass, no others.
    ...[..."!#$%&'*+.^_`|~"].map((character) => `*${character}*`),
];

/** What is done with a request before it goes to the upstream. */
export function clientRoutes(): object[] {
    const webSocket = { header_regexp: { Upgrade: { pattern: "(?i)^websocket$" } } };
    return [
        { handle: [changeRequest({ delete: CLIENT_HEADERS })] },
        // An upgrade to HTTP/2 without TLS would go past all of this. The reverse proxy takes the first of several values.
        { match: [webSocket], handle: [changeRequest({ set: { Upgrade: ["websocket"] } })] },
        { match: [{ not: [webSocket] }], handle: [changeRequest({ delete: ["Upgrade"] })] },
    ];
}

function changeRequest(request: object): object {
    return { handler: "headers", request };
}
