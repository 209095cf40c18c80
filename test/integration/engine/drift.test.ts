import { readFileSync } from "node:fs";
import { fingerprint } from "../../../core/keys/index.js";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { pauseWatcher } from "../../lab/watcher.js";
import { livePeers, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "bob", "carol", "dora");
const key = (name: string): string => team.find((mate) => mate.name === name)!.publicKey;
const rogue = withKeys("rogue")[0]!.publicKey;

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let device: string;
let table: string;
/** Sentences about all that was found. */
const named: string[] = [];

beforeAll(async () => {
    lab = await Lab.create("drift");
    relay = lab.node("relay");
    device = lab.interface("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: device,
        peers: team.map(({ name, publicKey }) => ({ name, publicKey })),
        services: [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] }],
        grants: [{ from: "alice", to: "bob", ports: ["tcp/22"] }],
    });
    await stack.up();
    [, table] = /inet (\S+)/.exec(await relay.run(["nft", "list", "tables"])) as unknown as [string, string];
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("names what was changed on the interface and in the firewall by hand, and sets it back", async () => {
    const peers = await livePeers(relay, device);
    const rules = await relay.run(["nft", "-s", "list", "table", "inet", table]);

    await pauseWatcher(relay, stack.place("run"));
    await relay.run(["wg", "set", device, "peer", rogue, "allowed-ips", "10.8.0.99/32"]);
    await relay.run(["wg", "set", device, "peer", key("bob"), "remove"]);
    await relay.run(["wg", "set", device, "peer", key("carol"), "allowed-ips", "10.8.0.4/32,10.99.0.0/16"]);
    await relay.run(["bash", "-c", `wg set ${device} peer ${key("dora")} preshared-key <(wg genpsk)`]);
    await relay.run(["sysctl", "-qw", `net.ipv4.conf.${device}.forwarding=0`]);
    await relay.run(["nft", "flush", "chain", "inet", table, "guard"]);
    await relay.run(["nft", "add", "element", "inet", table, "acl4", "{ 10.8.0.4 . 10.8.0.1 . tcp . 22 }"]);
    await relay.run(["nft", "delete", "element", "inet", table, "acl4", "{ 10.8.0.2 . 10.8.0.3 . tcp . 22 }"]);

    named.push(...spoken(await stack.refresh()));
    expect(named).toStrictEqual([
        "relay: 10.8.0.2 . 10.8.0.3 . tcp . 22 is granted in the program but missing in the kernel; `pulumi up --refresh` adds it",
        "relay: 10.8.0.4 . 10.8.0.1 . tcp . 22 is allowed in the kernel but not granted in the program; `pulumi up --refresh` removes it",
        "relay: IPv4 forwarding is off: peers reach the relay, but nothing behind it; `pulumi up --refresh` switches it on for the interface",
        "relay: bob was removed from the interface by hand; `pulumi up --refresh` adds it back",
        "relay: carol was changed on the interface: allowed IPs are 10.8.0.4/32, 10.99.0.0/16 instead of 10.8.0.4/32; `pulumi up --refresh` restores it",
        `relay: chain guard of table ${table} was changed (7 rules missing); \`pulumi up --refresh\` loads it again`,
        "relay: dora was changed on the interface: the preshared key differs; `pulumi up --refresh` restores it",
        `relay: unknown peer ${fingerprint(rogue)} (${rogue}, 10.8.0.99/32) is configured on the interface but not declared in the program; \`pulumi up --refresh\` removes it`,
    ]);

    await stack.up();
    expect(await livePeers(relay, device, peers)).toStrictEqual(peers);
    expect(await relay.run(["nft", "-s", "list", "table", "inet", table])).toBe(rules);
    await stack.refresh("--expect-no-changes");
});

it("names a table that is gone and a proxy that was stopped, in a preview too, and makes them again", async () => {
    const peers = await livePeers(relay, device);
    const rules = await relay.run(["nft", "-s", "list", "table", "inet", table]);
    const resume = await pauseWatcher(relay, stack.place("run"));
    await relay.run(["nft", "delete", "table", "inet", table]);
    await relay.run(["kill", "-KILL", pid("proxy.supervisor"), pid("proxy")]);

    const drift = [
        `relay: the nftables table inet ${table} is missing: the tunnel is not protected; \`pulumi up --refresh\` loads it again`,
        "relay: the proxy is not running: notes cannot be reached; `pulumi up --refresh` starts it",
    ];
    named.push(...drift);
    expect(spoken(await stack.preview("--refresh"))).toEqual(expect.arrayContaining(drift));
    await stack.up("--refresh");
    await resume();

    expect(await livePeers(relay, device, peers)).toStrictEqual(peers);
    expect(await relay.run(["nft", "-s", "list", "table", "inet", table])).toBe(rules);
    expect(await relay.run(["ss", "-Hltn", "sport = :8443"])).toContain("10.8.0.1:8443");
    await stack.refresh("--expect-no-changes");
});

it("records what it overwrote", () => {
    const overwritten = stack.log().filter(({ action }) => action === "drift_overwritten");
    const sentences = named.map((sentence) => sentence.replace(/^relay: /, ""));
    expect(overwritten.map(({ message }) => message)).toEqual(expect.arrayContaining(sentences));
});

function pid(name: string): string {
    return readFileSync(`${stack.place("run")}/${name}.pid`, "utf8").trim();
}
