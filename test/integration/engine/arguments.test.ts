import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { reasons, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

/** Arguments that other resources supply: unknown in the preview that creates these, and checked when they are known. */
const peers = withKeys("alice", "bob").map(({ name, publicKey }) => ({ name, publicKey }));
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;

beforeAll(async () => {
    lab = await Lab.create("arguments");
    relay = lab.node("relay");
    stack = await Stack.create({ namespace: relay.namespace, interface: lab.interface("relay"), peers });
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

function grant(ports: unknown): void {
    const grants = [{ from: "alice", to: "bob", ports: [ports, "tcp/22"] }] as never;
    stack.declare({ grants });
}

it("previews what is known, says what is not, and applies all of it", async () => {
    stack.declare({ dns: [{ unknown: "9.9.9.9" }], keepalive: { unknown: 15 }, endpoint: { unknown: "192.0.2.7" } });
    grant({ unknown: "tcp/8080" });
    const said = spoken(await stack.preview());
    expect(said).toContain("relay: alice will be added at 10.8.0.2");
    expect(said).toContain(
        "relay: the access rules are not known before the update: other resources supply values in them",
    );
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    expect(configs["alice"]).toMatch(/^DNS = 9\.9\.9\.9$/m);
    expect(configs["alice"]).toMatch(/^Endpoint = 192\.0\.2\.7:51820$/m);
    const ruleset = await relay.run(["nft", "list", "ruleset"]);
    expect(ruleset).toMatch(/10\.8\.0\.2 \. 10\.8\.0\.3 \. tcp \. 8080/);
    await stack.preview("--expect-no-changes");
});

it("says nothing of rules that stay as they were, and keeps them while another peer goes", async () => {
    stack.declare({ peers: [...peers, ...withKeys("carol").map(({ name, publicKey }) => ({ name, publicKey }))] });
    await stack.up();
    stack.declare({ peers });
    await stack.up();
    expect(await relay.run(["nft", "list", "ruleset"])).toMatch(/10\.8\.0\.2 \. 10\.8\.0\.3 \. tcp \. 8080/);
    await stack.preview("--expect-no-changes");
});

it("refuses a value that turns out to be invalid, by its argument", async () => {
    grant({ output: "8080" });
    expect(reasons(await stack.fail(["preview"])).join("\n")).toContain(
        'grants[0].ports[0]: "8080" is not a port, a range or a protocol; add the protocol: "tcp/8080" or "udp/8080"',
    );
});
