import fc from "fast-check";

import { parseTable, type ParsedTable } from "../../../core/nftables/index.js";
import { tableName } from "../../../core/names.js";
import type { Ledger, Ports } from "../../../core/registry/model.js";
import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { Stack, type Declared } from "../../lab/stack.js";
import { applied, independent, type Edit } from "../../unit/providers/resources/edits.js";
import {
    keyOf,
    ledgerOf,
    sentencesBetween,
    type ListedPeer,
    type Program,
} from "../../unit/providers/resources/programs.js";
import { factsIn, isSaid, peersIn, rightsIn } from "../../unit/providers/resources/said.js";
import { connect, spoken, withKeys } from "./fixtures.js";

// Several changes at once: what the preview says is what each of them would say alone, and what happens on the wire.

const SLOW = process.env["SLOW"] === "1";
/**
 * The same changes each time, so what fails can be run again; SLOW=1 tries many sets, SEED others, STEPS more or fewer of them.
 */
const STEPS = Number(process.env["STEPS"] ?? (SLOW ? 20 : 2));
const SEED = Number(process.env["SEED"] ?? 20261129);

jest.setTimeout(SLOW ? 7_200_000 : 1_200_000);

const people = withKeys("alice", "bob", "carol");
const publicKeyOf = (name: string): string => people.find((each) => each.name === name)?.publicKey ?? keyOf(name);
const PROBED = { from: "alice", to: "bob", ports: { protocol: "udp", first: 7, last: 7 } as const };
const SSH = { protocol: "tcp", first: 22, last: 22 } as const;

/** Alice and bob stay as they are, and see what becomes of who is not concerned. */
const BASE: Program = {
    namespace: "here",
    interface: "wg0",
    appName: "corp",
    subnet: "10.8.0.0/24",
    listenPort: 51820,
    mtu: 1420,
    keyOverlap: 0,
    routes: [],
    peers: Object.fromEntries(
        ["alice", "bob", "carol", "dora", "erin", "nas"].map((name): [string, ListedPeer] => [
            name,
            { publicKey: publicKeyOf(name), ...(name === "dora" ? { routes: ["192.168.7.0/24"] } : {}) },
        ]),
    ),
    services: {
        wiki: { upstream: { peer: "nas", port: 3000 }, allow: ["carol", "erin"], keyExchange: "require" },
        git: { upstream: "127.0.0.1:4000", allow: ["alice", "carol"], keyExchange: "require" },
    },
    grants: [
        PROBED,
        { from: "carol", to: "bob", ports: SSH },
        { from: "dora", to: "erin", ports: { protocol: "all" } },
    ],
    now: new Date().toISOString(),
};

/** What would need another machine, other files for alice and bob, a network that is not there, or time. */
const LEFT_OUT = new Set(["namespace", "listenPort", "routes", "subnet", "subnet6", "time"]);
/** After these everybody has to shake hands again: one of them is enough, at the end. */
const MOVES = new Set(["interface", "appName"]);

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode, alice: LabNode, bob: LabNode, carol: LabNode;
const servers: Server[] = [];
let now = BASE;

beforeAll(async () => {
    lab = await Lab.create("combined");
    [relay, alice, bob, carol] = (["relay", "alice", "bob", "carol"] as const).map((name) => lab.node(name)) as [
        LabNode,
        LabNode,
        LabNode,
        LabNode,
    ];
    servers.push(await bob.udpEcho(7), await bob.httpServer(22, "bob's"));
    stack = await Stack.create({ namespace: relay.namespace, ...declaredOf(BASE) });
    // Twenty in a row beside other programs: each has its time.
    stack.timeout = 300_000;
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await connect(lab, configs, people, ["alice", "bob", "carol"]);
});

afterAll(async () => {
    await stack?.destroy().catch(() => undefined);
    await Promise.all(servers.map((server) => server.stop()));
    lab?.close();
    stack?.close();
});

it("says in a preview of several changes what each says alone, and what then happens on the wire", async () => {
    let done = 0;
    for (const edits of fc.sample(independent, { seed: SEED, numRuns: STEPS * 20 })) {
        if (done === STEPS) break;
        const then = await ledger();
        const kept = edits.filter((edit) => isFit(edit, then, done === STEPS - 1));
        if (kept.length < 2 || !isTaken(kept, then)) continue;
        done++;
        await check(kept, then);
    }
    expect(done).toBe(STEPS);
});

