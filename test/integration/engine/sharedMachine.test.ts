import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { spoken, withKeys } from "./fixtures.js";

// Two relays on one machine, both with the network behind it: each table leaves the other relay's packets to the other's table.

jest.setTimeout(300_000);

const LAN = "192.168.50.0/24";
const LANHOST = "192.168.50.10";
const PORT = 5353;
const team = withKeys("alice", "bob");

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode;
const stacks: Stack[] = [];

beforeAll(async () => {
    lab = await Lab.create("shared");
    relay = lab.node("relay");
    await lab.node("lanhost").udpEcho(PORT, LANHOST);
    await lab.node("outside").routeTo(LAN, "198.51.100.2");
    for (const [index, { name, publicKey }] of team.entries()) {
        const stack = await Stack.create({
            namespace: relay.namespace,
            interface: lab.interface(`relay${index}`),
            listenPort: 51_820 + index,
            subnet: `10.${8 + index}.0.0/24`,
            peers: [{ name, publicKey }],
            routes: [LAN],
            grants: [{ from: name, to: { network: LAN }, ports: [`udp/${PORT}`] }],
        });
        stacks.push(stack);
        await stack.up();
    }
});

afterAll(() => {
    lab?.close();
    for (const stack of stacks) stack.close();
});

test("peers of both reach the network, and no other host does", async () => {
    for (const [index, { name, privateKey }] of team.entries()) {
        const { configs } = await stacks[index]!.outputs<{ configs: Record<string, string> }>();
        await lab.node(name as "alice" | "bob").wgQuickUp(configs[name]!, lab.interface(name), privateKey);
    }
    await expectReached("alice", "bob");
    // A host that has no part in either tunnel.
    expect(await lab.node("outside").udp(LANHOST, PORT, { timeout: 700 })).not.toBe("open");
    // Nor is anybody let into the other's tunnel, where somebody would answer.
    await lab.node("bob").udpEcho(PORT);
    await lab.node("alice").routeTo("10.9.0.0/24", "198.51.100.2");
    expect(await lab.node("alice").udp("10.9.0.2", PORT, { timeout: 700 })).toBe("timeout");
});

test("an interface that is not in the relays' link group any more is named, and put back", async () => {
    const device = lab.interface("relay0");
    await relay.run(["ip", "link", "set", "dev", device, "group", "0"]);
    expect(await lab.node("alice").udp(LANHOST, PORT, { timeout: 700 })).toBe("timeout");
    expect(spoken(await stacks[0]!.refresh())).toEqual([
        "relay: the link group of the interface is default instead of 29047: other relays on this machine drop what it forwards; `pulumi up --refresh` restores it",
    ]);
    await stacks[0]!.up();
    await expectReached("alice", "bob");
    for (const stack of stacks) await stack.refresh("--expect-no-changes");
});

test("one that goes takes nothing from the other", async () => {
    await stacks[0]!.destroy();
    await expectReached("bob");
    expect(await lab.node("outside").udp(LANHOST, PORT, { timeout: 700 })).not.toBe("open");
});

/** As soon as the tunnel is there. */
async function expectReached(...names: ("alice" | "bob")[]): Promise<void> {
    for (const name of names) {
        const node = lab.node(name);
        const until = Date.now() + 60_000;
        while (!(await node.ping(name === "alice" ? "10.8.0.1" : "10.9.0.1")) && Date.now() < until);
        expect(await node.udp(LANHOST, PORT)).toBe("open");
    }
}
