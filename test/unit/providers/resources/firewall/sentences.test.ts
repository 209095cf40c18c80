import { sentencesOf } from "../../../../../providers/resources/effects.js";
import { readFirewall } from "../../../../../providers/resources/firewall/inputs.js";
import { firewallWording } from "../../../../../providers/resources/firewall/sentences.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { PLACE } from "../relays.js";
import { contextOf } from "../relay/lifecycle.js";

const SSH = { kind: "ssh", address: "203.0.113.7", port: 22, user: "root", sudo: false, packages: "install" };
const inputs = (more: Properties = {}) =>
    readFirewall({
        ...PLACE,
        subnet: "10.8.0.0/24",
        address: "10.8.0.1",
        interfaces: ["wg0"],
        routes: [],
        machine: "m1",
        ...more,
    });
const said = (then: Properties | undefined, now: Properties = {}): string[] =>
    sentencesOf(firewallWording, {
        ...(then === undefined ? {} : { before: { inputs: inputs(then), outputs: {} } }),
        ...{ inputs: inputs(now), context: contextOf() },
    });

it("a new firewall denies everything that is not allowed", () => {
    expect(said(undefined)[0]).toBe("hub: all traffic is denied unless a service or a grant allows it");
    expect(said(undefined, { routes: ["10.20.0.0/16"] })[1]).toMatch(
        /^hub: enables forwarding on the interface to 10\.20\.0\.0\/16/,
    );
});

it.each<[Properties, Properties, string[]]>([
    [{}, {}, ["hub: the firewall is reloaded; all access rules stay, running connections continue"]],
    [{}, { machine: UNKNOWN }, ["hub: the firewall is reloaded; all access rules stay"]],
    [
        {},
        { machine: "m2" },
        ["hub: the firewall is loaded on that machine: all traffic is denied there until the access rules are loaded"],
    ],
    [
        {},
        { host: { ...SSH }, machine: "m2" },
        [
            "hub: the firewall is loaded as table inet qp_tunnel_wg0 on root@203.0.113.7: all traffic is denied there until the access rules are loaded",
        ],
    ],
    [
        {},
        { interface: "wg7" },
        [
            "hub: the firewall is loaded as table inet qp_tunnel_wg7: all traffic is denied there until the access rules are loaded",
        ],
    ],
    [
        { host: SSH, machine: UNKNOWN },
        { host: { ...SSH, address: "2001:db8::1" }, machine: UNKNOWN },
        [
            "hub: if that is a different machine, the firewall is loaded as table inet qp_tunnel_wg0 on root@2001:db8::1: all traffic is denied there until the access rules are loaded",
        ],
    ],
    [
        {},
        { subnet: "10.9.0.0/24", address: "10.9.0.1", subnet6: "fd00::/64", address6: "fd00::1" },
        [
            "hub: the firewall guards 10.9.0.0/24 and fd00::/64 instead of 10.8.0.0/24",
            "hub: the firewall expects the relay at 10.9.0.1 and fd00::1 instead of 10.8.0.1",
        ],
    ],
    [{}, { interfaces: ["wg0", "wg0b"] }, ["hub: the firewall guards wg0 and wg0b instead of wg0"]],
    [
        { routes: ["10.20.0.0/16"] },
        { role: "leaf" },
        [
            "hub: networks reached through it: none; all other connections continue",
            "hub: no longer forwards to 10.20.0.0/16; on interfaces that no other network needs, forwarding is restored to its previous setting",
        ],
    ],
])("%# says what changes", (then, now, sentences) => {
    expect(said(then, now)).toEqual(sentences);
});

it("says that networks are not known yet, and not that it no longer forwards to them", () => {
    const awaited = "are not known before the update: another resource supplies them";
    expect(said({ routes: ["10.20.0.0/16"] }, { routes: UNKNOWN })).toEqual([
        `hub: the networks behind the relay ${awaited}`,
    ]);
    expect(said(undefined, { routes: UNKNOWN })).toContain(`hub: the networks behind the relay ${awaited}`);
});