async function check(edits: Edit[], then: Ledger): Promise<void> {
    const [before, after] = [now, applied(now, edits)];
    const wireBefore = await wire(before, then);
    const probe = await alice.probe("10.8.0.3", 7, 200, 30_000);
    stack.declare(declaredOf(after));
    const { text } = await stack.succeed(["up", "--yes"]);
    now = after;
    await probe.answers(1);
    const { lost } = await probe.stop();
    const said = spoken(text);
    const what = edits.map(({ label }) => label).join(", ");

    // What each change says alone.
    const facts = new Set(said.flatMap(factsIn));
    for (const edit of edits) {
        const alone = (await sentencesBetween(before, applied(before, [edit]), then)).flatMap(factsIn);
        expect({ what, of: edit.label, missing: alone.filter((fact) => !isSaid(fact, facts)) }).toEqual({
            ...{ what, of: edit.label, missing: [] },
        });
    }

    // Who is connected, with which key and addresses.
    const ledgerNow = await ledger();
    const wireNow = await wire(after, ledgerNow);
    const [olds, news] = [wireBefore.peers, wireNow.peers];
    const told = peersIn(said);
    const cut = [...olds].filter(([key]) => !news.has(key)).map(([, { name }]) => name);
    const added = [...news].filter(([key]) => !olds.has(key)).map(([, { name }]) => name);
    const moved = [...news].filter(([key, { routed }]) => olds.has(key) && olds.get(key)!.routed !== routed);
    expect({ what, cut: cut.sort() }).toEqual({ what, cut: [...told.cut, ...told.rekeyed].sort() });
    expect({ what, added: added.sort() }).toEqual({ what, added: [...told.added, ...told.rekeyed].sort() });
    const otherwise = new Set([...told.readdressed, ...told.rerouted].filter((name) => !added.includes(name)));
    expect({ what, moved: moved.map(([, { name }]) => name).sort() }).toEqual({ what, moved: [...otherwise].sort() });

    // Who is allowed what, in the kernel.
    expect({ what, ...rightsIn(said) }).toEqual({
        what,
        gained: [...wireNow.rights].filter((right) => !wireBefore.rights.has(right)).sort(),
        lost: [...wireBefore.rights].filter((right) => !wireNow.rights.has(right)).sort(),
    });

    // And with packets.
    const isInterrupted = said.some((sentence) => /every peer is interrupted/.test(sentence));
    if (!isInterrupted) expect({ what, lost }).toEqual({ what, lost: 0 });
    const same = JSON.stringify(after.peers["carol"]) === JSON.stringify(BASE.peers["carol"]);
    const unmoved = same && ledgerNow.peers["carol"]?.address === "10.8.0.4" && !isInterrupted;
    for (const [node, knows] of [[alice, true] as const, [carol, unmoved] as const]) {
        if (!knows) continue;
        const may = (to: string, port: number): boolean =>
            wireNow.rights.has(`${node.name} ${to} tcp/${port}`) || wireNow.rights.has(`${node.name} ${to} all`);
        const ports = Object.values(ledgerNow.services).map(({ port }): [string, number] => ["10.8.0.1", port]);
        for (const [to, port] of [["10.8.0.3", 22] as [string, number], ...ports]) {
            const open = (await node.tcp(to, port)) === "open";
            expect({ what, who: node.name, to, port, open }).toEqual({
                ...{ what, who: node.name, to, port, open: may(to, port) },
            });
        }
    }
}

/** Whether a change leaves those alone who look on, and can be carried out here. */
function isFit(edit: Edit, then: Ledger, last: boolean): boolean {
    if (LEFT_OUT.has(edit.label) || (MOVES.has(edit.label) && !last)) return false;
    const next = applied(now, [edit]);
    const untouched = (["alice", "bob"] as const).every((name) => next.peers[name] === now.peers[name]);
    return untouched && next.grants.includes(PROBED) && next !== now && isTaken([edit], then);
}

/** Whether the registry takes the changes: a revoked key may not come back. */
function isTaken(edits: Edit[], then: Ledger): boolean {
    try {
        const next = ledgerOf(applied(now, edits), then);
        return ["alice", "bob"].every((name) => next.peers[name]?.address === then.peers[name]?.address);
    } catch (error) {
        if (error instanceof fc.PreconditionFailure) return false;
        throw error;
    }
}

async function ledger(): Promise<Ledger> {
    const { outputs } = (await stack.state())["relay-registry"]!;
    return outputs as unknown as Ledger;
}

interface Wire {
    /** By public key. */
    peers: Map<string, { name: string; routed: string }>;
    /** As sentences have them: "alice 10.8.0.3 tcp/22". */
    rights: Set<string>;
}

/** What the kernel has. */
async function wire(program: Program, { peers }: Ledger): Promise<Wire> {
    const device = lab.interface(program.interface);
    const dump = (await relay.run(["wg", "show", device, "dump"])).trim().split("\n").slice(1);
    const names = new Map(Object.keys(peers).map((name) => [program.peers[name]!.publicKey, name]));
    const table = await relay.run([
        "nft",
        "-j",
        "list",
        "table",
        "inet",
        tableName({ appName: program.appName, interface: device }),
    ]);
    return {
        peers: new Map(
            dump.map((line) => {
                const [key = "", , , routed = ""] = line.split("\t");
                return [key, { name: names.get(key) ?? `unknown ${key}`, routed: routed.split(",").sort().join() }];
            }),
        ),
        rights: rightsOn(parseTable(JSON.parse(table))!, peers),
    };
}

function rightsOn({ sets }: ParsedTable, peers: Ledger["peers"]): Set<string> {
    const names = new Map(Object.entries(peers).map(([name, { address }]) => [address, name]));
    const who = (address: string): string =>
        address === "10.8.0.1" ? "the relay's proxy" : (names.get(address) ?? `unknown ${address}`);
    return new Set(
        (["acl4", "any4", "ping4"] as const).flatMap((set) =>
            (sets[set] ?? []).map((element) => {
                const [from = "", to = "", protocol = set === "any4" ? "all" : "icmp", port] = element.split(" . ");
                return `${who(from)} ${to} ${protocol}${port === undefined ? "" : `/${port}`}`;
            }),
        ),
    );
}

/** The program as the laboratory's stack declares it. */
function declaredOf(program: Program): Declared {
    const { mtu, keyOverlap, appName, peers, services, grants } = program;
    return {
        interface: lab.interface(program.interface),
        mtu,
        keyOverlap,
        appName,
        peers: Object.entries(peers).map(([name, peer]) => ({ name, ...peer })),
        services: Object.entries(services).map(([name, service]) => ({ name, ...service })),
        grants: grants.map(({ from, to, ports }) => ({ from: [from], to, ports: [portsOf(ports)] })),
    };
}

function portsOf({ protocol, first }: Ports): string {
    return first === undefined ? protocol : `${protocol}/${first}`;
}
