import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { parseRule } from "../../core/access/index.js";
import {
    type ParsedTable,
    type SkeletonArgs,
    elementsOf,
    parseTable,
    type SetElements,
    renderElements,
    renderSkeleton,
} from "../../core/nftables/index.js";
import { RelayFolder } from "../unit/providers/relay/shell.js";
import { elementsText } from "./elements.js";

// The kernel's own word on our texts. Root; everything happens in network namespaces that end with their process.

const TABLE = "qp_tunnel_wg0";
const SKELETON: SkeletonArgs = {
    table: TABLE,
    interface: "wg0",
    interfaces: ["wg0", "wg1"],
    subnet: "10.8.0.0/24",
    address: "10.8.0.1",
    routes: ["192.168.50.0/24", "172.16.0.0/12"],
};
const DUAL: SkeletonArgs = {
    ...SKELETON,
    subnet6: "fd00:8::/64",
    address6: "fd00:8::1",
    routes: [...SKELETON.routes, "fd00:50::/64"],
};
const RULES = [
    "10.8.0.1 -> 10.8.0.4 tcp/3000",
    "10.8.0.2 -> 10.8.0.1 tcp/8443",
    "10.8.0.2 -> 10.8.0.4 tcp/22",
    "10.8.0.2 -> 10.8.0.4 tcp/20-30",
    "10.8.0.2 -> 10.8.0.4 tcp/25-40",
    "10.8.0.2 -> 10.8.0.4 all",
    "10.8.0.2 -> 192.168.7.0/24 all",
    "10.8.0.2 -> 192.168.7.9 all",
    "10.8.0.2 -> 192.168.0.0/16 tcp/1-65535",
    "10.8.0.2 -> 192.168.7.0/24 tcp/443",
    "10.8.0.3 -> 192.168.7.0/25 udp/53",
    "10.8.0.3 -> 10.8.0.4 icmp",
    "fd00:8::2 -> fd00:8::1 tcp/8443",
    "fd00:8::2 -> fd00:7::/64 udp/5000-6000",
    "fd00:8::2 -> fd00:7::/64 all",
    "fd00:8::3 -> fd00:7:0:1::/127 icmp",
].map(parseRule);

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "qp-tunnel-nft-"))));
afterAll(() => rmSync(folder, { recursive: true }));

/** Loads each text as a transaction of its own, in one fresh namespace, and reads the table back. */
function load(...texts: string[]): ParsedTable {
    const files = texts.map((text, index) => {
        const file = join(folder, `${index}.nft`);
        writeFileSync(file, text);
        return file;
    });
    const script = `for file; do nft -f "$file" || exit; done; nft -j list table inet ${TABLE}`;
    const output = execFileSync("unshare", ["-n", "sh", "-c", script, "sh", ...files], {
        encoding: "utf8",
        stdio: "pipe",
        maxBuffer: 1 << 28,
    });
    return parseTable(JSON.parse(output))!;
}

/** Fills the sets of one namespace twice by the relay's program: what is in them then, and what nft was told the second time. */
function refill(from: SetElements, to: SetElements): { sets: ParsedTable["sets"]; said: Record<string, string[]> } {
    const relay = new RelayFolder({ "etc/elements": renderElements(from), "work/wanted": renderElements(to) });
    try {
        relay.write("work/skeleton.nft", renderSkeleton(DUAL));
        const script = `
            nft -f "$work/skeleton.nft"
            remember_elements
            fill_sets
            nft() { [[ "$1" != -f ]] || cat -- "$2" >>"$work/said"; command nft "$@"; }
            fill_sets "$work/wanted"
            command nft -j list table inet ${TABLE}
            [[ ! -f "$work/said" ]] || cat -- "$work/said"`;
        const [listed = "", ...lines] = relay.run(script, { table: TABLE }, ["unshare", "-n"]).trim().split("\n");
        const said: Record<string, string[]> = { add: [], delete: [] };
        for (const [, verb, set, list] of lines.join("").matchAll(/(\w+) element inet \w+ (\w+) \{([^}]*)\}/g))
            said[verb!]!.push(...list!.split(",").map((element) => `${set} ${element.trim()}`));
        for (const list of Object.values(said)) list.sort();
        return { sets: parseTable(JSON.parse(listed))!.sets, said };
    } finally {
        relay.remove();
    }
}

/** Sets that the relay's program fills. */
const FILLED_THERE = Object.fromEntries(
    ["behind", "closed", "owner4", "owner6", "self4", "self6", "switched4", "switched6"].map((name) => [name, []]),
);

