import * as fc from "fast-check";

import type { Access, AccessGrant } from "../../../../core/access/index.js";
import type { Ports } from "../../../../core/registry/model.js";

/** Random programs of a relay at 10.8.0.1 whose peers, networks and hosts are always the same ones. */

/** Every peer that a program may list. */
export const TEAM = {
    alice: { address: "10.8.0.2", address6: "fd00:8::2" },
    bob: { address: "10.8.0.3", address6: "fd00:8::3" },
    carol: { address: "10.8.0.4", address6: "fd00:8::4" },
    nas: { address: "10.8.0.5", address6: "fd00:8::5" },
} as const;
export type Name = keyof typeof TEAM;
const NAMES = Object.keys(TEAM) as Name[];

/** Networks behind peers, which a program may route, and one behind the relay. */
export const BEHIND: Partial<Record<Name, string>> = { nas: "192.168.7.0/24", carol: "172.20.5.0/24" };
export const LAN = "192.168.50.0/24";

const PORTS = [22, 80, 150, 443, 3000, 8443];
const port = fc.constantFrom(...PORTS);
export const anyPorts: fc.Arbitrary<Ports> = fc.oneof(
    fc.constantFrom<Ports>({ protocol: "all" }, { protocol: "icmp" }),
    fc.record({ protocol: fc.constantFrom("tcp" as const, "udp" as const), first: port }),
    fc
        .record({ protocol: fc.constantFrom("tcp" as const, "udp" as const), first: port, more: fc.nat(400) })
        .map(({ more, ...ports }) => ({ ...ports, last: ports.first + more })),
);

/** Services and grants of the peers that are listed, with every form that a source and a destination can have. */
export const anyAccess: fc.Arbitrary<Access> = fc
    .record({
        listed: fc.subarray(NAMES, { minLength: 2 }),
        routing: fc.subarray(Object.keys(BEHIND) as Name[]),
    })
    .chain(({ listed, routing }) => {
        const peers = Object.fromEntries(
            listed.map((name) => [name, { ...TEAM[name], ...(routing.includes(name) ? { routes: [BEHIND[name]!] } : {}) }]),
        ); // prettier-ignore
        const networks = listed.flatMap((peer) => (routing.includes(peer) ? [{ peer, network: BEHIND[peer]! }] : []));
        return fc.record({
            relay: fc.constant({ address: "10.8.0.1", address6: "fd00:8::1" }),
            peers: fc.constant(peers),
            services: servicesOf(listed),
            grants: fc.array(grantAmong(listed, networks), { maxLength: 8, size: "max" }),
        });
    });

function servicesOf(listed: readonly Name[]): fc.Arbitrary<Access["services"]> {
    const name = fc.constantFrom(...listed);
    const upstream = fc.oneof(
        fc.constant({}),
        fc.record({ upstreamPeer: fc.record({ peer: name, port }) }),
        fc.record({ upstreamHost: fc.record({ address: fc.constantFrom("192.168.7.9", "192.168.50.10"), port }) }),
    );
    const service = fc
        .tuple(fc.record({ allow: fc.subarray([...listed]) }), upstream, fc.option(name, { nil: undefined, freq: 3 }))
        .map(([{ allow }, at, on]) => ({ allow, ...at, ...(on === undefined ? {} : { on }) }));
    return fc
        .array(service, { maxLength: 2 })
        .map((all) =>
            Object.fromEntries(all.map((each, index) => [`service${index}`, { ...each, port: 8443 + index }])),
        );
}

function grantAmong(listed: readonly Name[], networks: { peer: string; network: string }[]): fc.Arbitrary<AccessGrant> {
    const name: fc.Arbitrary<string> = fc.constantFrom(...listed);
    const behind = networks.length === 0 ? [] : [fc.constantFrom(...networks)];
    return fc.record({
        from: fc.array(fc.oneof(name, ...behind), { minLength: 1, maxLength: 2 }),
        to: fc.oneof(name.map((peer) => ({ peer })), fc.constant({ network: LAN }), ...behind),
        ports: fc.array(anyPorts, { minLength: 1, maxLength: 2 }),
    }); // prettier-ignore
}
