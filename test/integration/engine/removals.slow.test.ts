import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tableName } from "../../../core/names.js";
import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { Stack, type Declared } from "../../lab/stack.js";
import { pauseWatcher } from "../../lab/watcher.js";
import { livePeers, reasons, withKeys } from "./fixtures.js";

// An update takes away first, whatever else of it fails, and what nobody declared does not outlive the next apply.

jest.setTimeout(600_000);

/** What makes an update fail somewhere behind its removals. */
interface Fault {
    where: string;
    /** What it changes besides, so that the resource that fails is applied. */
    changes?: Partial<Declared>;
    /** A program of the relay that fails, for sh. */
    program?: string;
    script?: string;
}

const FAULTS: Fault[] = [
    {
        where: "a route that holds an endpoint",
        changes: { peers: [{ name: "lost", publicKey: withKeys("lost")[0]!.publicKey, routes: ["198.51.100.0/24"] }] },
    },
    {
        where: "a table that nft refuses",
        changes: { routes: ["192.168.50.0/24"] },
        program: "nft",
        script: FAILS("-f*firewall.nft"),
    },
    { where: "a peer that the kernel refuses", program: "wg", script: FAILS("addconf*delta.conf") },
    { where: "a proxy that loads nothing", program: "curl", script: FAILS("*/load") },
    { where: "a tool that is missing", program: "unshare", script: "exit 127" },
    { where: "a disk that is full", program: "mv", script: FAILS("*/program") },
    { where: "grants that cannot be written down", program: "mv", script: FAILS("*/mark.grants") },
];

/** An ordinary run takes some, of each part of an update. */
const CASES = (process.env["SLOW"] === "1" ? FAULTS : [0, 1, 3, 4].map((index) => FAULTS[index]!)).map(
    (fault, index) => [fault.where, fault, index] as const,
);

function FAILS(pattern: string): string {
    return `case "$*" in ${pattern}) echo "No space left on device" >&2; exit 1;; esac`;
}

const [alice, bob, rogue, ...guests] = withKeys(
    "alice",
    "bob",
    "rogue",
    ...Array.from({ length: FAULTS.length + 1 }, (_, turn) => `guest${turn}`),
);

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let device: string;
let table: string;
const servers: Server[] = [];

/** Each turn takes away a guest, a grant and a service of the turn before. */
function program(turn: number): Pick<Declared, "peers" | "services" | "grants"> {
    const guest = guests[turn]!;
    return {
        peers: [alice!, bob!, guest].map(({ name, publicKey }) => ({ name, publicKey })),
        services: [
            { name: "notes", upstream: { peer: "bob", port: 3000 }, port: 8443, allow: ["alice", guest.name] },
            { name: `wiki${turn}`, upstream: "198.51.100.66:80", port: 9000 + turn, allow: ["alice"] },
        ],
        grants: [
            { from: "alice", to: "bob", ports: ["tcp/22", `tcp/${100 + turn}`] },
            { from: guest.name, to: "bob", ports: ["tcp/22"] },
        ],
    };
}

beforeAll(async () => {
    lab = await Lab.create("removals");
    relay = lab.node("relay");
    device = lab.interface("relay");
    table = tableName({ appName: "qp-tunnel", interface: device });
    stack = await Stack.create({ namespace: relay.namespace, interface: device, ...program(0) });
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    for (const mate of [alice!, bob!])
        await lab
            .node(mate.name as "alice" | "bob")
            .wgQuickUp(configs[mate.name]!, lab.interface(mate.name), mate.privateKey);
    for (const port of [22, 100]) servers.push(await lab.node("bob").httpServer(port, "here"));
});

afterAll(async () => {
    for (const server of servers) await server.stop();
    lab?.close();
    stack?.close();
});

const UP = ["up", "--yes", "--skip-preview"];
const elements = async (): Promise<string> => relay.run(["nft", "list", "table", "inet", table]);
const listeners = async (): Promise<string> => relay.run(["ss", "-H", "-ltn"]);

/** Records of what went with a turn. */
function told(turn: number): { peers: number; rules: string[]; services: number } {
    const records = stack.log().filter(({ action }) => !action.endsWith("_begin"));
    const of = (action: string, name: string): number =>
        records.filter((record) => record.action === action && record.details["name"] === name).length;
    const removed = records
        .filter(({ action }) => action === "grants_apply")
        .flatMap(({ details }) => (details["removed"] ?? []) as string[]);
    return {
        peers: of("peer_remove", `guest${turn}`),
        rules: removed.filter((rule) => rule.endsWith(` tcp/${100 + turn}`) || rule.endsWith(` tcp/${9000 + turn}`)),
        services: of("service_close", `wiki${turn}`),
    };
}
const ALL_TOLD = (turn: number): ReturnType<typeof told> => ({
    peers: 1,
    rules: [`10.8.0.2 -> 10.8.0.1 tcp/${9000 + turn}`, `10.8.0.2 -> 10.8.0.3 tcp/${100 + turn}`],
    services: 1,
});

