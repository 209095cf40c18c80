import { existsSync } from "node:fs";

import { tableName } from "../../../core/names.js";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { livePeers, reasons, spoken, withKeys } from "./fixtures.js";

// A move that is refused on its way, and the way back: the relay is where it was, and nothing is left where it was going.

jest.setTimeout(900_000);

const alice = withKeys("alice").map(({ name, publicKey }) => ({ name, publicKey }))[0]!;

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let here: LabNode, there: LabNode;
let device: string, other: string;

beforeAll(async () => {
    lab = await Lab.create("back");
    [here, there] = [lab.node("relay"), lab.node("outside")];
    // An address that no program knows of: only the machine refuses a route over it.
    for (const node of [here, there]) await node.run(["ip", "address", "add", "192.168.77.1/24", "dev", "wan"]);
    [device, other] = [lab.interface("relay"), lab.interface("other")];
    stack = await Stack.create({ namespace: here.namespace, interface: device, peers: [alice] });
    stack.timeout = 300_000;
    await stack.up();
    await stack.preview("--expect-no-changes");
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it.each<[string, () => { namespace?: string; interface?: string }, () => string]>([
    [
        "another interface",
        () => ({ interface: other }),
        () =>
            `relay: interface ${device} is set up again, with the same keys and addresses: a move to another place was interrupted`,
    ],
    [
        "another machine",
        () => ({ namespace: there.namespace }),
        () => "relay: this is a different machine: it is set up from scratch with the same keys and addresses",
    ],
])("comes back from its way to %s, and leaves nothing there", async (_what, place, said) => {
    await refusedOnTheWayTo(place());
    // What is still to come is said again.
    expect(spoken(await stack.preview())).toEqual(
        expect.arrayContaining([
            expect.stringMatching(/^relay: interface \S+ .*is (replaced|created)/),
            expect.stringMatching(/^relay: alice routes 192\.168\.77\.0\/24 from now on/),
        ]),
    );

    back();
    expect(spoken(await stack.preview())).toContain(said());
    await stack.up();
    expect([...(await livePeers(here, device)).values()].map(({ publicKey }) => publicKey)).toEqual([alice.publicKey]);
    expect(await left()).toEqual([]);
    await stack.refresh("--expect-no-changes");
    await stack.preview("--expect-no-changes");
});

it("leaves nothing anywhere when it is destroyed on its way", async () => {
    await refusedOnTheWayTo({ namespace: there.namespace });
    await stack.destroy();
    back();
    expect(await left()).toEqual([]);
    expect(await placesOf(here, [device])).toEqual([]);
});

async function refusedOnTheWayTo(place: { namespace?: string; interface?: string }): Promise<void> {
    stack.declare({ ...place, peers: [{ ...alice, routes: ["192.168.77.0/24"] }] });
    expect(reasons(await stack.fail(["up", "--yes", "--skip-preview"])).join()).toContain(
        "peers.alice.routes: 192.168.77.0/24 contains 192.168.77.1, the relay's own address",
    );
    expect(await left()).not.toEqual([]);
}

function back(): void {
    stack.declare({ namespace: here.namespace, interface: device, peers: [alice] });
}

/** What there is of a relay where it was going. */
async function left(): Promise<string[]> {
    return [...(await placesOf(here, [other])), ...(await placesOf(there, [device, other]))];
}

async function placesOf(node: LabNode, devices: string[]): Promise<string[]> {
    const links = await node.run(["ip", "-o", "link"]);
    const tables = await node.run(["nft", "list", "tables"]);
    return devices.flatMap((name) => {
        const table = tableName({ appName: "qp-tunnel", interface: name });
        const folders = ["etc", "run"].map((kind) => `/${kind}/qp-tunnel-${name}.${node.namespace}`);
        return [
            ...(links.includes(`${name}:`) ? [`interface ${name}`] : []),
            ...(tables.includes(`inet ${table}\n`) ? [`table ${table}`] : []),
            ...folders.filter((folder) => existsSync(folder)),
        ];
    });
}
