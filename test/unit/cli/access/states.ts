import type { Right } from "../../../../core/access/rights.js";
import { renderRights } from "../../../../core/access/rightsText.js";

export const RIGHTS: Right[] = [
    { from: "(relay)", to: "nas", ports: "tcp/3000", by: "service grafana" },
    { from: "alice", to: "(relay)", ports: "tcp/8443", by: "service grafana" },
    { from: "alice", to: "192.168.7.0/24", ports: "all", by: "grants[1]" },
    { from: "alice", to: "nas", ports: "icmp", by: "grants[0]" },
    { from: "alice", to: "nas", ports: "tcp/22", by: "grants[0]" },
    { from: "bob", to: "nas", ports: "tcp/22", by: "grants[0]" },
];

/** What `pulumi stack export` writes of a relay that allows this; without a text of rights, of an older version. */
export function exported(
    rights: readonly Right[] | undefined,
    relay = "office",
    groups?: Record<string, string>,
): string {
    const urn = `urn:pulumi:dev::shop::qptunnel:index:Relay$qptunnel:index:Registry::${relay}-registry`;
    const registry = { urn, type: "qptunnel:index:Registry", inputs: { relay, groups }, outputs: {} };
    const resources = [...resourcesOf(rights, relay), ...(groups === undefined ? [] : [registry])];
    return JSON.stringify({ version: 3, deployment: { resources } });
}

/** The same of a stack with a second relay, which has the first one's peers but those that are left out. */
export function exportedTwo(rights: readonly Right[], second: string, leftOut: readonly string[]): string {
    const ofSecond = rights.filter(({ from, to }) => !leftOut.includes(from) && !leftOut.includes(to));
    const resources = [...resourcesOf(rights, "office"), ...resourcesOf(ofSecond, second, leftOut)];
    return JSON.stringify({ version: 3, deployment: { resources } });
}

function resourcesOf(
    rights: readonly Right[] | undefined,
    relay: string,
    leftOut: readonly string[] = [],
): Record<string, unknown>[] {
    const urn = (types: string, name: string): string => `urn:pulumi:dev::shop::${types}::${name}`;
    const peers = Object.fromEntries(
        ["alice", "bob", "nas"]
            .map((name, index) => [name, { address: `10.8.0.${index + 2}`, publicKey: `k${index}` }] as const)
            .filter(([name]) => !leftOut.includes(name)),
    );
    const registry = Object.fromEntries(
        Object.entries(peers).map(([name, peer]) => [
            name,
            { ...peer, status: "active", since: "2026-01-02T03:04:05Z" },
        ]),
    );
    const place = { relay, appName: "qp-tunnel", interface: "wg0", host: { kind: "local" } };
    const service = { port: 8443, upstream: "10.8.0.4:3000", certificate: "both", keyExchange: "require" };
    return [
        {
            urn: urn("qptunnel:index:Relay", relay),
            type: "qptunnel:index:Relay",
            outputs: rights === undefined ? {} : { rights: renderRights(rights) },
        },
        {
            urn: urn("qptunnel:index:Relay$qptunnel:index:WireGuard", `${relay}-wireguard`),
            type: "qptunnel:index:WireGuard",
            inputs: { ...place, peers, publicKeys: {} },
            outputs: { registry },
        },
        {
            urn: urn("qptunnel:index:Relay$qptunnel:index:Proxy", `${relay}-proxy`),
            type: "qptunnel:index:Proxy",
            inputs: { ...place, addresses: ["10.8.0.1"], services: { grafana: service }, authorities: {} },
            outputs: { served: {} },
        },
    ];
}
