import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprint } from "../../../core/keys/index.js";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { livePeers, reasons, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "bob", "dora", "newcomer");
const key = (name: string): string => team.find((mate) => mate.name === name)!.publicKey;
const listed = (name: string, more: Record<string, unknown> = {}) => ({ name, publicKey: key(name), ...more });
const grants = [
    { from: "alice", to: "bob", ports: ["udp/7"] },
    { from: "dora", to: "bob", ports: ["udp/7"] },
];

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode, alice: LabNode;
let device: string;
let expires: string;
let psk: string;

beforeAll(async () => {
    lab = await Lab.create("expiry");
    [relay, alice] = [lab.node("relay"), lab.node("alice")];
    device = lab.interface("relay");
    expires = inSeconds(35);
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: device,
        peers: [listed("alice", { expires, routes: ["192.168.7.0/24"] }), listed("bob"), listed("dora")],
        grants,
    });
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("warns ahead of time and is quiet otherwise, admits the peer, and plans nothing because of the expiry", async () => {
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await alice.wgQuickUp(configs["alice"]!, lab.interface("alice"), team[0]!.privateKey);
    expect(await alice.ping("10.8.0.1")).toBe(true);
    psk = (await livePeers(relay, device)).get("10.8.0.2/32,192.168.7.0/24")!.presharedKey;
    const text = await stack.preview("--expect-no-changes");
    expect(spoken(text)).toEqual([`relay: alice expires on ${expires} (in 1 minute)`]);
});

it("cuts the peer off when it expires, without an update", async () => {
    const [line] = await journal(1);
    const [at, ...event] = line!.split("\t");
    expect(event).toEqual([
        "peer_expire",
        "name=alice",
        "allowed_ips=10.8.0.2/32,192.168.7.0/24",
        `public_key=${key("alice")}`,
        `expires=${expires}`,
    ]);
    expect(Number(at)).toBeGreaterThanOrEqual(Date.parse(expires) / 1000);
    expect(await alice.ping("10.8.0.1")).toBe(false);
    await expectGone("alice", "10.8.0.2");
    expect(await relay.run(["ip", "route", "show", "dev", device])).not.toContain("192.168.7.0/24");
    expect(await relay.run(["wg", "show", device, "peers"])).toContain(key("bob"));
});

it("is no drift: not the key, not the route, not what was granted", async () => {
    expect(spoken(await stack.refresh("--expect-no-changes"))).toEqual([]);
});

it("shows the removal in the next preview and nothing else, seals it with the time of the expiry, and then plans nothing", async () => {
    const { steps, words } = await stack.plan();
    const changed = ["relay-audit", "relay-grants", "relay-host", "relay-registry", "relay-wireguard"];
    expect(Object.keys(steps).sort()).toEqual(changed);
    expect(Object.keys(steps["relay-wireguard"]!.detailedDiff ?? {})).toEqual(["peers.alice"]);
    expect(words["relay-wireguard"]).toEqual([
        `relay: alice (10.8.0.2) expired on ${expires} and was cut off then by the relay; the address stays reserved, the key ${fingerprint(key("alice"))} stays revoked`,
        "relay: no other peer is affected: 2 peers keep their key, address and session",
    ]);
    await stack.up();
    const [record, ...more] = stack.log().filter(({ action }) => action === "peer_expire");
    expect(more).toEqual([]);
    expect(record).toMatchObject({
        status: "success",
        details: { name: "alice", public_key: key("alice"), expires, relay: "relay" },
    });
    expect(Date.parse(String(record!.details["happened_at"]))).toBeGreaterThanOrEqual(Date.parse(expires));
    expect(existsSync(join(stack.place("etc"), "journal"))).toBe(false);
    expect(spoken(await stack.preview("--expect-no-changes"))).toEqual([]);
    await stack.refresh("--expect-no-changes");
    const { registry, configs } = await stack.outputs<{
        registry: Record<string, unknown>;
        configs: Record<string, string>;
    }>();
    expect(registry["alice"]).toMatchObject({
        ...{ status: "revoked", address: "10.8.0.2", publicKey: key("alice") },
        ...{ revokedAt: expires, by: "the relay, when it expired" },
    });
    expect(configs["alice"]).toMatch(/^alice expired on .* and has no configuration/);
});