it.each(CASES)("beside %s: who, what and which service goes is gone, and told once", async (_where, fault, turn) => {
    if (turn === 0) expect(await lab.node("alice").tcp("10.8.0.3", 100)).toBe("open");
    const key = guests[turn]!.publicKey;
    const [address] = [...(await livePeers(relay, device))].find(([, { publicKey }]) => publicKey === key)!;
    const next = program(turn + 1);
    const { peers = [], ...changes } = fault.changes ?? {};
    stack.declare({ ...next, ...changes, peers: [...next.peers, ...peers] });
    if (fault.program !== undefined) stack.interpose(fault.program, fault.script!);
    const reason = reasons(await stack.fail(UP));
    stack.restore();
    expect(reason).toHaveLength(1);

    expect(await relay.run(["wg", "show", device, "peers"])).not.toContain(key);
    const kernel = await elements();
    for (const word of [address.replace("/32", " "), `. ${100 + turn}`, `. ${9000 + turn}`])
        expect(kernel).not.toContain(word);
    expect(await listeners()).not.toContain(`:${9000 + turn} `);
    expect(kernel).toContain("10.8.0.2 . 10.8.0.3 . tcp . 22");
    expect(told(turn)).toEqual(ALL_TOLD(turn));
    if (turn === 0) {
        expect(await lab.node("alice").tcp("10.8.0.3", 100)).not.toBe("open");
        expect(await lab.node("alice").tcp("10.8.0.3", 22)).toBe("open");
    }

    stack.declare({ ...next, routes: [] });
    await stack.up();
    expect(told(turn)).toEqual(ALL_TOLD(turn));
    expect(await relay.run(["wg", "show", device, "peers"])).toContain(guests[turn + 1]!.publicKey);
    expect(await elements()).toContain(`. ${101 + turn}`);
    expect(await listeners()).toContain(`:${9001 + turn} `);
});

it("what an update took away and its successor lists again is set again, and told", async () => {
    const turn = CASES.length;
    const { services, grants, peers } = program(turn);
    stack.declare({
        peers,
        services: services!.slice(0, 1),
        grants: [{ from: "alice", to: "bob", ports: ["tcp/22"] }],
    });
    stack.interpose("nft", FAILS("-f*firewall.nft"));
    stack.declare({ routes: ["192.168.50.0/24"] });
    await stack.fail(UP);
    stack.restore();
    expect(told(turn)).toEqual({ ...ALL_TOLD(turn), peers: 0 });
    stack.declare({ services: services!, grants: grants!, routes: [] });
    const text = await stack.up();
    expect(text).toContain(`relay: 10.8.0.2 -> 10.8.0.3 tcp/${100 + turn} was removed first and is allowed again`);
    expect(text).toContain(`relay: wiki${turn} was closed first and is reopened`);
    expect(await elements()).toContain(`10.8.0.2 . 10.8.0.3 . tcp . ${100 + turn}`);
    expect(await listeners()).toContain(`:${9000 + turn} `);
    await stack.preview("--expect-no-changes");
});

/** A peer, an element and a listener that no program declared. */
async function intrude(): Promise<void> {
    // It would take the element away first.
    await pauseWatcher(relay, stack.place("run"));
    await relay.run(["wg", "set", device, "peer", rogue!.publicKey, "allowed-ips", "10.8.0.99/32"]);
    await relay.run(["nft", "add", "element", "inet", table, "acl4", "{ 10.8.0.99 . 10.8.0.1 . tcp . 22 }"]);
    const socket = join(stack.place("run"), "admin.sock");
    const server = JSON.stringify({ listen: ["10.8.0.1:9999"] });
    const at = "http://localhost/config/apps/http/servers/strange";
    const json = ["-H", "Content-Type: application/json"];
    await relay.run(["curl", "-sSf", "--unix-socket", socket, "-X", "PUT", ...json, "-d", server, at]);
    expect(await listeners()).toContain(":9999 ");
}

async function expectNobody(): Promise<void> {
    expect(await relay.run(["wg", "show", device, "peers"])).not.toContain(rogue!.publicKey);
    expect(await elements()).not.toContain("10.8.0.99");
    expect(await listeners()).not.toContain(":9999 ");
}

it("removes what was added by hand with the next apply, whatever that changes, and with `pulumi up --refresh`", async () => {
    await intrude();
    const { grants = [] } = stack.declared;
    stack.declare({ grants: [...grants, { from: "bob", to: "alice", ports: ["icmp"] }] });
    await stack.up();
    await expectNobody();
    const overwritten = stack.log().flatMap(({ action, message }) => (action === "drift_overwritten" ? [message] : []));
    expect(overwritten).toEqual(
        expect.arrayContaining([
            expect.stringContaining(`(${rogue!.publicKey}) was configured on the interface`),
            "acl4 10.8.0.99 . 10.8.0.1 . tcp . 22 was in the firewall's sets but not in the relay's record, and was removed",
            "the proxy served something that is not in the relay's record; its configuration was loaded again",
        ]),
    );
    await intrude();
    await stack.up("--refresh");
    await expectNobody();
    await stack.preview("--expect-no-changes");
});

it("writes nothing into a log that was set back together with the state, once the relay says so", async () => {
    const kept = join(lab.folder, "kept");
    const parts = ["audit", "backend", "config"].filter((name) => existsSync(join(stack.folder, name)));
    for (const name of parts) cpSync(join(stack.folder, name), join(kept, name), { recursive: true });
    const { grants = [] } = stack.declared;
    stack.declare({ grants: grants.slice(0, -1) });
    await stack.up();
    for (const name of parts) {
        rmSync(join(stack.folder, name), { recursive: true });
        cpSync(join(kept, name), join(stack.folder, name), { recursive: true });
    }
    const before = readFileSync(stack.logFile, "utf8");
    const { peers } = stack.declared;
    stack.declare({ peers: [...peers, { name: "late", publicKey: withKeys("late")[0]!.publicKey }] });
    expect(reasons(await stack.fail(UP))).toEqual([expect.stringContaining("the relay's last change is record")]);
    expect(readFileSync(stack.logFile, "utf8")).toBe(before);
});
