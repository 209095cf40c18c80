import { qpTunnel } from "../../lab/command.js";
import { reasons } from "./fixtures.js";
import { Pair } from "./pair.js";

// What a program expects of its own access rules, and what qp-tunnel says of them, beside what the relay really lets through.

jest.setTimeout(300_000);

let pair: Pair;

beforeAll(async () => {
    pair = await Pair.create("access", { expect: [{ from: ["alice"], allow: ["bob:udp/7"], deny: ["bob:udp/9"] }] });
});

afterAll(() => pair?.close());

it("applies nothing while an expectation does not hold, in a preview and without one", async () => {
    const { stack, relay } = pair;
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
    const { stack, alice, bob } = pair;
    await pair.up();
    await pair.hear(bob, 7, 9);
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

it("compares two exports, and an export with the preview of the same change", async () => {
    const { stack } = pair;
    await stack.succeed(["stack", "export", "--file", "old.json"]);
    stack.declare({ grants: [{ from: ["bob"], to: "alice", ports: ["icmp"] }], expect: [] });
    const { stdout: plan } = await stack.succeed(["preview", "--json", "--show-sames"]);
    stack.file("plan.json", plan);
    await stack.up();
    await stack.succeed(["stack", "export", "--file", "new.json"]);
    const diff = async (...files: string[]): Promise<string> =>
        (await qpTunnel(stack, ["access", "--diff", ...files])).stdout;
    const [gone, come] = ["alice is no longer allowed to reach bob udp/7", "bob is now allowed to reach alice icmp"];
    expect(await diff("old.json", "new.json")).toBe(`- relay: ${gone} (grants[0])\n+ relay: ${come} (grants[0])\n`);
    expect(await diff("old.json", "plan.json")).toBe(`- relay: ${gone} (grants[0])\n+ relay: ${come}\n`);
    expect(await diff("plan.json", "new.json")).toBe("no access rule differs\n");
    const { stdout: changes } = await stack.succeed(["preview", "--json"]);
    stack.file("changes.json", changes);
    const { code, stderr } = await qpTunnel(stack, ["access", "--diff", "new.json", "changes.json"]);
    expect([code, stderr]).toEqual([
        2,
        expect.stringContaining("changes.json: it leaves out what does not change") as string,
    ]);
});
