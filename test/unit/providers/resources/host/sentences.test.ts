import { sentencesOf } from "../../../../../providers/resources/effects.js";
import { readHost } from "../../../../../providers/resources/host/inputs.js";
import { hostWording, isReplaced } from "../../../../../providers/resources/host/sentences.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import { PLACE } from "../relays.js";
import { contextOf } from "../relay/lifecycle.js";

const ssh = (address: string, more: object = {}): Properties => ({
    host: { ...{ kind: "ssh", address, port: 22, user: "root", sudo: false, packages: "install" }, ...more },
});
const droplet = (id: string): Properties => ssh("203.0.113.1", { instance: { provider: "digitalocean", id } });
const inputs = (more: Properties) => readHost({ ...PLACE, subnet: "10.8.0.0/24", ...more });
const said = (then: Properties | undefined, now: Properties = {}): string[] =>
    sentencesOf(hostWording, {
        ...(then === undefined ? {} : { before: { inputs: inputs(then), outputs: {} } }),
        ...{ inputs: inputs(now), context: contextOf() },
    });

it.each<[Properties | undefined, Properties, string[]]>([
    [undefined, {}, ["hub: is set up on this machine"]],
    [{}, {}, ["hub: is checked again on this machine"]],
    [
        {},
        ssh("203.0.113.7"),
        [
            "hub: moves from this machine to root@203.0.113.7, with the same keys and addresses; the old place is cleaned up last",
        ],
    ],
    [
        droplet("1"),
        ssh("203.0.113.7"),
        [
            "hub: moves from root@203.0.113.1 to root@203.0.113.7, with the same keys and addresses; the old machine is deleted last",
        ],
    ],
    [
        ssh("a"),
        ssh("b"),
        [
            "hub: is reached at root@b instead of root@a: if that is the same machine, nothing changes on it; if that is a different machine, the relay moves there with the same keys and addresses, and the old place is cleaned up last",
        ],
    ],
    [
        droplet("1"),
        droplet("2"),
        [
            "hub: is set up on the new machine behind 203.0.113.1, with the same keys and addresses; every peer is interrupted until the new machine re-initiates its handshake, or for 15 s if the old one does not know its endpoint",
        ],
    ],
    [
        {},
        { interface: "wg7" },
        [
            "hub: is taken down as qp-tunnel-wg0 and brought up as qp-tunnel-wg7: every peer is interrupted, up to 15 s until its next handshake",
        ],
    ],
    [
        {},
        { subnet: "10.9.0.0/24", subnet6: "fd00::/64" },
        [
            "hub: the tunnel's network changes from 10.8.0.0/24 to 10.9.0.0/24",
            "hub: the tunnel's IPv6 network changes from none to fd00::/64",
        ],
    ],
])("%# says where the relay is from now on", (then, now, sentences) => {
    expect(said(then, now)).toEqual(sentences);
});

it("a machine is replaced where the program made another one behind the same address", () => {
    const replaced = (then: Properties, now: Properties): boolean =>
        isReplaced({ before: { inputs: inputs(then), outputs: {} }, inputs: inputs(now) });
    expect([replaced(droplet("1"), droplet("2")), replaced(droplet("1"), droplet("1")), replaced({}, {})]).toEqual([
        true,
        false,
        false,
    ]);
    expect(isReplaced({ inputs: inputs({}) })).toBe(false);
});
