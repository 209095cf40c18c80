import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execute } from "../../lab/processes.js";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { connect, livePeers, reasons, withKeys } from "./fixtures.js";

jest.setTimeout(600_000);

/** Whoever renames a relay, its stack or its project disturbs nobody, and can change, refresh and destroy it afterwards. */
const team = withKeys("alice", "bob", "carol", "dave");
const plain = (...names: string[]): { name: string; publicKey: string }[] =>
    team.filter(({ name }) => names.includes(name)).map(({ name, publicKey }) => ({ name, publicKey }));
const keyOf = (name: string): string => team.find((mate) => mate.name === name)!.publicKey;
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let relayId: string;

beforeAll(async () => {
    lab = await Lab.create("identity");
    relay = lab.node("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers: [...plain("alice", "bob", "carol", "dave"), { name: "nas" }],
        grants: [{ from: "alice", to: "bob", ports: ["udp/7"] }],
    });
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await connect(lab, configs, team, ["alice", "bob"]);
    await lab.node("bob").udpEcho(7);
    relayId = read("relay-id");
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

function read(name: string): string {
    return readFileSync(join(stack.place("etc"), name), "utf8").trim();
}

/** Renames something and applies, while alice talks to bob; what the preview said of the relay. */
async function undisturbed(rename: () => Promise<unknown>): Promise<string[]> {
    const before = JSON.stringify([...(await livePeers(relay, stack.declared.interface))].map(identityOf));
    const probe = await lab.node("alice").probe("10.8.0.3", 7, 500, 60_000);
    await probe.answers(100);
    await rename();
    const { steps, words } = await stack.plan();
    const replaced = Object.values(steps).filter(({ op }) => op !== "update");
    expect(replaced).toStrictEqual([]);
    await stack.up();
    expect(JSON.stringify([...(await livePeers(relay, stack.declared.interface))].map(identityOf))).toBe(before);
    await probe.answers(100);
    expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
    await stack.refresh("--expect-no-changes");
    return Object.values(words)
        .flat()
        .filter((sentence) => /^(relay|hub): /.test(sentence));
}

function identityOf([address, { publicKey, presharedKey }]: [
    string,
    { publicKey: string; presharedKey: string },
]): unknown {
    return [address, publicKey, presharedKey];
}

/** A revocation is the first thing that must still work. */
async function revoke(name: string): Promise<void> {
    stack.declare({ peers: stack.declared.peers.filter((peer) => peer.name !== name) });
    expect(await stack.preview()).toMatch(new RegExp(`: ${name} .*cut off at once`));
    await stack.up();
    const keys = [...(await livePeers(relay, stack.declared.interface)).values()].map(({ publicKey }) => publicKey);
    expect(keys).not.toContain(keyOf(name));
    expect(stack.log().findLast(({ action }) => action === "peer_remove")).toMatchObject({ status: "success" });
}

async function stackRename(to: string): Promise<void> {
    await stack.succeed(["stack", "rename", to]);
}

it("keeps its id through a rename with `aliases`", async () => {
    const said = await undisturbed(() => {
        stack.declare({ relayName: "hub", aliases: [{ name: "relay" }] });
        return Promise.resolve();
    });
    const kept = "keys, addresses, sessions and access rules of its peers stay";
    expect(said).toStrictEqual([`hub: is renamed from lab/dev/relay to lab/dev/hub: ${kept}`]);
    expect([read("relay-id"), read("owner")]).toEqual([relayId, "lab/dev/hub"]);
    expect(stack.log().filter(({ action }) => action === "relay_rename")).toMatchObject([
        {
            status: "success",
            details: { relay: "hub", formerly: "relay", from: "lab/dev/relay", to: "lab/dev/hub", relay_id: relayId },
        },
    ]);
    await revoke("carol");
});

it("goes on with its log when the stack is renamed, by either remedy that is named", async () => {
    const said = await undisturbed(async () => {
        await stackRename("prod");
        const refused = reasons(await stack.fail(["preview"])).join("\n");
        expect(refused).toMatch(
            /the log that the state remembers is audit\/dev\.jsonl: .*; point to it with `path: "audit\/dev\.jsonl"` of AuditSink, or move it: `mv audit\/dev\.jsonl audit\/prod\.jsonl`/,
        );
        stack.declare({ audit: { path: "audit/dev.jsonl" } });
        await stack.preview();
        stack.declare({ audit: {} });
        const [, command] = /or move it: `(mv [^`]*)`/.exec(refused)!;
        expect((await execute(["sh", "-c", `cd "$1" && ${command}`, "sh", stack.folder])).code).toBe(0);
    });
    expect(said).toEqual([expect.stringContaining("hub: is renamed from lab/dev/hub to lab/prod/hub: ")]);
    expect(read("owner")).toBe("lab/prod/hub");
    stack.logName = "prod";
    expect(stack.log().at(0)).toMatchObject({ details: { project: "lab", stack: "dev" } });
    await revoke("dave");
});

it("goes on when the project is renamed", async () => {
    const said = await undisturbed(async () => {
        await stack.succeed(["stack", "rename", "organization/works/prod"]);
        const file = join(stack.folder, "Pulumi.yaml");
        writeFileSync(file, readFileSync(file, "utf8").replace('"name":"lab"', '"name":"works"'));
        await stack.succeed(["stack", "select", "organization/works/prod"]);
    });
    expect(said).toEqual([expect.stringContaining("hub: is renamed from lab/prod/hub to works/prod/hub: ")]);
    expect([read("relay-id"), read("owner")]).toEqual([relayId, "works/prod/hub"]);
});

it("warns when `ignoreChanges` keeps somebody connected who is not listed any more", async () => {
    const { peers } = stack.declared;
    const ignoreChanges = { type: "qptunnel:index:WireGuard", properties: ["peers"] };
    stack.declare({ ignoreChanges, peers: peers.filter(({ name }) => name !== "nas") });
    expect(await stack.preview()).toContain(
        "hub: nas is no longer listed but stays connected, because `ignoreChanges` ignores the change of `peers`; remove that option",
    );
    stack.declare({ ignoreChanges: undefined, peers });
    expect(await stack.preview("--expect-no-changes")).not.toContain("ignoreChanges");
});

it("refuses another relay's program before anything is written, on either side", async () => {
    const other = await Stack.create(
        { namespace: relay.namespace, interface: stack.declared.interface, peers: plain("dave") },
        "works",
    );
    await other.succeed(["stack", "rename", "prod"]);
    other.declare({ relayName: "hub" });
    const wire = await livePeers(relay, stack.declared.interface);
    const refused = reasons(await other.fail(["up", "--yes", "--skip-preview"])).join("\n");
    expect(refused).toMatch(/belongs to another relay that is called works\/prod\/hub too: its id is [0-9a-f]{32}/);
    other.declare({ relayName: "spoke" });
    const foreign = reasons(await other.fail(["up", "--yes", "--skip-preview"])).join("\n");
    expect(foreign).toMatch(
        /belongs to works\/prod\/hub, this is works\/prod\/spoke; use another appName or interface/,
    );
    expect([...(await livePeers(relay, stack.declared.interface)).keys()]).toEqual([...wire.keys()]);
    // Not even a log was begun.
    other.logName = "prod";
    expect(existsSync(other.logFile)).toBe(false);
    expect([read("relay-id"), read("owner")]).toEqual([relayId, "works/prod/hub"]);
    other.forget();
});

it("is destroyed under its last name, and nothing is left", async () => {
    await stack.destroy();
    expect(existsSync(stack.place("etc"))).toBe(false);
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
    expect(await relay.run(["ip", "-o", "link"])).not.toContain(stack.declared.interface);
});