test("a skeleton loads before its interface exists, and again over itself", () => {
    const once = load(renderSkeleton(SKELETON));
    expect(load(renderSkeleton(SKELETON), renderSkeleton(SKELETON))).toEqual(once);
    expect(once.sets).toEqual({
        acl4: [],
        acl6: [],
        any4: [],
        any6: [],
        net4: [],
        net6: [],
        ours: ["wg0", "wg1"],
        ping4: [],
        ping6: [],
        ...FILLED_THERE,
    });
    expect(once.chains["guard"]).toEqual([
        "type filter hook prerouting priority -290 policy accept",
        "iifname lo accept",
        "iifname @ours meta nfproto ipv6 counter drop",
        "iifname @ours update @seen4 { ip saddr }",
        "iifname @ours ip daddr 10.8.0.1 icmp type echo-request notrack",
        "iifname @ours accept",
        "ip saddr 10.8.0.0/24 counter drop",
        "ip daddr 10.8.0.0/24 counter drop",
    ]);
});

test("every rule comes back in the words it was written in", () => {
    const text = renderSkeleton(DUAL);
    const { chains } = load(text);
    for (const [name, [, ...rules]] of Object.entries(chains)) {
        const [, body] = text.split(`chain ${name} {\n`);
        const written = body!.split("\n    }\n")[0]!.split("\n").slice(1);
        expect(rules.map(withoutOrder)).toEqual(written.map((line) => withoutOrder(line.trim().replaceAll('"', ""))));
    }
});

test("elements come back as they were written, on a table of their own and over older ones", () => {
    const elements = elementsOf(RULES);
    const older = elementsOf([parseRule("10.8.0.2 -> 10.8.0.4 tcp/1-65535"), parseRule("10.8.0.2 -> 0.0.0.0/0 all")]);
    const sets = { ...FILLED_THERE, ...elements, ours: ["wg0", "wg1"] };
    expect(load(renderSkeleton(DUAL) + elementsText(TABLE, elements)).sets).toEqual(sets);
    expect(load(renderSkeleton(DUAL) + elementsText(TABLE, older), elementsText(TABLE, elements)).sets).toEqual(sets);
    expect(load(renderSkeleton(DUAL) + elementsText(TABLE, elements), elementsText(TABLE, elements)).sets).toEqual(
        sets,
    );
});

test("any state of the rules becomes any other, and an element of both is never taken out", () => {
    const some = fc.subarray(RULES);
    fc.assert(
        fc.property(some, some, (before, after) => {
            const [from, to] = [elementsOf(before), elementsOf(after)];
            const { sets, said } = refill(from, to);
            expect(sets).toEqual({ ...FILLED_THERE, ...to, ours: ["wg0", "wg1"] });
            const [old, wanted] = [from, to].map((each) => renderElements(each).split("\n").filter(Boolean));
            expect(said).toEqual({
                add: wanted!.filter((element) => !old!.includes(element)).sort(),
                delete: old!.filter((element) => !wanted!.includes(element)).sort(),
            });
        }),
        { numRuns: 25 },
    );
});

test("overlapping intervals really are refused, which is why elementsOf makes none", () => {
    const add = (ports: string) => `add element inet ${TABLE} net4 { 10.8.0.2 . 10.8.0.4 . tcp . ${ports} }\n`;
    expect(() => load(renderSkeleton(SKELETON), add("20-30"), add("25-40"))).toThrow("File exists");
});

test("ten thousand peers' elements load", () => {
    const rules = Array.from({ length: 10_000 }, (_, index) => {
        const from = `10.${8 + (index >> 14)}.${(index >> 8) & 63}.${index & 255}`;
        return [parseRule(`${from} -> 10.8.0.1 tcp/8443`), parseRule(`${from} -> 192.168.7.0/24 tcp/8000-8100`)];
    }).flat();
    const { sets } = load(renderSkeleton(SKELETON) + elementsText(TABLE, elementsOf(rules)));
    expect([sets["acl4"]!.length, sets["net4"]!.length]).toEqual([10_000, 10_000]);
});

/** nft sorts what stands in braces its own way, and leaves them out around a single value. */
function withoutOrder(rule: string): string {
    return rule.replace(/\{ ([^}]*) \}/g, (_, list: string) => {
        const [only = "", ...more] = list.split(", ").sort();
        return more.length === 0 && !rule.includes("update") ? only : `{ ${[only, ...more].join(", ")} }`;
    });
}
