import type { Finding } from "../../../core/flows/index.js";
import { tableName } from "../../../core/names.js";
import { qpTunnel } from "../../lab/command.js";
import { pauseWatcher } from "../../lab/watcher.js";
import { Pair } from "./pair.js";

// What is computed from a relay's rules, beside what its packets do.

jest.setTimeout(300_000);

let pair: Pair;
let table: string;

beforeAll(async () => {
    pair = await Pair.create("live");
    const { lab, stack, relay, alice, bob } = pair;
    table = tableName({ appName: "qp-tunnel", interface: lab.interface("relay") });
    await pair.up();
    await pauseWatcher(relay, stack.place("run"));
    await pair.hear(bob, 7, 9);
    await pair.hear(alice, 9);
});

afterAll(() => pair?.close());

async function live(): Promise<[code: number | null, differences: Finding[]]> {
    const { code, stdout, stderr } = await qpTunnel(pair.stack, ["access", "--live", "--json"]);
    if (stdout === "") throw new Error(stderr);
    const { relays } = JSON.parse(stdout) as { relays: { differences: Finding[] }[] };
    return [code, relays.flatMap(({ differences }) => differences)];
}

/** Changes the relay's ruleset by hand, looks, and restores it. */
async function changed(script: string, look: () => Promise<void>): Promise<void> {
    const { relay } = pair;
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
    expect(await pair.alice.udp("10.8.0.3", 7)).toBe("open");
    expect(await pair.alice.udp("10.8.0.3", 9)).toBe("timeout");
});

it("names a rule made by hand, whose packet passes", async () => {
    const device = pair.lab.interface("relay");
    const rule = `iifname "${device}" oifname "${device}" udp dport 9 accept`;
    // The answers come from that port.
    const back = `iifname "${device}" oifname "${device}" udp sport 9 ct state established accept`;
    await changed(`insert rule inet ${table} forward ${rule}; insert rule inet ${table} forward ${back}`, async () => {
        const [code, differences] = await live();
        expect(code).toBe(1);
        const found = differences.find(({ part, cause }) => part === "new" && cause.includes("rule 2:"));
        expect(found).toMatchObject({ kind: "extra", ports: "udp/9" });
        expect(found?.packet).toMatch(/^udp 10\.8\.0\.\d+:40000 > 10\.8\.0\.\d+:9$/);
        expect(await pair.bob.udp("10.8.0.2", 9, { fromPort: 40_000 })).toBe("open");
    });
});

it("names an element too many, whose packet passes", async () => {
    await changed(`add element inet ${table} acl4 { 10.8.0.3 . 10.8.0.2 . udp . 9 }`, async () => {
        const [code, differences] = await live();
        expect([code, differences]).toMatchObject([1, [{ kind: "extra", from: "bob", to: "alice", ports: "udp/9" }]]);
        expect(differences[0]?.packet).toBe("udp 10.8.0.3:40000 > 10.8.0.2:9");
        expect(differences[0]?.cause).toContain("element 10.8.0.3 . 10.8.0.2 . udp . 9");
        expect(await pair.bob.udp("10.8.0.2", 9, { fromPort: 40_000 })).toBe("open");
    });
});

it("names what passes when the last rule is deleted, and what does not when an element is", async () => {
    const rules = await pair.relay.run(["nft", "-a", "list", "chain", "inet", table, "forward"]);
    const [, last] = [...rules.matchAll(/counter packets \d+ bytes \d+ drop # handle (\d+)/g)].at(-1) ?? [];
    await changed(`delete rule inet ${table} forward handle ${last}`, async () => {
        const [code, differences] = await live();
        expect(code).toBe(1);
        expect(differences.map(({ cause }) => cause)).toContain(
            `table inet ${table}, chain forward: no rule decides about it, its policy does`,
        );
        expect(await pair.bob.udp("10.8.0.2", 9)).toBe("open");
    });
    await changed(`delete element inet ${table} acl4 { 10.8.0.2 . 10.8.0.3 . udp . 7 }`, async () => {
        const [, differences] = await live();
        expect(differences).toMatchObject([
            { kind: "missing", from: "alice", to: "bob", ports: "udp/7", by: "grants[0]" },
        ]);
        expect(await pair.alice.udp("10.8.0.3", 7)).toBe("timeout");
    });
});