it("is not revived by an apply that was planned before and reaches the relay after", async () => {
    const late = inSeconds(40);
    stack.declare({ peers: [listed("bob"), listed("dora", { expires: late })], grants: grants.slice(1) });
    expect(spoken(await stack.up())).toContain(`relay: dora expires on ${late}; connections continue`);
    // The step of WireGuard holds the lock, and looks at nothing, until its time has come.
    const seconds = Date.parse(late) / 1000;
    stack.interpose(
        "nft",
        `case "$*" in "list table"*) while [ "$(date +%s)" -lt ${seconds} ]; do sleep 0.2; done;; esac`,
    );
    stack.declare({ peers: [listed("bob"), listed("dora", { expires: late }), listed("newcomer")] });
    await stack.up();
    stack.restore();
    await expectGone("dora", "10.8.0.4");
    expect(await relay.run(["wg", "show", device, "peers"])).toContain(key("newcomer"));
    expect((await journal(1))[0]).toContain("\tpeer_expire\tname=dora\t");
    await stack.refresh("--expect-no-changes");

    const { steps } = await stack.plan();
    expect(Object.keys(steps["relay-wireguard"]!.detailedDiff ?? {})).toEqual(["peers.dora"]);
    await stack.up();
    await stack.preview("--expect-no-changes");
    expect(stack.log().filter(({ action }) => action === "peer_expire")).toHaveLength(2);
});

it("comes back when the program says so, and not by a later time alone; then with another preshared key", async () => {
    const later = inSeconds(86_400);
    stack.declare({ peers: [listed("bob"), listed("newcomer"), listed("alice", { expires: later })], grants: [] });
    expect(reasons(await stack.fail(["preview"])).join()).toContain(
        `was revoked when "alice" expired on ${expires}; give a new key, or set reinstate: true`,
    );
    stack.declare({
        peers: [listed("bob"), listed("newcomer"), listed("alice", { expires: later, reinstate: true })],
    });
    await stack.up();
    const back = (await livePeers(relay, device)).get("10.8.0.2/32")!;
    expect(back).toMatchObject({ publicKey: key("alice") });
    expect(back.presharedKey).not.toBe(psk);
    await stack.refresh("--expect-no-changes");
});

function inSeconds(seconds: number): string {
    return `${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** Lines of the relay's journal, once there are so many. */
async function journal(count: number): Promise<string[]> {
    const file = join(stack.place("etc"), "journal");
    const wait = `until [ "$(wc -l <"$1" 2>/dev/null || echo 0)" -ge "$2" ]; do sleep 0.2; done`;
    await relay.run(["timeout", "60", "bash", "-c", wait, "wait", file, String(count)]);
    return readFileSync(file, "utf8").trim().split("\n");
}

async function expectGone(name: string, address: string): Promise<void> {
    const etc = stack.place("etc");
    expect(await relay.run(["wg", "show", device, "peers"])).not.toContain(key(name));
    expect(readFileSync(join(etc, "peers"), "utf8")).not.toContain(key(name));
    expect(readFileSync(join(etc, "elements"), "utf8")).not.toContain(address);
    const tables = (await relay.run(["nft", "list", "tables"])).trim().split("\n");
    for (const table of tables) {
        const [, family = "", tableName = ""] = table.split(" ");
        const text = await relay.run(["nft", "list", "table", family, tableName]);
        expect(text.replace(/^\s*(?:ip|ip6) [sd]addr .*$/gm, "")).not.toContain(`${address} `);
    }
}
