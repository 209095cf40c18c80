import { join } from "node:path";

import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack, nameOf } from "../../lab/stack.js";
import { livePeers, reasons, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

/** What the engine offers for every resource of every provider; docs/conventions.md says what it does to a relay. */
const [alice, dave, eve] = withKeys("alice", "dave", "eve").map(({ name, publicKey }) => ({ name, publicKey }));
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let urns: Record<string, string>;

beforeAll(async () => {
    lab = await Lab.create("conventions");
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

it("registers its components with their inputs, and its resources with the package's version", async () => {
    const state = await stack.state();
    expect(state["relay"]!.inputs).toMatchObject({ peers: "alice\nnas", subnet: "10.8.0.0/24", mtu: 1420 });
    expect(state["audit"]!.inputs).toMatchObject({ path: "audit/dev.jsonl" });
    const { version } = jest.requireActual<{ version: string }>("../../../package.json");
    const provider = `default_${version.replaceAll(".", "_")}`;
    expect(state[provider]!.inputs).toMatchObject({ version });
    const used = Object.values(state as Record<string, { provider?: string }>)
        .map((resource) => resource.provider ?? "")
        .filter((each) => each.includes("providers:qptunnel"));
    expect(used.length).toBeGreaterThan(8);
    expect(used.filter((each) => !each.includes(provider))).toEqual([]);
});

it("has the children that the documentation names", async () => {
    const children = Object.values(urns).filter((urn) => urn.includes("::qptunnel:index:Relay$"));
    expect(children.map(nameOf).sort()).toEqual(
        ["audit", "ca", "ca-ecdsa-p256", "firewall", "grants", "host", "key", "proxy", "registry", "seed", "wireguard"]
            .map((role) => `relay-${role}`)
            .filter((name) => name !== "relay-ca-ecdsa-p256"),
    );
    expect(urns["nas-key"]).toMatch(/qptunnel:index:Peer\$qptunnel:index:KeyPair::nas-key$/);
});

it("is kept by `protect`, of which nothing is planned and nothing recorded", async () => {
    stack.declare({ protect: true });
    await stack.preview("--expect-no-changes");
    await stack.up();
    const lines = stack.log().length;
    expect(await stack.fail(["destroy", "--yes"])).toContain("because it is protected");
    stack.declare({ protect: undefined });
    await stack.up();
    expect(await addresses()).toEqual(["10.8.0.2/32", "10.8.0.3/32"]);
    expect(stack.log()).toHaveLength(lines);
});

it("refuses a configuration of the provider, and runs with an explicit one without a change", async () => {
    stack.declare({ provider: { region: "fra1" } });
    expect(reasons(await stack.fail(["preview"]))).toEqual([
        expect.stringContaining("qptunnel:region: is not a setting, because the provider has no configuration"),
    ]);
    stack.declare({ provider: {} });
    expect(Object.keys((await stack.plan()).steps)).toEqual(["explicit"]);
    await stack.up();
    await stack.preview("--expect-no-changes");
    stack.declare({ provider: undefined });
    await stack.up();
});

it("says what a transform changes", async () => {
    stack.declare({ changed: { type: "qptunnel:index:WireGuard", inputs: { mtu: 1400 } } });
    expect(spoken(await stack.preview())).toContain(
        "relay: the relay's MTU changes from 1420 to 1400: sessions continue, and new configurations have the new value",
    );
    stack.declare({ changed: undefined });
});

it("has the sentences of a preview in its JSON, in order, and holds an update to a saved plan", async () => {
    stack.declare({ peers: [alice!, { name: "nas" }, dave!] });
    const { stdout } = await stack.succeed(["preview", "--json"]);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { urn: string; message: string; severity: string }[] };
    const said = diagnostics.filter(({ urn }) => urn === urns["relay-wireguard"]);
    expect(said.map(({ message, severity }) => [severity, message.trim()])).toEqual([
        ["info", "relay: dave will be added at 10.8.0.4"],
        ["info", "relay: no other peer is affected: 2 peers keep their key, address and session"],
    ]);
    const file = join(stack.folder, "plan.json");
    await stack.preview("--save-plan", file);
    stack.declare({ peers: [alice!, { name: "nas" }, dave!, eve!] });
    expect(await stack.fail(["up", "--yes", "--skip-preview", "--plan", file])).toContain("violates plan");
    expect(await addresses()).toHaveLength(2);
    stack.declare({ peers: [alice!, { name: "nas" }, dave!] });
    await stack.up("--plan", file);
    expect(await addresses()).toContain("10.8.0.4/32");
});

it("tells drift in a refresh that only previews, and records nothing of it", async () => {
    await relay.run(["wg", "set", stack.declared.interface, "peer", dave!.publicKey, "remove"]);
    const lines = stack.log().length;
    const before = await stack.state();
    expect(spoken((await stack.succeed(["refresh", "--preview-only"])).text)).toContain(
        "relay: dave was removed from the interface by hand; `pulumi up --refresh` adds it back",
    );
    expect(stack.log()).toHaveLength(lines);
    expect(await stack.state()).toEqual(before);
    await stack.up("--refresh");
});

it("cuts a peer off although `--exclude` leaves the interface out, and completes it with the next update", async () => {
    stack.declare({ peers: [alice!, { name: "nas" }] });
    await stack.up("--exclude", urns["relay-wireguard"]!, "--exclude-dependents");
    expect(await addresses()).not.toContain("10.8.0.4/32");
    await stack.up();
    await stack.preview("--expect-no-changes");
    expect(await addresses()).toEqual(["10.8.0.2/32", "10.8.0.3/32"]);
});

it("takes over what `state delete` removed from the state, without affecting a peer", async () => {
    const before = await livePeers(relay, stack.declared.interface);
    expect(await stack.fail(["state", "delete", urns["relay-grants"]!, "--yes"])).toContain("can't be safely deleted");
    await stack.succeed(["state", "delete", urns["relay-wireguard"]!, "--yes", "--target-dependents"]);
    const plan = await stack.plan();
    expect(
        Object.entries(plan.steps)
            .map(([name, { op }]) => `${op} ${name}`)
            .sort(),
    ).toEqual(["audit", "grants", "proxy", "wireguard"].map((role) => `create relay-${role}`));
    await stack.up();
    expect(await livePeers(relay, stack.declared.interface, before)).toStrictEqual(before);
    await stack.preview("--expect-no-changes");
});

/** What `pulumi state delete` takes away, with all that depends on it, and what the next preview says is lost. */
const DELETED: [string, string][] = [
    ["relay-seed", "the keys of this relay"],
    ["relay-key", "the relay's key"],
    ["relay-ca", "the ed25519 CA"],
    ["relay-host", "the relay's key and the ed25519 CA"],
    ["relay-registry", "the relay's key and the ed25519 CA"],
    ["nas-key", "the relay's key, the key of nas and the ed25519 CA"],
];

it.each(DELETED)("refuses to make keys anew that `state delete` of %s lost", async (name, lost) => {
    const before = await livePeers(relay, stack.declared.interface);
    const whole = join(stack.folder, "whole.json");
    await stack.succeed(["stack", "export", "--file", whole]);
    await stack.succeed(["state", "delete", urns[name]!, "--yes", "--target-dependents"]);
    const refused = `the state does not have ${lost}, and the log (line `;
    expect(reasons(await stack.fail(["preview"])).join("\n")).toContain(refused);
    // A key pair of a peer may be made while the relay is refused; it is no way around that.
    for (let time = 0; time < 2; time++)
        expect(reasons(await stack.fail(["up", "--yes", "--skip-preview"])).join("\n")).toContain(refused);
    expect(await livePeers(relay, stack.declared.interface)).toStrictEqual(before);
    await stack.succeed(["stack", "import", "--file", whole]);
    await stack.preview("--expect-no-changes");
});

it("makes a lost key anew once the program says so", async () => {
    const peers = async (): Promise<string[]> => [...(await livePeers(relay, stack.declared.interface)).keys()];
    const before = await peers();
    const { caCertificate: ca } = await stack.outputs<{ caCertificate: string }>();
    await stack.succeed(["state", "delete", urns["nas-key"]!, "--yes", "--target-dependents"]);
    const refused = reasons(await stack.fail(["preview"])).join("\n");
    stack.declare({ replaceLostKeys: /set replaceLostKeys: "([0-9a-f]{64})"/.exec(refused)![1] });
    expect(spoken(await stack.preview())).toContain(
        "relay: the relay's key, the key of nas and the ed25519 CA were lost with the state: new ones are generated; every configuration in use stops working until the new one is in use, and clients of its services must trust a new CA",
    );
    await stack.up();
    stack.declare({ replaceLostKeys: undefined });
    await stack.preview("--expect-no-changes");
    expect(await peers()).toEqual(expect.arrayContaining(before));
    expect((await stack.outputs<{ caCertificate: string }>()).caCertificate).not.toBe(ca);
});

it("stays on a machine that goes with it, by `deletedWith`, and records nothing", async () => {
    stack.declare({ machine: "machine" });
    await stack.up();
    const lines = stack.log().length;
    await stack.destroy();
    expect(await addresses()).toEqual(["10.8.0.2/32", "10.8.0.3/32"]);
    expect(stack.log()).toHaveLength(lines);
});

it("has nothing for `pulumi import --from`, which the engine says", async () => {
    expect(await stack.fail(["import", "--from", "qptunnel", "relay.tfstate"])).toMatch(/converter/i);
});
