import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { livePeers, reasons } from "./fixtures.js";

jest.setTimeout(300_000);

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;

const alice = { name: "alice" };
const bob = { name: "bob" };

async function keyOf(address: string): Promise<string | undefined> {
    return (await livePeers(relay, stack.declared.interface)).get(`${address}/32`)?.publicKey;
}

beforeAll(async () => {
    lab = await Lab.create("formerkeys");
    relay = lab.node("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        keyOverlap: 0,
        peers: [alice, bob, { name: "gen" }],
    });
    await stack.up();
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("a peer with a generated key that is renamed with an alias keeps key and address", async () => {
    const key = await keyOf("10.8.0.4");
    expect(key).toBeDefined();
    stack.declare({ peers: [alice, bob, { name: "gen2", formerly: "gen" }] });
    const { words } = await stack.plan();
    expect(words["relay-registry"]).toContain("relay: gen2 has the key of gen and keeps the address");
    expect(words["relay-wireguard"]).toContainEqual(
        expect.stringContaining("gen is now called gen2 and keeps 10.8.0.4"),
    );
    await stack.up();
    expect(await keyOf("10.8.0.4")).toBe(key);
});

it("a generated key that was replaced or cut off is refused under another name, until the program says reinstate", async () => {
    const first = (await keyOf("10.8.0.3"))!;
    const bob2 = { name: "bob", keyEpoch: 2 };
    const gen = { name: "gen2", formerly: "gen" };
    stack.declare({ peers: [alice, bob2, gen] });
    await stack.up();
    const second = (await keyOf("10.8.0.3"))!;
    expect(second).not.toBe(first);

    const refusal = (when: string): string =>
        `peers.mallory.publicKey: was revoked ${when}; give a new key, or set reinstate: true if this one is to be trusted again`;
    const admitted = (peer: object): { name: string }[] => [alice, gen, { name: "mallory", ...peer }];
    stack.declare({ peers: [...admitted({ publicKey: first }), bob2] });
    expect(reasons(await stack.fail(["preview"])).join()).toContain(refusal("earlier"));

    stack.declare({ peers: [alice, gen] });
    await stack.up();
    for (const [publicKey, when] of [
        [first, "earlier"],
        [second, 'when "bob" was removed'],
    ] as const) {
        stack.declare({ peers: admitted({ publicKey }) });
        expect(reasons(await stack.fail(["preview"])).join()).toContain(refusal(when));
    }
    stack.declare({ peers: admitted({ publicKey: first, reinstate: true }) });
    await stack.up();
    expect(
        [...(await livePeers(relay, stack.declared.interface)).values()].map(({ publicKey }) => publicKey),
    ).toContain(first);
    await stack.preview("--expect-no-changes");
});

it("a replaced key that still works goes on working where the relay moves to", async () => {
    const overlap = async (): Promise<string[]> => {
        const { interface: device } = stack.declared;
        const [moving = ""] = (await relay.run(["cat", join(stack.place("etc"), "moving")])).trim().split("\n");
        const onWire = (await relay.run(["wg", "show", device, "allowed-ips"])).split("\n");
        const presharedKeys = (await relay.run(["wg", "show", device, "preshared-keys"])).split("\n");
        const of = (lines: string[], key = ""): string => lines.find((line) => line.startsWith(key)) ?? "";
        const [newest, former] = moving.split("\t");
        expect(await relay.run(["ls", stack.place("etc")])).not.toContain("carried");
        return [moving, of(onWire, newest), of(onWire, former), of(presharedKeys, former)];
    };
    stack.declare({ keyOverlap: 86_400, peers: [{ name: "alice", keyEpoch: 2 }] });
    await stack.up();
    const before = await overlap();
    expect(before[1]).toMatch(/\(none\)$/);
    expect(before[2]).toMatch(/10\.8\.0\.2\/32$/);
    expect(before[3]).toMatch(/=$/);

    stack.declare({ interface: lab.interface("moved") });
    await stack.up();
    expect(await overlap()).toStrictEqual(before);
    await stack.preview("--expect-no-changes");
});
