import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SET_NAMES } from "../../../core/nftables/index.js";
import type { LabNode } from "../../lab/index.js";
import type { Declared, Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";

// One program after the other, each of which gives away what the one before it took back, and what of both is true on a
// relay: for tests that interrupt the update from one to the next.

const RELAY = "10.8.0.1";
const GUEST = "10.8.0.50";

/** More than anybody interrupts. */
const TURNS = 40;

/** Where the programs are killed: before the nth call of a program whose arguments match. */
export const POINTS: [when: string, program: string, pattern: string, nth: number][] = [
    ["before anything was taken away", "mv", "*/peers", 1],
    ["with what goes out of the boot files alone", "wg", "set*remove", 1],
    ["with the peers removed and the elements in the kernel still", "nft", "-f*/sets.delta", 1],
    ["between what is taken away and the rest", "mv", "*/manifest", 1],
    ["before WireGuard has done anything", "wg", "addconf*qptcheck*", 1],
    ["before WireGuard has filled the sets", "nft", "-f*/sets.delta", 3],
    ["with the old peer removed and the new one not added", "wg", "addconf*delta.conf", 1],
    ["between WireGuard and Proxy", "mv", "*/mark.wireguard", 1],
    ["with the services in the boot file alone", "curl", "*/load", 3],
    ["between Proxy and Grants", "mv", "*/mark.proxy", 1],
    ["with the new elements in the kernel alone", "mv", "*/elements", 2],
];

export type Point = (typeof POINTS)[number];

/**
 * A script for `interpose` that does something at one of the points, once.
 *
 * @param act for sh
 * @returns with the file that says "done" when it has happened
 */
export function interruption(folder: string, [, , pattern, nth]: Point, act: string): { script: string; hit: string } {
    const [counter, hit] = [join(folder, "counter"), join(folder, "hit")];
    rmSync(counter, { force: true });
    rmSync(hit, { force: true });
    const script = `case "$*" in ${pattern})
    echo >> ${counter}
    if [ "$(wc -l < ${counter})" -eq ${nth} ]; then
        echo done > ${hit}
        ${act}
    fi;;
esac`;
    return { script, hit };
}

const [alice, bob, ...guests] = withKeys(
    "alice",
    "bob",
    ...["first", ...Array.from({ length: TURNS })].map((_, turn) => `guest${turn}`),
);
/** Who a public key belongs to. */
export const nameOf = new Map([alice!, bob!, ...guests].map(({ name, publicKey }) => [publicKey, name]));

/** In each turn another guest has the one address, what the last one was granted is gone, and the services swap ports. */
export function program(turn: number): Pick<Declared, "peers" | "services" | "grants"> {
    const guest = guests[turn]!;
    const even = turn % 2 === 0;
    return {
        peers: [
            { name: "alice", publicKey: alice!.publicKey },
            { name: "bob", publicKey: bob!.publicKey },
            { name: guest.name, publicKey: guest.publicKey, address: GUEST },
        ],
        services: [
            { name: "notes", upstream: { peer: "bob", port: 3000 }, port: even ? 8443 : 8444, allow: ["alice"] },
            { name: "wiki", upstream: "198.51.100.66:80", port: even ? 8444 : 8443, allow: [guest.name] },
        ],
        grants: [
            { from: guest.name, to: "bob", ports: [even ? "tcp/22" : "udp/9"] },
            { from: "alice", to: guest.name, ports: [even ? "tcp/23" : "udp/7"] },
        ],
    };
}

/** Who may reach what, in this turn's program. */
export function granted(turn: number): string[] {
    const guest = `guest${turn}`;
    const even = turn % 2 === 0;
    return [
        "alice -> notes",
        `${guest} -> wiki`,
        `${guest} -> bob ${even ? "tcp/22" : "udp/9"}`,
        `alice -> ${guest} ${even ? "tcp/23" : "udp/7"}`,
        "relay -> bob tcp/3000",
    ].sort();
}

/** That an interrupted update to this turn's program opened nothing that neither program grants, and that the next one completes it. */
export async function expectConvergence(stack: Stack, relay: LabNode, turn: number): Promise<void> {
    const either = new Set([...granted(turn - 1), ...granted(turn)]);
    expect(reachable(await wire(stack, relay)).filter((flow) => !either.has(flow))).toStrictEqual([]);
    expect(reachable(boot(stack)).filter((flow) => !either.has(flow))).toStrictEqual([]);

    await stack.up();
    expect(reachable(await wire(stack, relay))).toStrictEqual(granted(turn));
    expect(reachable(boot(stack))).toStrictEqual(granted(turn));
}

export interface Tables {
    /** Public key by address. */
    owners: Map<string, string>;
    /** "set element" */
    elements: string[];
    /** Upstream by port. */
    services: Map<number, string>;
}

/** As the kernel and Caddy have it. */
export async function wire(stack: Stack, relay: LabNode): Promise<Tables> {
    const { interface: device } = stack.declared;
    const allowed = await relay.run(["wg", "show", device, "allowed-ips"]);
    const peers = allowed
        .trim()
        .split("\n")
        .map((line) => line.split("\t") as [string, string]);
    const ruleset = JSON.parse(await relay.run(["nft", "-j", "list", "ruleset"])) as { nftables: { set?: NftSet }[] };
    const sets = ruleset.nftables.flatMap(({ set }) => (set === undefined ? [] : [set]));
    const socket = join(stack.place("run"), "admin.sock");
    const caddy = await relay.run(["curl", "-sS", "--unix-socket", socket, "http://localhost/config/"]);
    return {
        owners: new Map(
            peers.flatMap(([key, addresses]) => addresses.split(" ").map((address) => [plain(address), key])),
        ),
        // What is in the other sets opens nothing by itself: who owns what, and where the machine forwards.
        elements: sets
            .filter(({ name }) => (SET_NAMES as readonly string[]).includes(name))
            .flatMap(({ name, elem = [] }) => elem.map((element) => `${name} ${textOf(element)}`)),
        services: servicesOf(caddy),
    };
}

/** As they would be after a boot. */
export function boot(stack: Stack): Tables {
    const read = (name: string): string => readFileSync(join(stack.place("etc"), name), "utf8");
    const peers = read("peers")
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split("\t"));
    return {
        owners: new Map(
            peers.flatMap(([key = "", , addresses = ""]) =>
                addresses.split(",").map((address): [string, string] => [plain(address), key]),
            ),
        ),
        elements: read("elements").split("\n").filter(Boolean),
        services: existsSync(join(stack.place("etc"), "caddy.json")) ? servicesOf(read("caddy.json")) : new Map(),
    };
}

