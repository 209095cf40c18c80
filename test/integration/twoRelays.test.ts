import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { parseRule } from "../../core/access/index.js";
import { conflicts, elementsOf, renderSkeleton, type SkeletonArgs } from "../../core/nftables/index.js";
import { elementsText } from "./elements.js";

// What the kernel lists of two relays on one machine. Root; in a network namespace that ends with its process.

jest.setTimeout(120_000);

/** The ordinary run repeats the same relays. */
const OPTIONS = process.env["SLOW"] === "1" ? { numRuns: 100 } : { numRuns: 12, seed: 20261129 };

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "qp-tunnel-two-"))));
afterAll(() => rmSync(folder, { recursive: true }));

interface Sketch {
    dual: boolean;
    routes: boolean;
    leaf: boolean;
    epochs: boolean;
    rules: string[];
}

const sketch = fc.record<Sketch>({
    dual: fc.boolean(),
    routes: fc.boolean(),
    leaf: fc.boolean(),
    epochs: fc.boolean(),
    rules: fc.subarray(["2 -> 3 tcp/22", "2 -> 1 tcp/8443", "3 -> 2 all", "2 -> 3 udp/5000-6000", "2 -> 3 icmp"]),
});

const PORTS = [51820, 51830];

function relayOf({ dual, routes, leaf, epochs }: Sketch, index: number): SkeletonArgs {
    return {
        table: `qp_tunnel_wg${index}`,
        interface: `wg${index}`,
        interfaces: epochs ? [`wg${index}`, `wg${index}b`] : [`wg${index}`],
        subnet: `10.${8 + index}.0.0/24`,
        address: `10.${8 + index}.0.1`,
        routes: routes ? [`192.168.${50 + index}.0/24`] : [],
        ...(dual ? { subnet6: `fd00:${8 + index}::/64`, address6: `fd00:${8 + index}::1` } : {}),
        ...(leaf ? { leaf } : {}),
    };
}

function textOf(given: Sketch, index: number): string {
    const args = relayOf(given, index);
    const at = (rule: string): string => rule.replace(/^(\d) -> (\d)/, `10.${8 + index}.0.$1 -> 10.${8 + index}.0.$2`);
    return `${renderSkeleton(args)}${elementsText(args.table, elementsOf(given.rules.map(at).map(parseRule)))}`;
}

function listed(...texts: string[]): unknown {
    const files = texts.map((text, index) => {
        const file = join(folder, `${index}.nft`);
        writeFileSync(file, text);
        return file;
    });
    const script = 'for file; do nft -f "$file" || exit; done; nft -j list ruleset';
    return JSON.parse(
        execFileSync("unshare", ["-n", "sh", "-c", script, "sh", ...files], { encoding: "utf8", stdio: "pipe" }),
    );
}

/** What is said of everything that is not this relay's. */
function said(ruleset: unknown, { table, interfaces, subnet, subnet6, routes }: SkeletonArgs, port: number): string[] {
    return conflicts(ruleset, {
        tables: [table],
        interfaces,
        ports: [port],
        subnets: subnet6 === undefined ? [subnet] : [subnet, subnet6],
        forwards: routes.length > 0,
    });
}

it("reports neither of two relays on a machine as what is in the other's way, and still reports what is", () => {
    fc.assert(
        fc.property(sketch, sketch, (one, other) => {
            const texts = [textOf(one, 0), textOf(other, 1)];
            const blocking = "table inet mine { chain c { type filter hook input priority 5; policy drop; }; }\n";
            const [alone, blocked] = [listed(...texts), listed(...texts, blocking)];
            for (const [index, given] of [one, other].entries()) {
                const relay = relayOf(given, index);
                expect(said(alone, relay, PORTS[index]!)).toEqual([]);
                expect(said(blocked, relay, PORTS[index]!)).toEqual([
                    expect.stringContaining("table inet mine, chain c (hook input) drops by policy"),
                ]);
            }
        }),
        OPTIONS,
    );
});
