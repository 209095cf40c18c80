import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";

import { type Access, expand, parseRule } from "../../core/access/index.js";
import { rightsOf } from "../../core/access/rights.js";
import { allowedBy, pings, Program } from "../../core/flows/allowed.js";
import { Hooks } from "../../core/flows/hooks.js";
import { parseRuleset, type Wire } from "../../core/flows/index.js";
import type { Box } from "../../core/flows/packet.js";
import { type Destination, Paths } from "../../core/flows/path.js";
import { rangeFor } from "../../core/flows/wire.js";
import { elementsOf, renderSkeleton, SET_NAMES } from "../../core/nftables/index.js";
import { fromAllowedIps } from "../../core/wireguard/index.js";
import { anyRuleInOwn, anyTable, tableText } from "./handmade.js";

// What the evaluator says of packets, beside what the kernel does with them: a router whose interfaces end in a test program.

jest.setTimeout(1_800_000);

/** Rulesets that are tried: some ordinarily. */
const RUNS = Number(process.env["FLOWS_RUNS"] ?? (process.env["SLOW"] === "1" ? 200 : 12));
const PEERS = {
    alice: { address: "10.8.0.2" },
    bob: { address: "10.8.0.3" },
    nas: { address: "10.8.0.4", routes: ["192.168.7.0/24"] },
};
const WIRE: Wire = {
    ...{ interfaces: ["wg0"], own: ["10.8.0.1"], subnets: ["10.8.0.0/24"], machine: ["198.51.100.2"] },
    peers: Object.entries(PEERS).map(([name, peer]) => ({ name, interface: "wg0", allowedIps: fromAllowedIps(peer) })),
};

interface Sent {
    iif: "wg0" | "eth0";
    src: string;
    dst: string;
    proto: number;
    sport: number;
    dport: number;
}

const DESTINATIONS = [
    "10.8.0.1",
    "10.8.0.2",
    "10.8.0.3",
    "10.8.0.4",
    "192.168.7.9",
    "192.168.50.10",
    "203.0.113.9",
    "198.51.100.2",
];
const SOURCES = [
    ...["10.8.0.2", "10.8.0.3", "10.8.0.4", "192.168.7.9"].map((src) => ({ iif: "wg0" as const, src })),
    ...["203.0.113.7", "10.8.0.2"].map((src) => ({ iif: "eth0" as const, src })),
];
const ASKED = [
    ...[22, 80, 300, 8443].map((dport) => ({ proto: 6, dport, sport: 40_000 })),
    ...[22, 150].map((dport) => ({ proto: 17, dport, sport: 53 })),
    { proto: 1, dport: 0, sport: 0 },
];
const PACKETS: Sent[] = SOURCES.flatMap((from) =>
    DESTINATIONS.filter((dst) => dst !== from.src).flatMap((dst) => ASKED.map((asked) => ({ ...from, dst, ...asked }))),
);

const names = fc.constantFrom("alice", "bob", "nas");
const program = fc.record({
    allow: fc.uniqueArray(names),
    grants: fc.array(
        fc.record({
            from: names.map((name) => [name]),
            to: fc.oneof(
                names.map((peer) => ({ peer })),
                fc.constantFrom({ peer: "nas", network: "192.168.7.0/24" }, { network: "192.168.50.0/24" }),
            ),
            ports: fc
                .constantFrom(
                    ...[
                        { protocol: "all" as const },
                        { protocol: "icmp" as const },
                        { protocol: "tcp" as const, first: 22, last: 22 },
                    ],
                    ...[
                        { protocol: "udp" as const, first: 100, last: 200 },
                        { protocol: "tcp" as const, first: 80, last: 443 },
                    ],
                )
                .map((ports) => [ports]),
        }),
        { maxLength: 5 },
    ),
});

const folder = mkdtempSync(join(tmpdir(), "qptunnel-flows-"));
afterAll(() => rmSync(folder, { recursive: true }));

function accessOf({ grants, allow }: { grants: Access["grants"]; allow: string[] }): Access {
    const services = { web: { port: 8443, allow, upstreamPeer: { peer: "nas", port: 3000 } } };
    return { relay: { address: "10.8.0.1" }, peers: PEERS, services, grants };
}

/** The relay's table with the elements of a program. */
function tableOf(access: Access): string {
    const place = { table: "qp", interface: "wg0", interfaces: ["wg0"], routes: ["192.168.50.0/24"] };
    const elements = elementsOf(Object.values(expand(access)).flat().map(parseRule));
    const added = SET_NAMES.filter((set) => elements[set].length > 0).map(
        (set) => `add element inet qp ${set} { ${elements[set].join(", ")} }\n`,
    );
    return renderSkeleton({ ...place, subnet: "10.8.0.0/24", address: "10.8.0.1" }) + added.join("");
}

