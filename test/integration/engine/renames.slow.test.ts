import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { Stack, nameOf } from "../../lab/stack.js";
import { connect, livePeers, reasons, withKeys } from "./fixtures.js";

jest.setTimeout(600_000);

/** What a relay's URNs are made of can all be renamed: its parent, its peers, its stack. Nobody on the wire notices. */
const team = withKeys("alice", "bob");
const plain = team.map(({ name, publicKey }) => ({ name, publicKey }));
const keyOf = (name: string): string => team.find((mate) => mate.name === name)!.publicKey;
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode, carol: LabNode;
const servers: Server[] = [];

beforeAll(async () => {
    lab = await Lab.create("renames");
    [relay, carol] = [lab.node("relay"), lab.node("carol")];
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        parentName: "office",
        relayName: "office-relay",
        peers: [...plain, { name: "nas" }, site("site")],
        services: [{ name: "notes", upstream: { peer: "nas", port: 3000 }, allow: ["alice"] }],
        grants: grants("site"),
    });
    // Each step has its time beside other programs.
    stack.timeout = 300_000;
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await connect(lab, configs, team, ["alice", "bob"]);
    servers.push(await lab.node("bob").udpEcho(7), await carol.udpEcho(7));
});

afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    lab?.close();
    stack?.close();
});

function site(name: string, formerly?: string): (typeof stack.declared.peers)[number] {
    const { namespace } = carol;
    return { name, host: { namespace }, interface: lab.interface("site"), ...(formerly && { formerly }) };
}

function grants(to: string): { from: string; to: string; ports: string[] }[] {
    return ["bob", to].map((each) => ({ from: "alice", to: each, ports: ["udp/7"] }));
}

type Wire = { relay: [string, string, string][]; site: [string, string, string][] };

async function wire(): Promise<Wire> {
    const [here, there] = [
        await livePeers(relay, stack.declared.interface),
        await livePeers(carol, lab.interface("site")),
    ].map((peers) => [...peers].map(([ips, { publicKey, presharedKey }]) => [ips, publicKey, presharedKey]));
    return { relay: here, site: there } as Wire;
}

/** Changes something and applies, while alice talks to bob and to the site; what the preview said of the relay, and the wire before and after. */
async function withoutLoss(
    change: () => Promise<unknown> | void,
    ...args: string[]
): Promise<{ said: string[]; ops: Set<string>; before: Wire; after: Wire }> {
    const before = await wire();
    const probes = await Promise.all(
        ["10.8.0.3", "10.8.0.5"].map((address) => lab.node("alice").probe(address, 7, 100, 240_000)),
    );
    for (const probe of probes) await probe.answers(20);
    await change();
    const { stdout } = await stack.succeed(["preview", "--json", ...args]);
    const { steps, diagnostics = [] } = JSON.parse(stdout) as {
        steps: { op: string; urn: string }[];
        diagnostics?: { message: string }[];
    };
    await stack.up(...args);
    for (const probe of probes) await probe.answers(20);
    for (const probe of probes) expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
    await stack.refresh("--expect-no-changes");
    await stack.preview("--expect-no-changes");
    return {
        said: diagnostics
            .map(({ message }) => message.trim())
            .filter((sentence) => /^[a-z-]+(\/\w+)?: /.test(sentence)),
        ops: new Set(steps.filter(({ urn }) => nameOf(urn) !== "lab-dev").map(({ op }) => op)),
        before,
        after: await wire(),
    };
}

function renames(): unknown[] {
    return stack.log().flatMap(({ action, status, details }) => {
        if (!/^(relay|peer)_rename$/.test(action) || status !== "success") return [];
        return [
            [action, details["formerly"], details["relay"], ...(action === "peer_rename" ? [details["name"]] : [])],
        ];
    });
}

const renamed = (from: string, to: string): string =>
    `${to.replace(/^lab\/\w+\//, "")}: is renamed from ${from} to ${to}: keys, addresses, sessions and access rules of its peers stay`;