interface NftSet {
    name: string;
    elem?: unknown[];
}

function textOf(element: unknown): string {
    const { elem, concat } = element as { elem?: { val: unknown }; concat?: unknown };
    if (elem !== undefined) return textOf(elem.val);
    return Array.isArray(concat) ? concat.join(" . ") : JSON.stringify(element);
}

function servicesOf(caddy: string): Map<number, string> {
    const { apps } = JSON.parse(caddy) as { apps: { http: { servers: Record<string, { listen: string[] }> } } };
    return new Map(
        Object.values(apps.http.servers).flatMap((server) => {
            const upstream = /"dial":"([^"]+)"/.exec(JSON.stringify(server))?.[1] ?? "";
            return server.listen.map((listen): [number, string] => [Number(listen.split(":").at(-1)), upstream]);
        }),
    );
}

function plain(address: string): string {
    return address.replace(/\/32$/, "");
}

/** What the three together let happen: an element whose address nobody has, or whose port nobody serves, opens nothing. */
export function reachable({ owners, elements, services }: Tables): string[] {
    const flows = elements.flatMap((line) => {
        const [source = "", target = "", ...ports] = line.slice(line.indexOf(" ") + 1).split(" . ");
        const from = source === RELAY ? "relay" : nameOf.get(owners.get(source) ?? "");
        const service = services.get(Number(ports.at(-1)));
        const to = target === RELAY ? service && SERVICES[service] : nameOf.get(owners.get(target) ?? "");
        if (from === undefined || to === undefined) return [];
        return [target === RELAY ? `${from} -> ${to}` : `${from} -> ${to} ${ports.join("/")}`];
    });
    return flows.sort();
}

const SERVICES: Record<string, string> = { "10.8.0.3:3000": "notes", "198.51.100.66:80": "wiki" };
