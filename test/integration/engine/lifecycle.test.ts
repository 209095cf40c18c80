import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprint } from "../../../core/keys/index.js";
import { tableName } from "../../../core/names.js";
import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { pauseWatcher } from "../../lab/watcher.js";
import { connect, livePeers, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const TEAM = ["alice", "bob", "hans", "ines", "carol", "jana", "kemal", "lea", "mia", "noor"];
const team = withKeys(...TEAM, "dave");
const peers = team.map(({ name, publicKey }) => ({ name, publicKey }));
const PROBED = { from: "alice", to: "bob", ports: ["udp/7"] };

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode, alice: LabNode, bob: LabNode, carol: LabNode;
let echo: Server;

beforeAll(async () => {
    lab = await Lab.create("lifecycle");
    [relay, alice, bob, carol] = (["relay", "alice", "bob", "carol"] as const).map((name) => lab.node(name)) as [
        LabNode,
        LabNode,
        LabNode,
        LabNode,
    ];
    echo = await bob.udpEcho(7);
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers: peers.slice(0, 10),
        services: [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] }],
        grants: [PROBED],
    });
});

afterAll(async () => {
    await echo?.stop();
    lab?.close();
    stack?.close();
});

it("connects every peer with the file it hands out, and to no more than granted", async () => {
    await stack.up();
    const { configs, caCertificate } = await stack.outputs<{
        configs: Record<string, string>;
        caCertificate: string;
    }>();
    await connect(lab, configs, team, ["alice", "bob", "carol"]);
    const notes = await bob.httpServer(3000, "the notes");
    try {
        const request = { address: "10.8.0.1", port: 8443, servername: "notes.qp-tunnel.internal", ca: caCertificate };
        expect(await alice.https(request)).toMatchObject({
            status: 200,
            body: "the notes",
            group: "X25519MLKEM768",
            cipher: "TLS_AES_256_GCM_SHA384",
        });
        expect(await carol.ping("10.8.0.1")).toBe(true);
        expect(await carol.tcp("10.8.0.1", 8443)).toBe("timeout");
        expect(await carol.udp("10.8.0.3", 7)).toBe("timeout");
        expect(await alice.tcp("10.8.0.3", 3000)).toBe("timeout");
    } finally {
        await notes.stop();
    }
});

it("has nothing to do a second time, after a refresh, or when the program lists peers in another order", async () => {
    await stack.preview("--expect-no-changes");
    await stack.refresh("--expect-no-changes");
    stack.declare({ peers: peers.slice(0, 10).reverse() });
    await stack.preview("--expect-no-changes");
});

it("shows one more peer as one more line in each resource, with its address, and nothing else", async () => {
    stack.declare({ peers, grants: [PROBED, { from: "dave", to: "bob", ports: ["tcp/22"] }] });
    const text = await stack.preview("--diff");
    const { publicKey } = team.find(({ name }) => name === "dave")!;
    const hers = `+ dave: "10.8.0.12 ${publicKey}"`;
    expect(changedLines(text)).toStrictEqual([
        "~ qptunnel:index:Relay: (update)",
        "~ grants            : [",
        "+ [1]: {",
        "+ from : [",
        '+     [0]: "dave"',
        "+ ports: [",
        '+     [0]: "tcp/22"',
        "+ to   : {",
        '+ peer: "bob"',
        "~ peers             :",
        "+ dave",
        "~ qptunnel:index:Registry: (update)",
        "~ peers: {",
        hers,
        "~ qptunnel:index:WireGuard: (update)",
        "~ peers: {",
        hers,
        "~ qptunnel:index:Grants: (update)",
        "~ rules: {",
        "+ dave: [",
        '+     [0]: "10.8.0.12 -> 10.8.0.3 tcp/22"',
        "~ qptunnel:index:AuditCheckpoint: (update)",
        "~ records: {",
        "~ grants   : [hash] => [unknown]",
        "~ registry : [hash] => [unknown]",
        "~ wireguard: [hash] => [unknown]",
        "~ 5 to update",
    ]);
    expect(spoken(text)).toStrictEqual([
        "relay: dave is allowed to reach 10.8.0.3 tcp/22",
        "relay: dave will be added at 10.8.0.12",
        "relay: no other peer is affected: 10 peers keep their key, address and session",
    ]);
});

it("adds one and removes the one in the middle without a packet lost to the others", async () => {
    const probe = await alice.probe("10.8.0.3", 7);
    expect(await carol.ping("10.8.0.1")).toBe(true);
    const before = await livePeers(relay, stack.declared.interface);
    await stack.up();
    // As after a restart: where it was is remembered, and would be called.
    const endpoints = join(stack.place("etc"), `endpoints.${stack.declared.interface}`);
    const { publicKey: hers } = team.find(({ name }) => name === "carol")!;
    writeFileSync(endpoints, `${hers}\t198.51.100.4:51820\n`);
    stack.declare({ peers: peers.filter(({ name }) => name !== "carol") });
    await stack.up();
    expect(readFileSync(endpoints, "utf8")).not.toContain(hers);
    expect(await carol.ping("10.8.0.1")).toBe(false);
    await probe.passes(2000);
    const report = await probe.stop();
    expect(report).toMatchObject({ lost: 0, outages: [] });
    expect(report.sent).toBeGreaterThanOrEqual(5000);

    const after = await livePeers(relay, stack.declared.interface, before);
    const added = after.get("10.8.0.12/32");
    expect(added?.publicKey).toBe(team.at(-1)!.publicKey);
    // The last handshake as well: nobody had to begin a new session.
    const untouched = [...before].filter(([address]) => address !== "10.8.0.4/32");
    expect([...after].filter(([address]) => address !== "10.8.0.12/32")).toStrictEqual(untouched);
    expect(before.get("10.8.0.4/32")?.publicKey).toBe(team.find(({ name }) => name === "carol")!.publicKey);
    await stack.preview("--expect-no-changes");

    const device = stack.declared.interface;
    const table = tableName({ appName: "qp-tunnel", interface: device });
    const removed = stack.log().find(({ action }) => action === "peer_remove")!;
    expect(removed.details).toMatchObject({
        name: "carol",
        public_key: hers,
        proof: {
            read_back: "absent",
            key_absent_from: [`interface ${device}`, "peers", "interfaces", "moving", `endpoints.${device}`],
            addresses_absent_from: [
                `the routes of ${device}`,
                `the sets of table inet ${table}`,
                "elements",
                "network",
            ],
        },
    });
});

