import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { qpTunnel } from "../../lab/command.js";
import { Stack } from "../../lab/stack.js";
import { reasons, withKeys } from "./fixtures.js";

// What a program expects of its own access rules, and what qp-tunnel says of them, beside what the relay really lets through.

jest.setTimeout(300_000);

const team = withKeys("alice", "bob");
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode, alice: LabNode, bob: LabNode;
const heard: Server[] = [];

beforeAll(async () => {
    lab = await Lab.create("access");
    [relay, alice, bob] = [lab.node("relay"), lab.node("alice"), lab.node("bob")];
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        endpoint: `${relay.place.wan}:51820`,
        peers: team.map(({ name, publicKey }) => ({ name, publicKey })),
        grants: [{ from: ["alice"], to: "bob", ports: ["udp/7"] }],
        expect: [{ from: ["alice"], allow: ["bob:udp/7"], deny: ["bob:udp/9"] }],
    });
});

afterAll(async () => {
    for (const server of heard) await server.stop();
    lab?.close();
    stack?.close();
});

it("applies nothing while an expectation does not hold, in a preview and without one", async () => {
    const { grants } = stack.declared;
    stack.declare({ grants: [{ from: ["alice"], to: "bob", ports: ["udp/7-9"] }] });
    const refused = [
        "relay relay.expect[0].deny[0]: alice is allowed to reach bob:udp/9: bob udp/7-9 by grants[0]; narrow grants[0], or correct the expectation",
    ];
    expect(reasons(await stack.fail(["preview"]))).toStrictEqual(refused);
    expect(reasons(await stack.fail(["up", "--yes", "--skip-preview"]))).toStrictEqual(refused);
    const { stdout } = await stack.succeed(["stack", "export"]);
    expect(stdout).not.toMatch(/qptunnel:index:(?:Relay|Registry|Host)"/);
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
    stack.declare({ grants: grants ?? [] });
});

it("says what the relay lets through, and nothing else", async () => {
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    for (const node of [alice, bob]) {
        const { privateKey } = team.find(({ name }) => name === node.name)!;
        await node.wgQuickUp(configs[node.name]!, lab.interface(node.name), privateKey);
    }
    for (const port of [7, 9]) heard.push(await bob.udpEcho(port));
    const said = async (port: number): Promise<number | null> =>
        (await qpTunnel(stack, ["access", "--from", "alice", "--to", `bob:udp/${port}`])).code;
    expect(await said(7)).toBe(0);
    await (await alice.probe("10.8.0.3", 7, 100, 20_000)).stop();
    expect(await said(9)).toBe(1);
    await expect(alice.probe("10.8.0.3", 9, 100, 2000)).rejects.toThrow("no answer from 10.8.0.3 port 9");
    const { stdout } = await qpTunnel(stack, ["access", "--json"]);
    expect(JSON.parse(stdout)).toEqual({
        relays: [{ relay: "relay", rights: [{ from: "alice", to: "bob", ports: "udp/7", by: "grants[0]" }] }],
    });
});

it("compares two exports", async () => {
    await stack.succeed(["stack", "export", "--file", "old.json"]);
    stack.declare({ grants: [{ from: ["bob"], to: "alice", ports: ["icmp"] }], expect: [] });
    await stack.up();
    await stack.succeed(["stack", "export", "--file", "new.json"]);
    expect((await qpTunnel(stack, ["access", "--diff", "old.json", "new.json"])).stdout).toBe(
        [
            "- relay: alice is no longer allowed to reach bob udp/7 (grants[0])",
            "+ relay: bob is now allowed to reach alice icmp (grants[0])",
            "",
        ].join("\n"),
    );
});
