import type { Finding } from "../../../core/flows/index.js";
import { tableName } from "../../../core/names.js";
import { qpTunnel } from "../../lab/command.js";
import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { pauseWatcher } from "../../lab/watcher.js";
import { withKeys } from "./fixtures.js";

// What is computed from a relay's rules, beside what its packets do.

jest.setTimeout(300_000);

const team = withKeys("alice", "bob");
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode, alice: LabNode, bob: LabNode;
let table: string;
const heard: Server[] = [];

beforeAll(async () => {
    lab = await Lab.create("live");
    [relay, alice, bob] = [lab.node("relay"), lab.node("alice"), lab.node("bob")];
    table = tableName({ appName: "qp-tunnel", interface: lab.interface("relay") });
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        endpoint: `${relay.place.wan}:51820`,
        peers: team.map(({ name, publicKey }) => ({ name, publicKey })),
        grants: [{ from: ["alice"], to: "bob", ports: ["udp/7"] }],
    });
    await stack.up();
    await pauseWatcher(relay, stack.place("run"));
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    for (const node of [alice, bob]) {
        const { privateKey } = team.find(({ name }) => name === node.name)!;
        await node.wgQuickUp(configs[node.name]!, lab.interface(node.name), privateKey);
    }
    heard.push(await bob.udpEcho(7), await bob.udpEcho(9), await alice.udpEcho(9));
});

afterAll(async () => {
    for (const server of heard) await server.stop();
    lab?.close();
    stack?.close();
});

async function live(): Promise<[code: number | null, differences: Finding[]]> {
    const { code, stdout, stderr } = await qpTunnel(stack, ["access", "--live", "--json"]);
    if (stdout === "") throw new Error(stderr);
    const { relays } = JSON.parse(stdout) as { relays: { differences: Finding[] }[] };
    return [code, relays.flatMap(({ differences }) => differences)];
}

/** Changes the relay's ruleset by hand, looks, and restores it. */
async function changed(script: string, look: () => Promise<void>): Promise<void> {
    const whole = await relay.run(["nft", "-s", "list", "table", "inet", table]);
    await relay.run(["nft", "-f", "-"], { input: script });
    try {
        await look();
    } finally {
        await relay.run(["nft", "-f", "-"], { input: `delete table inet ${table}\n${whole}` });
    }
}

it("finds nothing on a relay that is as its program says", async () => {
    expect(await live()).toEqual([0, []]);
    expect(await alice.udp("10.8.0.3", 7)).toBe("open");
    expect(await alice.udp("10.8.0.3", 9)).toBe("timeout");
});

it("names a rule made by hand, whose packet passes", async () => {
    const device = lab.interface("relay");
    const rule = `iifname "${device}" oifname "${device}" udp dport 9 accept`;
    // The answers come from that port.
    const back = `iifname "${device}" oifname "${device}" udp sport 9 ct state established accept`;
    await changed(`insert rule inet ${table} forward ${rule}; insert rule inet ${table} forward ${back}`, async () => {
        const [code, differences] = await live();
        expect(code).toBe(1);
        const found = differences.find(({ part, cause }) => part === "new" && cause.includes("rule 2:"));
        expect(found).toMatchObject({ kind: "extra", ports: "udp/9" });
        expect(found?.packet).toMatch(/^udp 10\.8\.0\.\d+:40000 > 10\.8\.0\.\d+:9$/);
        expect(await bob.udp("10.8.0.2", 9, { fromPort: 40_000 })).toBe("open");
    });
});

it("names an element too many, whose packet passes", async () => {
    await changed(`add element inet ${table} acl4 { 10.8.0.3 . 10.8.0.2 . udp . 9 }`, async () => {
        const [code, differences] = await live();
        expect([code, differences]).toMatchObject([1, [{ kind: "extra", from: "bob", to: "alice", ports: "udp/9" }]]);
        expect(differences[0]?.packet).toBe("udp 10.8.0.3:40000 > 10.8.0.2:9");
        expect(differences[0]?.cause).toContain("element 10.8.0.3 . 10.8.0.2 . udp . 9");
        expect(await bob.udp("10.8.0.2", 9, { fromPort: 40_000 })).toBe("open");
    });
});

it("names what passes when the last rule is deleted, and what does not when an element is", async () => {
    const rules = await relay.run(["nft", "-a", "list", "chain", "inet", table, "forward"]);
    const [, last] = [...rules.matchAll(/counter packets \d+ bytes \d+ drop # handle (\d+)/g)].at(-1) ?? [];
    await changed(`delete rule inet ${table} forward handle ${last}`, async () => {
        const [code, differences] = await live();
        expect(code).toBe(1);
        expect(differences.map(({ cause }) => cause)).toContain(
            `table inet ${table}, chain forward: no rule decides about it, its policy does`,
        );
        expect(await bob.udp("10.8.0.2", 9)).toBe("open");
    });
    await changed(`delete element inet ${table} acl4 { 10.8.0.2 . 10.8.0.3 . udp . 7 }`, async () => {
        const [, differences] = await live();
        expect(differences).toMatchObject([
            { kind: "missing", from: "alice", to: "bob", ports: "udp/7", by: "grants[0]" },
        ]);
        expect(await alice.udp("10.8.0.3", 7)).toBe("timeout");
    });
});
