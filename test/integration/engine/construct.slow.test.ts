/** A relay that the plugin declares for a program in any language: the same relay as that of a TypeScript program. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { type Declared, Stack } from "../../lab/stack.js";
import { connect, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "carol");
const [alice, carol] = team.map(({ name, publicKey }) => ({ name, publicKey })) as [object, object];

let lab: Lab<keyof typeof TOPOLOGY>;
let declared: Declared;
let nodes: Record<"relay" | "alice" | "bob" | "carol", LabNode>;
let stack: Stack;

beforeAll(async () => {
    lab = await Lab.create("construct");
    nodes = Object.fromEntries(
        (["relay", "alice", "bob", "carol"] as const).map((name) => [name, lab.node(name)]),
    ) as typeof nodes;
    declared = {
        namespace: nodes.relay.namespace,
        interface: lab.interface("relay"),
        // bob's key pair is generated.
        peers: [{ ...alice, name: "alice" }, { name: "bob" }, { ...carol, name: "carol" }],
        services: [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] }],
        grants: [{ from: ["alice"], to: "bob", ports: ["udp/7"] }],
    };
    stack = await Stack.create(declared, "lab", "remote");
});

afterAll(async () => {
    lab?.close();
    stack?.close();
});

it.each<[string, () => Partial<Declared>]>([
    ["of this machine", () => ({})],
    [
        "with a managed peer",
        () => ({
            peers: [
                { ...alice, name: "alice" },
                { name: "bob", host: { namespace: nodes.bob.namespace } },
            ],
        }),
    ],
    ["that a script sets up", () => ({ script: { path: "relay.sh" }, endpoint: "192.0.2.7" })],
])("previews the sentences of the TypeScript program: a relay %s", async (_, changes) => {
    const stacks = [await Stack.create(declared), await Stack.create(declared, "lab", "remote")];
    try {
        const [typescript, remote] = await Promise.all(
            stacks.map(async (each) => {
                each.declare(changes());
                return spoken(await each.preview());
            }),
        );
        expect(typescript!.length).toBeGreaterThan(3);
        expect(remote).toStrictEqual(typescript);
    } finally {
        for (const each of stacks) each.forget();
    }
});

it("connects peers with the files it hands out, one with a generated key", async () => {
    await stack.up();
    const { configs, urls, caCertificate } = await stack.outputs<{
        configs: Record<string, string>;
        urls: Record<string, string>;
        caCertificate: string;
    }>();
    await connect(lab, configs, team, ["alice", "carol"]);
    const pair = (await stack.state())["relay-bob-key"]!;
    await nodes.bob.wgQuickUp(configs["bob"]!, lab.interface("bob"));
    expect(configs["bob"]).toContain(pair.outputs["privateKey"]);
    expect(urls).toStrictEqual({ notes: "https://notes.qp-tunnel.internal:8443" });
    const echo = await nodes.bob.udpEcho(7);
    const notes = await nodes.bob.httpServer(3000, "the notes");
    try {
        expect(await nodes.alice.udp("10.8.0.3", 7)).toBe("open");
        expect(await nodes.carol.udp("10.8.0.3", 7)).toBe("timeout");
        const request = { address: "10.8.0.1", port: 8443, servername: "notes.qp-tunnel.internal", ca: caCertificate };
        expect(await nodes.alice.https(request)).toMatchObject({ status: 200, body: "the notes" });
    } finally {
        await notes.stop();
        await echo.stop();
    }
});

it("has nothing to do a second time, and after a refresh", async () => {
    await stack.preview("--expect-no-changes");
    await stack.refresh("--expect-no-changes");
});

it("removes a peer, and says so", async () => {
    stack.declare({ peers: declared.peers.filter(({ name }) => name !== "carol") });
    expect(spoken(await stack.preview())).toContainEqual(expect.stringMatching(/^relay: carol /));
    expect(await nodes.carol.ping("10.8.0.1")).toBe(true);
    await stack.up();
    expect(await nodes.carol.ping("10.8.0.1")).toBe(false);
    expect(await nodes.alice.ping("10.8.0.1")).toBe(true);
});

describe("with changes that are only previewed", () => {
    let before: Declared;
    beforeEach(() => (before = stack.declared));
    afterEach(() =>
        stack.declare({ ...Object.fromEntries(Object.keys(stack.declared).map((key) => [key, undefined])), ...before }),
    );

    it.each<[string, Partial<Declared>, string]>([
        [
            "what is no argument",
            { colour: "red" },
            "relay relay.colour: is not an argument; correct the spelling, or remove it",
        ],
        [
            "a host, as the program says it",
            { host: { kind: "ssh", address: "192.0.2.7" } },
            "relay relay.host.hostKey: is missing, and without it a man in the middle could impersonate the relay; give the machine's public host key (/etc/ssh/ssh_host_ed25519_key.pub), or set trustOnFirstUse: true",
        ],
        [
            "what only shows when a value is known, without the value if it is a secret",
            { services: [{ name: "notes", upstream: { secret: "nowhere-at-all.example" }, allow: ["alice"] }] },
            'service notes.upstream: "[secret]" ',
        ],
        [
            "what a resource refuses",
            { peers: [{ ...alice, name: "alice", address: "10.8.0.1" }, { name: "bob" }] },
            "peers.alice.address: ",
        ],
    ])("refuses %s", async (_, changes, sentence) => {
        stack.declare(changes);
        expect(await stack.fail(["preview"])).toContain(sentence);
    });

    it("declares a second relay beside it", async () => {
        const second = { relayName: "edge", interface: "wgedge", listenPort: 51900, subnet: "10.9.0.0/24" };
        stack.declare({ second });
        const { steps, words } = await stack.plan();
        expect(Object.keys(steps).filter((name) => !name.startsWith("edge"))).toStrictEqual([]);
        expect(Object.keys(steps)).toEqual(expect.arrayContaining(["edge", "edge-bob-key", "edge-wireguard"]));
        expect(words["edge-wireguard"]).toContainEqual(expect.stringContaining("alice will be added at 10.9.0.2"));
    });

    it("follows aliases: a renamed relay keeps its resources", async () => {
        stack.declare({ relayName: "hub", aliases: [{ name: "relay" }] });
        const { steps, changeSummary } = await stack.plan();
        expect(
            Object.values(steps)
                .map(({ op }) => op)
                .filter((op) => op !== "update"),
        ).toStrictEqual([]);
        expect(changeSummary["create"] ?? 0).toBe(0);
    });
});

it("keeps the generated key of a peer that is renamed", async () => {
    const { outputs } = (await stack.state())["relay-bob-key"]!;
    const renamed = { name: "robert", formerNames: ["bob"] };
    const services = [{ name: "notes", upstream: { peer: "robert", port: 3000 }, allow: ["alice"] }];
    stack.declare({ peers: [{ ...alice, name: "alice" }, renamed], services, grants: [] });
    await stack.up();
    expect((await stack.state())["relay-robert-key"]!.outputs).toMatchObject({ privateKey: outputs["privateKey"] });
    expect(await nodes.bob.ping("10.8.0.1")).toBe(true);
});

it("reads in its own state what a replaced resource must keep", async () => {
    const seed = async (): Promise<unknown> => (await stack.state())["relay-seed"]!.outputs["seed"];
    const [then, { urn }] = [await seed(), (await stack.state())["relay-seed"]!];
    await stack.up("--replace", urn);
    expect(await seed()).toBe(then);
    expect(await nodes.alice.ping("10.8.0.1")).toBe(true);
});

it("is gone when it is destroyed", async () => {
    await stack.destroy();
    expect(await nodes.relay.run(["ip", "-br", "link"])).not.toContain(lab.interface("relay"));
    expect(Object.keys(await stack.state())).toStrictEqual([]);
});

it("goes on with the relay of a program in TypeScript", async () => {
    const typescript = await Stack.create(declared);
    try {
        await typescript.up();
        typescript.file("index.js", readFileSync(join(__dirname, "../../lab/programs/remote.js"), "utf8"));
        const peers = declared.peers.map((peer) => (peer.name === "bob" ? { ...peer, formerNames: ["bob"] } : peer));
        typescript.declare({ peers });
        const { steps, words } = await typescript.plan();
        const changed = Object.entries(steps).map(([name, { op, urn }]) => `${op} ${urn.split("::")[2]} ${name}`);
        // Data has no components for the log and for services.
        expect(changed.sort()).toStrictEqual([
            "delete qptunnel:index:AuditSink audit",
            "delete qptunnel:index:ExposedService notes",
        ]);
        // As always: how long the log is.
        expect(Object.keys(words)).toStrictEqual(["relay-audit"]);
        await typescript.destroy();
    } finally {
        typescript.forget();
    }
});
