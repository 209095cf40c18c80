import { readdirSync } from "node:fs";
import { Lab, type LabNode, type Server } from "../../lab/index.js";
import { type Declared, Stack } from "../../lab/stack.js";

jest.setTimeout(300_000);

/** Two sites, each with a machine in between; alice is nobody's to manage. */
const SITES = {
    relay: { wan: "198.51.100.2" },
    alice: { wan: "198.51.100.11" },
    north: { wan: "198.51.100.21", lan: "192.168.50.1" },
    south: { wan: "198.51.100.22", lan: "192.168.60.1" },
    printer: { lan: "192.168.50.10" },
    archive: { lan: "192.168.60.10" },
};
const [NORTH, SOUTH] = ["10.8.0.3", "10.8.0.4"];

let lab: Lab<keyof typeof SITES>;
let stack: Stack;
let relay: LabNode, alice: LabNode, north: LabNode, south: LabNode;
const servers: Server[] = [];

beforeAll(async () => {
    lab = await Lab.create("managed", SITES);
    [relay, alice, north, south] = (["relay", "alice", "north", "south"] as const).map((name) => lab.node(name)) as [
        LabNode,
        LabNode,
        LabNode,
        LabNode,
    ];
    servers.push(await south.httpServer(80, "of the south"), await south.httpServer(81, "not for everybody"));
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers: [{ name: "alice" }, site("north"), site("south")],
        grants: [
            { from: "north", to: "south", ports: ["tcp/80"] },
            { from: "alice", to: "north", ports: ["icmp"] },
        ],
    });
});

afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    lab?.close();
    stack?.close();
});

function site(name: "north" | "south", more: Record<string, unknown> = {}): Declared["peers"][number] {
    return { name, host: { namespace: lab.node(name).namespace }, interface: lab.interface(name), ...more };
}

it("comes up with the relay, reaches what it is granted and lets in nothing else", async () => {
    const text = await stack.preview();
    expect(text).toContain(`relay/north: ${lab.interface("north")} connects to the relay`);
    await stack.up();
    expect(await north.tcp(SOUTH, 80)).toBe("open");
    expect(await north.tcp(SOUTH, 81)).toBe("timeout");
    expect(await south.tcp(NORTH, 80)).toBe("timeout");
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await alice.wgQuickUp(configs["alice"]!, lab.interface("alice"));
    expect(await alice.ping(NORTH)).toBe(true);
    expect(await alice.ping(SOUTH)).toBe(false);
    await stack.preview("--expect-no-changes");
    await stack.refresh("--expect-no-changes");
});

it("is not there any more when it leaves the program", async () => {
    stack.declare({ peers: [{ name: "alice" }, site("south")], grants: [] });
    await stack.up();
    await leftNothing(north);
    await stack.preview("--expect-no-changes");
    await stack.destroy();
    for (const node of [relay, south]) await leftNothing(node);
});

async function leftNothing(node: LabNode): Promise<void> {
    expect(await node.run(["ip", "-o", "link"])).not.toContain(lab.interface(node.name));
    expect(await node.run(["nft", "list", "ruleset"])).toBe("");
    const left = ["/etc", "/run", "/run/wireguard"].flatMap((folder) =>
        readdirSync(folder).filter((name) => name.includes(lab.interface(node.name))),
    );
    expect(left).toStrictEqual([]);
}