it("keeps everything when the component that it is in is renamed, and it with that", async () => {
    const { said, ops, before, after } = await withoutLoss(() =>
        stack.declare({ parentName: "branch", relayName: "branch-relay", parentAliases: [{ name: "office" }] }),
    );
    expect([...ops].filter((op) => !/^(same|update)$/.test(op))).toEqual([]);
    expect(said).toContain(renamed("lab/dev/office-relay", "lab/dev/branch-relay"));
    expect(said).toContain(renamed("lab/dev/office-relay/site", "lab/dev/branch-relay/site"));
    expect(after).toStrictEqual(before);
    expect(renames()).toEqual([
        ["relay_rename", "office-relay", "branch-relay"],
        ["relay_rename", "office-relay/site", "branch-relay/site"],
    ]);
});

it("keeps a managed peer's machine when the peer is renamed, with its tunnel", async () => {
    const { said, ops, before, after } = await withoutLoss(() =>
        stack.declare({ peers: [...plain, { name: "nas" }, site("depot", "site")], grants: grants("depot") }),
    );
    expect([...ops].filter((op) => !/^(same|update)$/.test(op))).toEqual([]);
    expect(said).toContain(renamed("lab/dev/branch-relay/site", "lab/dev/branch-relay/depot"));
    expect(after.relay.map(([ips, key]) => [ips, key])).toEqual(before.relay.map(([ips, key]) => [ips, key]));
    // The preshared key is derived from the name: both ends have the new one.
    const own = after.relay.find(([ips]) => ips === "10.8.0.5/32")![2];
    expect(own).not.toBe(before.site[0]![2]);
    expect(after.site.map(([, , presharedKey]) => presharedKey)).toEqual([own]);
    expect(renames().slice(2)).toEqual([
        ["peer_rename", "site", "branch-relay", "depot"],
        ["relay_rename", "branch-relay/site", "branch-relay/depot"],
    ]);
});

it("says of a service that is renamed that the one closes and the other opens, and does that alone", async () => {
    const { said, before, after } = await withoutLoss(() =>
        stack.declare({ services: [{ name: "wiki", upstream: { peer: "nas", port: 3000 }, allow: ["alice"] }] }),
    );
    expect(said).toContain("branch-relay: service notes on port 8443 closes at once");
    expect(said).toContain("branch-relay: service wiki opens on port 8444, for 10.8.0.4:3000");
    expect(after).toStrictEqual(before);
    const recorded = stack.log().filter(({ action }) => /^service_(open|close)$/.test(action));
    expect(recorded.slice(-2).map(({ action, details }) => [action, details["name"]])).toEqual([
        ["service_close", "notes"],
        ["service_open", "wiki"],
    ]);
});

it("keeps the port of a service whose former name is an alias", async () => {
    const service = { upstream: { peer: "nas", port: 3000 }, allow: ["alice"] };
    const { said, before, after } = await withoutLoss(() =>
        stack.declare({ services: [{ name: "pages", formerly: "wiki", ...service }] }),
    );
    expect(said).toContain("branch-relay: service wiki is now called pages and keeps port 8444");
    expect(after).toStrictEqual(before);
    const { serviceRegistry } = await stack.outputs<{ serviceRegistry: object }>();
    expect(serviceRegistry).toMatchObject({ pages: { url: "https://pages.qp-tunnel.internal:8444" } });
    await stack.preview("--expect-no-changes");
    stack.declare({ services: [{ name: "wiki", formerly: "pages", ...service }] });
    await stack.up();
});

