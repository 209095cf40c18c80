import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Review } from "../../../core/review/model.js";
import { Lab, type TOPOLOGY } from "../../lab/index.js";
import { qpTunnel } from "../../lab/command.js";
import { Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";

// What the engine's own previews mean for those who are connected, as qp-tunnel review reads it.

jest.setTimeout(300_000);

const team = withKeys("alice", "bob", "nas").map(({ name, publicKey }) => ({ name, publicKey }));
const [alice, bob, nas] = team as [(typeof team)[number], (typeof team)[number], (typeof team)[number]];
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;

beforeAll(async () => {
    lab = await Lab.create("review");
    stack = await Stack.create({
        namespace: lab.node("relay").namespace,
        interface: lab.interface("relay"),
        endpoint: `${lab.node("relay").place.wan}:51820`,
        peers: [alice, nas],
        grants: [{ from: ["alice"], to: "nas", ports: ["tcp/22"] }],
    });
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

/** The review of a preview that is written into a file, as a pipeline does it. */
async function reviewed(...options: string[]): Promise<Review> {
    const { stdout: plan } = await stack.succeed(["preview", "--json", ...options]);
    stack.file("plan.json", plan);
    const { code, stdout, stderr } = await qpTunnel(stack, ["review", "plan.json", "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    return JSON.parse(stdout) as Review;
}

it("reviews a relay that is created", async () => {
    const { relays, errors } = await reviewed();
    expect([errors, relays]).toMatchObject([
        [],
        [
            {
                relay: "relay",
                change: "created",
                peers: {
                    added: [
                        { name: "alice", addresses: ["10.8.0.2"] },
                        { name: "nas", addresses: ["10.8.0.3"] },
                    ],
                },
                access: { added: [{ from: "alice", to: "nas", ports: "tcp/22" }], removed: [] },
            },
        ],
    ]);
    await stack.up();
});

it("reviews one who comes and one who goes, and fails on what it is told", async () => {
    stack.declare({ peers: [bob, nas], grants: [{ from: ["bob"], to: "nas", ports: ["all"] }] });
    const { relays, sentences, log } = await reviewed("--show-sames");
    expect(relays).toMatchObject([
        {
            change: "kept",
            peers: { added: [{ name: "bob", addresses: ["10.8.0.4"] }], cut: [{ name: "alice" }], changed: [], unchanged: 1 },
            access: {
                known: true,
                added: [{ from: "bob", to: "nas", ports: "all" }],
                removed: [{ from: "alice", to: "nas", ports: "tcp/22" }],
            },
        },
    ]);
    expect(sentences.map(({ effect }) => effect)).toEqual(
        expect.arrayContaining(["added", "cut", "unaffected", "gained", "lost"]),
    );
    expect(log?.size).toBeGreaterThan(5);
    const failing = await qpTunnel(stack, ["review", "plan.json", "--html", "review.html", "--fail-on", "cut,all-ports"]);
    expect([failing.code, failing.stderr]).toEqual([
        1,
        "cut: relay: alice is cut off\nall-ports: relay: bob is now allowed to reach nas all\n",
    ]);
    expect(failing.stdout).toMatch(/^## Relays: 1 peer added, 1 peer cut off, /);
    expect(readFileSync(join(stack.folder, "review.html"), "utf8")).toContain("<td>bob</td><td>nas</td><td>–</td><td>all</td>");
    expect((await qpTunnel(stack, ["review", "plan.json", "--fail-on", "interrupted,internet"])).code).toBe(0);
    await stack.up();
}); // prettier-ignore

it("runs the preview itself, and names both ends of a grant although no peer changes", async () => {
    stack.declare({ grants: [{ from: ["nas"], to: "bob", ports: ["icmp"] }] });
    const env = { PULUMI_CONFIG_PASSPHRASE: stack.env["PULUMI_CONFIG_PASSPHRASE"]! };
    const { code, stdout } = await qpTunnel(stack, ["review"], { env });
    expect(code).toBe(0);
    expect(stdout).toContain("| `relay` | `nas` | `bob` | – | `icmp` |");
    expect(stdout).toContain("| `relay` | `bob` | `nas` | `all` | – |");
});
