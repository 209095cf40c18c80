import { execFileSync } from "node:child_process";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import type { Grant, RelayArgs } from "../../../components/index.js";
import { judged, readPlain } from "../../../components/supplied.js";
import { type Later, validate } from "../../../core/arguments/index.js";
import { orLater } from "../../../core/arguments/later.js";
import { runProgram } from "../program.js";
import { KEY, OTHER } from "./relays.js";

type Give = <T>(value: T) => T;
const plainly: Give = (value) => value;

const peersWith = (give: Give, alice: string[], nas: string[]): RelayArgs["peers"] => [
    { name: "alice", publicKey: KEY, routes: give(alice) },
    { name: "nas", publicKey: OTHER, routes: nas },
];
const grant = (from: Grant["from"], to: Grant["to"]): Partial<RelayArgs> => ({
    grants: [{ from, to, ports: ["icmp"] }],
});
const LAN = "192.168.7.0/24";

/** What is refused, by what it is about; each value as it is given. */
const REFUSED: Record<string, [(give: Give) => Partial<RelayArgs>, string]> = {
    "a route of two peers": [
        (give) => ({ peers: peersWith(give, [LAN], ["192.168.0.0/16"]) }),
        `peers.alice.routes[0]: "${LAN}" overlaps "192.168.0.0/16" of "nas"`,
    ],
    "a route of a peer in the tunnel": [
        (give) => ({ peers: peersWith(give, ["10.8.0.0/25"], []) }),
        'peers.alice.routes[0]: "10.8.0.0/25" overlaps the tunnel\'s own 10.8.0.0/24',
    ],
    "an IPv6 route without IPv6": [
        (give) => ({ peers: peersWith(give, ["fd12::/64"], []) }),
        'peers.alice.routes[0]: "fd12::/64" is IPv6, and the relay has no subnet6',
    ],
    "a network that is none": [
        (give) => ({ peers: peersWith(give, ["192.168.7.1/24"], []) }),
        '.routes[0]: "192.168.7.1/24" is an address inside a network',
    ],
    "a moment without an offset": [
        (give) => ({ peers: [{ name: "alice", publicKey: KEY, expires: give("2027-01-01") }] }),
        '.expires: "2027-01-01" is not an RFC 3339 date and time with an offset',
    ],
    "a route of the relay that a peer has": [
        (give) => ({ routes: give([LAN]), peers: peersWith(plainly, [], [LAN]) }),
        `"${LAN}" overlaps "${LAN}" of`,
    ],
    "an MTU that is too small for IPv6": [
        (give) => ({ subnet6: "fd00:8::/64", mtu: give(1000) }),
        "mtu: 1000 is less than IPv6 needs (RFC 8200)",
    ],
    "an MTU out of bounds": [(give) => ({ mtu: give(100) }), "mtu: is too small; choose 576 or more"],
    "a grant to a network that the relay does not have": [
        (give) => grant("alice", { network: give(LAN) }),
        `grants[0].to.network: "${LAN}" is not one of the relay's routes`,
    ],
    "a grant to a network that the peer does not have": [
        (give) => ({ peers: peersWith(plainly, [], []), ...grant("alice", { peer: "nas", network: give(LAN) }) }),
        `grants[0].to.network: "${LAN}" is not one of "nas"'s routes`,
    ],
    "a grant from a network that the peer does not have": [
        (give) => ({ peers: peersWith(plainly, [], []), ...grant({ peer: "nas", network: give(LAN) }, "alice") }),
        `grants[0].from[0].network: "${LAN}" is not one of "nas"'s routes`,
    ],
    "a grant to a network of routes that are supplied": [
        (give) => ({
            peers: peersWith(give, ["192.168.8.0/24"], []),
            ...grant("nas", { peer: "alice", network: LAN }),
        }),
        `grants[0].to.network: "${LAN}" is not one of "alice"'s routes; choose 192.168.8.0/24`,
    ],
    "a name twice": [
        (give) => ({
            peers: give([
                { name: "alice", publicKey: KEY },
                { name: "Alice", publicKey: OTHER },
            ]),
        }),
        'peers: "alice" and "Alice" differ only by upper and lower case',
    ],
    "a key twice": [
        (give) => ({
            peers: give([
                { name: "alice", publicKey: KEY },
                { name: "bob", publicKey: KEY },
            ]),
        }),
        'peers.bob.publicKey: is also the key of "alice"',
    ],
    "a grant to a peer that is not listed": [
        (give) => ({ peers: give([{ name: "alice", publicKey: KEY }]), ...grant("alice", "bob") }),
        'grants[0].to: refers to a peer that is not listed, "bob"',
    ],
};

/** What each of them is refused with, by the form in which the value is given. */
let refusals: Record<string, Record<"plain" | "output" | "promise" | "secret", string>>;

beforeAll(() => {
    const marked: Give = <T>(value: T): T => ({ given: value }) as T;
    const cases = Object.values(REFUSED).map(([args]) => args(marked));
    const answers = JSON.parse(
        execFileSync(process.execPath, [join(__dirname, "../../lab/programs/refused.js")], {
            input: JSON.stringify({ peers: [{ name: "alice", publicKey: KEY }], cases }),
            encoding: "utf8",
        }),
    ) as (typeof refusals)[string][];
    refusals = Object.fromEntries(Object.keys(REFUSED).map((what, index) => [what, answers[index]!]));
});

it.each(Object.entries(REFUSED))("refuses %s, however it is given, and quotes no secret", (what, [, problem]) => {
    const { plain, output, promise, secret } = refusals[what]!;
    expect(plain).toContain(problem);
    expect({ output, promise }).toEqual({ output: plain, promise: plain });
    expect(secret).toContain("a secret is not shown; correct what supplies it");
    for (const [value] of problem.matchAll(/(?<=")[^"]*[/.-][^"]*(?=")/g)) expect(secret).not.toContain(value);
});

const wanted = z.strictObject({ value: orLater(z.int()) });
function later(value: unknown): Later<number> {
    return validate(wanted, { value: pulumi.output(value) }, "thing").value as Later<number>;
}

it("judges what is needed first without what comes later", async () => {
    const [first, second] = [later(1), later(2)];
    const seen: unknown[] = [];
    const { outputs } = await runProgram(() => {
        const of = judged(
            [[[first, "first"]], [], [[second, "second"]]],
            (read) => void seen.push([read(first), read(second), read(3)]),
        );
        return [of(first), of(second), of(3)];
    });
    expect(outputs).toEqual([1, 2, 3]);
    expect(seen).toEqual([
        [1, undefined, 3],
        [1, 2, 3],
    ]);
    expect([readPlain(first), readPlain(3)]).toEqual([undefined, 3]);
});