it("finds the keys of a relay that is renamed and replaced at once", async () => {
    const caBefore = (await stack.outputs())["caCertificate"];
    const { said, before, after } = await withoutLoss(
        async () => {
            const urns = Object.values(await stack.state()).filter(({ type }) =>
                /:(KeyPair|Seed|WireGuard)$/.test(type),
            );
            await stack.succeed(["state", "taint", "--yes", ...urns.map(({ urn }) => urn)]);
            stack.declare({
                parentName: "firm",
                relayName: "firm-relay",
                parentAliases: [{ name: "branch" }],
                peers: [...plain, { name: "nas2", formerly: "nas" }, site("hall", "depot")],
                services: [{ name: "wiki", upstream: { peer: "nas2", port: 3000 }, allow: ["alice"] }],
                grants: grants("hall"),
            });
        },
        "--replace",
        "**",
    );
    expect(said).toContain(renamed("lab/dev/branch-relay", "lab/dev/firm-relay"));
    expect(said).toContain(renamed("lab/dev/branch-relay/depot", "lab/dev/firm-relay/hall"));
    expect(said.filter((sentence) => /new key|own key|cut off|moves from|will be added/.test(sentence))).toEqual([]);
    expect(after.relay.map(([ips, key]) => [ips, key])).toEqual(before.relay.map(([ips, key]) => [ips, key]));
    const secrets = ({ relay: peers }: Wire): string[] => peers.slice(0, 2).map(([, , presharedKey]) => presharedKey);
    expect(secrets(after)).toEqual(secrets(before));
    expect((await stack.outputs())["caCertificate"]).toBe(caBefore);
    expect(renames().slice(4)).toEqual(
        expect.arrayContaining([
            ["relay_rename", "branch-relay", "firm-relay"],
            ["relay_rename", "branch-relay/depot", "firm-relay/hall"],
        ]),
    );
});

it("is moved to another stack with `pulumi state move`, and told where its log is", async () => {
    const office = Object.values(await stack.state()).find(({ type }) => type === "lab:index:Office")!;
    const { said, ops, before, after } = await withoutLoss(async () => {
        await stack.succeed(["stack", "init", "prod"]);
        await stack.succeed(["state", "move", "--yes", "--source", "dev", "--dest", "prod", office.urn]);
        await stack.succeed(["stack", "select", "prod"]);
        const lines = stack.log().length;
        const refused = reasons(await stack.fail(["up", "--yes", "--skip-preview"])).join("\n");
        expect(refused).toMatch(
            /the log that the state remembers is audit\/dev\.jsonl: .*; point to it with `path: "audit\/dev\.jsonl"` of AuditSink/,
        );
        expect(stack.log()).toHaveLength(lines);
        stack.declare({ audit: { path: "audit/dev.jsonl" } });
    });
    expect([...ops].filter((op) => !/^(same|update)$/.test(op))).toEqual([]);
    expect(said).toContain(renamed("lab/dev/firm-relay", "lab/prod/firm-relay"));
    expect(after).toStrictEqual(before);
    expect(stack.log().findLast(({ action }) => action === "relay_rename")).toMatchObject({
        details: { from: "lab/dev/firm-relay/hall", to: "lab/prod/firm-relay/hall" },
    });
});

it("takes away first what an update takes away that renames as well, and knows it afterwards", async () => {
    const { interface: device, peers } = stack.declared;
    const connected = async (): Promise<string[]> =>
        [...(await livePeers(relay, device)).values()].map(({ publicKey }) => publicKey);
    stack.declare({
        relayName: "hub",
        aliases: [{ name: "firm-relay" }],
        peers: peers.filter(({ name }) => name !== "bob"),
        grants: grants("hall").slice(1),
    });
    // What comes after the removal fails.
    stack.interpose("wg", 'case "$*" in addconf*qptcheck*) exit 1;; esac');
    await stack.fail(["up", "--yes", "--skip-preview"]);
    stack.restore();
    expect(await connected()).not.toContain(keyOf("bob"));
    const removed = stack.log().filter(({ action }) => action === "peer_remove");
    expect(removed.at(-1)).toMatchObject({ details: { name: "bob", relay: "hub", removed_first: true } });

    // Listed again, under yet another name of the relay: what was taken away is known to be missing.
    stack.declare({
        relayName: "centre",
        aliases: [{ name: "hub" }, { name: "firm-relay" }],
        peers: peers.map((peer) => (peer.name === "bob" ? { ...peer, reinstate: true } : peer)),
        grants: grants("hall"),
    });
    await stack.up();
    expect(await connected()).toContain(keyOf("bob"));
    await stack.refresh("--expect-no-changes");
    await stack.preview("--expect-no-changes");
});

it("is destroyed under its last names, and nothing is left on either machine", async () => {
    await stack.destroy();
    for (const node of [relay, carol]) expect(await node.run(["nft", "list", "ruleset"])).toBe("");
});
