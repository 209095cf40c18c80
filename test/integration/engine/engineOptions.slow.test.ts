import { existsSync } from "node:fs";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack, nameOf } from "../../lab/stack.js";
import { livePeers, reasons, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

/** Options of the engine that go around the program: what they leave out is said. */
const [alice, dave] = withKeys("alice", "dave").map(({ name, publicKey }) => ({ name, publicKey }));
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let urns: Record<string, string>;

beforeAll(async () => {
    lab = await Lab.create("options");
    relay = lab.node("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers: [alice!, { name: "nas" }],
    });
    await stack.up();
    urns = Object.fromEntries(Object.entries(await stack.state()).map(([name, { urn }]) => [name, urn]));
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

async function addresses(): Promise<string[]> {
    return [...(await livePeers(relay, stack.declared.interface)).keys()];
}

it("says of an update of one resource what it leaves out, and the remedy that it names does it", async () => {
    stack.declare({ peers: [alice!, { name: "nas" }, dave!] });
    const refused = reasons(await stack.fail(["preview", "--target", urns["relay-wireguard"]!])).join("\n");
    expect(refused).toContain(
        "peers.dave: the registry does not know it yet, and this update leaves it out; target the whole relay (the Relay itself, and a new Peer besides, with `--target-dependents`), or update without `--target`",
    );
    const whole = ["--target", urns["relay"]!, "--target-dependents"];
    expect(spoken(await stack.preview(...whole))).toContain("relay: dave will be added at 10.8.0.4");
    await stack.up(...whole);
    expect(await addresses()).toContain("10.8.0.4/32");
    await stack.preview("--expect-no-changes");
});

it("needs a new peer's own target where its key is generated, as is said too", async () => {
    stack.declare({ peers: [alice!, { name: "nas" }, dave!, { name: "cam" }] });
    const whole = ["--target", urns["relay"]!, "--target-dependents"];
    // The engine's own words.
    expect(await stack.fail(["preview", ...whole])).toMatch(/depends on '[^']*::cam-key' which was/);
    const besides = [...whole, "--target", urns["relay"]!.replace(/Relay::relay$/, "Peer::cam")];
    expect(spoken(await stack.preview(...besides))).toContain("relay: cam will be added at 10.8.0.5");
    await stack.up(...besides);
    expect(await addresses()).toContain("10.8.0.5/32");
    await stack.preview("--expect-no-changes");
});

it("says and records that a relay stays on its machine when the program lets it go", async () => {
    const words =
        "relay: stays on its machine when it is removed from the program, with its peers connected, because of `retainOnDelete`: nothing will be removed or recorded then";
    stack.declare({ retainOnDelete: true });
    expect(spoken(await stack.preview())).toContain(words);
    await stack.up();
    expect(stack.log().findLast(({ action }) => action === "relay_retain")).toMatchObject({
        status: "success",
        details: { relay: "relay", retained: true },
    });
    await stack.preview("--expect-no-changes");

    stack.declare({ retainOnDelete: undefined });
    expect(spoken(await stack.preview())).toContain(
        "relay: will be removed from its machine when it is removed from the program: `retainOnDelete` is no longer set",
    );
    stack.declare({ retainOnDelete: true });
    await stack.preview("--expect-no-changes");

    const before = await addresses();
    const lines = stack.log().length;
    stack.file("index.js", "");
    await stack.up();
    const left = Object.values(await stack.state()).filter(({ urn }) => nameOf(urn).startsWith("relay"));
    expect(left).toEqual([]);
    expect(await addresses()).toEqual(before);
    expect(existsSync(stack.place("etc"))).toBe(true);
    expect(stack.log()).toHaveLength(lines);
});

it("keeps a relay in a component that is let go, which the engine passes down and the library does not see", async () => {
    const carol = lab.node("carol");
    const office = await Stack.create({
        namespace: carol.namespace,
        interface: lab.interface("office"),
        peers: [alice!, { name: "nas" }],
        parentName: "office",
        parentRetains: true,
    });
    try {
        const peers = async (): Promise<string[]> => [...(await livePeers(carol, office.declared.interface)).keys()];
        await office.up();
        const before = await peers();
        expect(before).toHaveLength(2);
        expect(office.log().some(({ action }) => action === "relay_retain")).toBe(false);
        const lines = office.log().length;
        office.file("index.js", "");
        // The engine says that it deletes what it only forgets, and the plugin is not asked.
        expect(spoken(await office.preview())).not.toContain("retainOnDelete");
        await office.up();
        expect(Object.values(await office.state()).filter(({ urn }) => urn.includes("qptunnel:index:Relay"))).toEqual(
            [],
        );
        expect(await peers()).toEqual(before);
        expect(existsSync(office.place("etc"))).toBe(true);
        expect(office.log()).toHaveLength(lines);
    } finally {
        office.close();
    }
});