/** What the kernel does with the packets, and how it lists the rules; undefined when it refuses them. */
function tried(text: string): { passed: boolean[]; listed: unknown } | undefined {
    const [rules, packets, listing] = ["rules.nft", "packets.json", "listing.json"].map((name) =>
        join(folder, name),
    ) as [string, string, string];
    writeFileSync(rules, text);
    writeFileSync(packets, JSON.stringify(PACKETS));
    const script = 'nft -f "$1" || exit 9; nft -j list ruleset >"$3"; nft flush ruleset; perl "$4" "$1" "$2"';
    const args = [
        "-n",
        "bash",
        "-c",
        script,
        "bash",
        rules,
        packets,
        listing,
        join(__dirname, "../lab/programs/tun.pl"),
    ];
    const { status, stdout, stderr } = spawnSync("unshare", args, { encoding: "utf8" });
    if (status === 9) return undefined;
    if (status !== 0) throw new Error(stderr);
    return { passed: JSON.parse(stdout) as boolean[], listed: JSON.parse(readFileSync(listing, "utf8")) };
}

function boxOf({ src, dst, proto, sport, dport }: Sent): Box {
    const ports = { sport: [sport, sport], dport: [dport, dport], proto: [proto, proto], type: [8, 8] } as const;
    return { saddr: rangeFor(src), daddr: rangeFor(dst), ...ports };
}

function destinationOf({ dst }: Sent): Destination {
    if (dst === "10.8.0.1") return { relay: true };
    if (dst === "198.51.100.2") return { machine: true };
    return { interface: /^10\.8\.|^192\.168\.7\./.test(dst) ? "wg0" : "eth0" };
}

/** What is computed for each packet; undefined: it cannot be decided. */
function computed(listed: unknown): (boolean | undefined)[] {
    const paths = new Paths(new Hooks(parseRuleset([listed], new Set(["wg0"]))), WIRE);
    return PACKETS.map((sent) => {
        const flow = {
            family: 4 as const,
            source: { interface: sent.iif },
            destination: destinationOf(sent),
            box: boxOf(sent),
        };
        return paths.passed(flow, "new").passes;
    });
}

const shown = (passed: readonly unknown[]): string[] =>
    PACKETS.map((sent, index) => `${JSON.stringify(sent)} ${String(passed[index])}`);

it("rights, evaluator and packets agree on the table of any program", () => {
    fc.assert(
        fc.property(program, (each) => {
            const access = accessOf(each);
            const addresses = Object.fromEntries(Object.entries(PEERS).map(([name, peer]) => [name, [peer.address]]));
            const own = { "(relay)": ["10.8.0.1"], ...addresses };
            const rights = new Program([
                ...allowedBy(rightsOf(access), own),
                ...pings(["10.8.0.1"], [...Object.values(addresses).flat(), "192.168.7.0/24"]),
            ]);
            const { passed, listed } = tried(tableOf(access))!;
            const inside = PACKETS.map(({ iif, dst }) => iif === "wg0" || /^10\.8\.|^192\.168\.7\./.test(dst));
            const only = (values: readonly unknown[]): unknown[] =>
                values.map((value, index) => (inside[index] ? value : "-"));
            expect(shown(only(computed(listed)))).toEqual(shown(only(passed)));
            const allowed = PACKETS.map((sent) => sent.iif === "wg0" && rights.allows(4, boxOf(sent)) !== undefined);
            expect(shown(only(allowed))).toEqual(shown(only(passed)));
        }),
        { numRuns: RUNS },
    );
});

it("evaluator and packets agree on rules made by hand, in the relay's table and in others", () => {
    let unsure = 0;
    fc.assert(
        fc.property(program, fc.array(anyRuleInOwn, { maxLength: 3 }), fc.option(anyTable), (each, rules, other) => {
            const inserted = rules.map(([chain, text]) => `insert rule inet qp ${chain} ${text}\n`);
            const found = tried(tableOf(accessOf(each)) + inserted.join("") + (other === null ? "" : tableText(other)));
            fc.pre(found !== undefined);
            const { passed, listed } = found;
            const said = computed(listed);
            unsure += said.filter((value) => value === undefined).length;
            expect(shown(said.map((value, index) => value ?? passed[index]))).toEqual(shown(passed));
        }),
        { numRuns: RUNS },
    );
    expect(unsure).toBeLessThan((RUNS * PACKETS.length) / 4);
});