it("reports no peer as removed of which something is left, and names where; the next update finishes it, and a peer that returns has a new preshared key", async () => {
    const device = stack.declared.interface;
    const { publicKey: hers } = team.find(({ name }) => name === "noor")!;
    const { presharedKey } = (await livePeers(relay, device)).get("10.8.0.11/32")!;
    // The watcher keeps that file as well; what starts it again is the update.
    await pauseWatcher(relay, stack.place("run"));
    writeFileSync(join(stack.place("etc"), `endpoints.${device}`), `${hers}\t198.51.100.9:51820\n`);
    stack.interpose("mv", `case "$*" in *"/endpoints.${device}") exit 0;; esac`);
    const removals = (): string[] =>
        stack.log().flatMap((line) => (line.action === "peer_remove" ? [String(line.details["name"])] : []));
    stack.declare({ peers: peers.filter(({ name }) => name !== "carol" && name !== "noor") });
    const said = await stack.fail(["up", "--yes", "--skip-preview"]);
    expect(said).toContain(
        `the key of noor (${fingerprint(hers)}) was revoked and is still in endpoints.${device}; the next \`pulumi up\` removes it there`,
    );
    expect(removals()).toStrictEqual(["carol"]);
    expect((await livePeers(relay, device)).has("10.8.0.11/32")).toBe(false);
    stack.restore();
    await stack.up();
    expect(removals()).toStrictEqual(["carol", "noor"]);
    await stack.preview("--expect-no-changes");

    const back = peers.filter(({ name }) => name !== "carol");
    stack.declare({ peers: back.map((each) => (each.name === "noor" ? { ...each, reinstate: true } : each)) });
    await stack.up();
    const noor = (await livePeers(relay, device)).get("10.8.0.11/32")!;
    expect(noor.publicKey).toBe(hers);
    expect(noor.presharedKey).not.toBe(presharedKey);
});

it("changes a preshared key without losing a packet of a peer that follows within its session", async () => {
    const probe = await alice.probe("10.8.0.3", 7);
    const [first, ...others] = stack.declared.peers;
    stack.declare({ peers: [{ ...first!, keyEpoch: 2 }, ...others] });
    await stack.up();
    const config = (await stack.outputs<{ configs: Record<string, string> }>()).configs["alice"]!;
    const valueOf = (key: string): string => new RegExp(`^${key} = (.*)$`, "m").exec(config)![1]!;
    const file = join(lab.folder, "alice.psk");
    writeFileSync(file, valueOf("PresharedKey"), { mode: 0o600 });
    const own = lab.interface("alice");
    await alice.run(["wg", "set", own, "peer", valueOf("PublicKey"), "preshared-key", file]);
    await probe.passes(500);
    expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
    // A session from nothing has to agree on the new one.
    await alice.wgQuickDown(own);
    await alice.wgQuickUp(config, own, team[0]!.privateKey);
    expect(await alice.ping("10.8.0.1")).toBe(true);
    expect(stack.log().filter(({ action }) => action === "psk_rotate")).toMatchObject([
        { status: "success", details: { name: "alice", public_key: team[0]!.publicKey } },
    ]);
});

it("leaves no interface, table, process or file behind, but the log", async () => {
    await stack.destroy();
    expect(await relay.run(["ip", "-o", "link", "show", "type", "wireguard"])).toBe("");
    expect(await relay.run(["ip", "-o", "link"])).not.toContain(stack.declared.interface);
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
    expect(await alice.run(["ip", "netns", "pids", relay.namespace])).toBe("");
    const left = ["/etc", "/run", "/run/wireguard", "/etc/systemd/system"].flatMap((folder) =>
        readdirSync(folder).filter((name) => name.includes(stack.declared.interface)),
    );
    expect(left).toStrictEqual([]);
    expect(readdirSync(`${stack.folder}/audit`)).toStrictEqual(["dev.jsonl", "dev.jsonl.lock", "dev.jsonl.note"]);
    const records = stack.log().map(({ action, message }) => `${action}: ${message}`);
    expect(records).toContain(`relay_destroy: Removed relay relay from namespace ${relay.namespace} of this machine`);
    expect(records).toContain("registry_update: Archived the registry of relay relay: 10 peers and 1 service");
});

/** Lines of a diff that say a change, hashes left out. */
function changedLines(diff: string): string[] {
    return diff
        .split("\n")
        .map((line) => line.trim().replace(/"[0-9a-f]{64}"/, "[hash]"))
        .filter((line) => /^[~+-] /.test(line));
}
