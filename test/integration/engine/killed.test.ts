import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { type Declared, Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const RELAY = "10.8.0.1";
const GUEST = "10.8.0.50";

/** Where the programs are killed: before the nth call of a program whose arguments match. */
const POINTS: [when: string, program: string, pattern: string, nth: number][] = [
    ["before WireGuard has done anything", "wg", "addconf*qptcheck*", 1],
    ["with the elements narrowed in the record alone", "nft", "-f*-", 1],
    ["with the peers in the boot file alone", "wg", "set*remove", 1],
    ["with the old peer removed and the new one not added", "wg", "addconf*delta.conf", 1],
    ["between WireGuard and Proxy", "mv", "*/elements", 2],
    ["with the services' elements narrowed in the record alone", "nft", "-f*-", 2],
    ["with the services in the boot file alone", "curl", "*/load", 1],
    ["between Proxy and Grants", "mv", "*/elements", 3],
    ["with the new elements in the record alone", "nft", "-f*-", 3],
];

const [alice, bob, ...guests] = withKeys("alice", "bob", ...["first", ...POINTS].map((_, turn) => `guest${turn}`));
const nameOf = new Map([alice!, bob!, ...guests].map(({ name, publicKey }) => [publicKey, name]));

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;

/** In each turn another guest has the one address, what the last one was granted is gone, and the services swap ports. */
function program(turn: number): Pick<Declared, "peers" | "services" | "grants"> {
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
function granted(turn: number): string[] {
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

beforeAll(async () => {
    lab = await Lab.create("killed");
    relay = lab.node("relay");
    stack = await Stack.create({ namespace: relay.namespace, interface: lab.interface("relay"), ...program(0) });
    await stack.up();
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("reads who may reach what from the wire and from the boot files", async () => {
    expect(reachable(await wire())).toStrictEqual(granted(0));
    expect(reachable(boot())).toStrictEqual(granted(0));
});

it.each(POINTS.map((point, index) => [point[0], index + 1] as const))(
    "killed %s, an update opens nothing that neither program grants, and the next one completes it",
    async (_when, turn) => {
        const [, tool, pattern, nth] = POINTS[turn - 1]!;
        const hit = kill(tool, pattern, nth);
        stack.declare(program(turn));
        await stack.fail(["up", "--yes", "--skip-preview"]);
        expect(readFileSync(hit, "utf8")).toBe("killed\n");
        stack.restore();

        const either = new Set([...granted(turn - 1), ...granted(turn)]);
        expect(reachable(await wire()).filter((flow) => !either.has(flow))).toStrictEqual([]);
        expect(reachable(boot()).filter((flow) => !either.has(flow))).toStrictEqual([]);

        await stack.up();
        expect(reachable(await wire())).toStrictEqual(granted(turn));
        expect(reachable(boot())).toStrictEqual(granted(turn));
    },
);

it("finds nothing to mend afterwards", async () => {
    await stack.refresh("--expect-no-changes");
    await stack.preview("--expect-no-changes");
});

it("an engine killed in the middle of an apply leaves a plugin that finishes, records and ends", async () => {
    const { interface: device } = stack.declared;
    const pids = join(stack.folder, "pids");
    stack.interpose(
        "wg",
        `case "$1 $2" in "addconf ${device}") ${FIND_PLUGIN} echo $plugin > ${pids}; kill -KILL $engine;; esac`,
    );
    const [newcomer] = withKeys("newcomer");
    const peers = [...stack.declared.peers, { name: "newcomer", publicKey: newcomer!.publicKey }];
    stack.declare({ peers });
    const { code } = await stack.run(["up", "--yes", "--skip-preview"]);
    expect(code).toBe(null);

    // Until the plugin is gone: this ends with it.
    await relay.run(["tail", `--pid=${readFileSync(pids, "utf8").trim()}`, "-f", "/dev/null"]);
    stack.restore();
    expect(await relay.run(["wg", "show", device, "peers"])).toContain(newcomer!.publicKey);
    const begun = stack.log().findLast(({ action }) => action === "peers_apply_begin")!;
    const outcomes = stack.log().filter(({ correlation_id }) => correlation_id === begun.correlation_id);
    expect(outcomes.map(({ action, status }) => `${action} ${status}`)).toStrictEqual([
        "peers_apply_begin success",
        "peer_add success",
        "peers_apply success",
    ]);

    await stack.succeed(["cancel", "--yes"]);
    await stack.up();
    await stack.refresh("--expect-no-changes");
    expect((await stack.state())["relay-wireguard"]!.outputs).toMatchObject({
        registry: { newcomer: { status: "active", publicKey: newcomer!.publicKey } },
    });
});

/** In sh: the process ids of the plugin that a program runs for, and of the engine. */
const FIND_PLUGIN = `plugin=$$ engine=$PPID
while [ "$(cat /proc/$engine/comm)" != pulumi ]; do
    [ "$engine" -gt 1 ] || exit 99
    plugin=$engine
    engine=$(sed -n 's/^PPid:[[:space:]]*//p' /proc/$engine/status)
done;`;

/** Has plugin and relay program killed before a call; a file that says so when it has happened. */
function kill(tool: string, pattern: string, nth: number): string {
    const [counter, hit] = [join(stack.folder, "counter"), join(stack.folder, "hit")];
    rmSync(counter, { force: true });
    rmSync(hit, { force: true });
    stack.interpose(
        tool,
        `case "$*" in ${pattern})
    echo >> ${counter}
    if [ "$(wc -l < ${counter})" -eq ${nth} ]; then
        ${FIND_PLUGIN}
        kill -KILL $plugin
        echo killed > ${hit}
        kill -KILL 0
    fi;;
esac`,
    );
    return hit;
}

interface Tables {
    /** Public key by address. */
    owners: Map<string, string>;
    /** "set element" */
    elements: string[];
    /** Upstream by port. */
    services: Map<number, string>;
}

/** As the kernel and Caddy have it. */
async function wire(): Promise<Tables> {
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
        elements: sets.flatMap(({ name, elem = [] }) => elem.map((element) => `${name} ${textOf(element)}`)),
        services: servicesOf(caddy),
    };
}

/** As they would be after a boot. */
function boot(): Tables {
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
function reachable({ owners, elements, services }: Tables): string[] {
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
