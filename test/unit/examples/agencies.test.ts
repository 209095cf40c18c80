import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";

import type { Offer } from "../../../core/offers/index.js";
import { type Registered, runProgram } from "../program.js";

// The programs of the two agencies as they stand, without an engine: what each gives is what the other reads.

const AGENCIES = join(__dirname, "../../../examples/agencies");

interface Exported {
    offer: Offer;
    configs: Record<string, string>;
    url?: string;
}

async function program(name: "alder" | "birch"): Promise<{ registered: Registered[]; outputs: Exported }> {
    return runProgram(() => {
        const found = require(join(AGENCIES, name, "index")) as (() => Promise<object>) | object;
        return pulumi.output(typeof found === "function" ? (found as () => Promise<object>)() : found);
    }) as unknown as Promise<{ registered: Registered[]; outputs: Exported }>;
}

const committed = (path: string): Offer => JSON.parse(readFileSync(join(AGENCIES, path), "utf8")) as Offer;
const rulesIn = (registered: Registered[]): unknown =>
    registered.find(({ type }) => type === "qptunnel:index:Grants")?.inputs["rules"];

test("Alder admits those whom Birch offers, and gives what Birch has committed", async () => {
    const { registered, outputs } = await program("alder");
    expect(rulesIn(registered)).toEqual({
        alice: ["10.8.0.2 -> 10.8.0.1 tcp/8443", "10.8.0.2 -> 10.8.0.3 tcp/22"],
        "birch-bob": ["10.8.0.4 -> 10.8.0.1 tcp/8443", "10.8.0.4 -> 10.8.0.3 tcp/22"],
    });
    expect(outputs.url).toBe("https://wiki.alder.internal:8443");
    const { log, from: _project, ...offer } = outputs.offer;
    const { from, ...received } = committed("birch/offers/alder.json");
    expect([offer, log, from]).toEqual([received, { note: "n" }, "alder"]);
});

test("Birch admits the peer that Alder shares, and gives what Alder has committed", async () => {
    const { registered, outputs } = await program("birch");
    expect(rulesIn(registered)).toEqual({
        "alder-archive": ["10.9.0.2 -> 10.9.0.4 tcp/22"],
        bob: ["10.9.0.3 -> 10.9.0.4 all"],
    });
    const { log: _log, from: _project, ...offer } = outputs.offer;
    const { from, ...received } = committed("alder/offers/birch.json");
    expect([offer, from]).toEqual([received, "birch"]);
});

test("what users get names neither the library nor the other agency's own peers", async () => {
    for (const [name, names] of [
        ["alder", ["alice", "archive", "birch-bob"]],
        ["birch", ["alder-archive", "bob", "nas"]],
    ] as const) {
        const { configs } = (await program(name)).outputs;
        expect(Object.keys(configs).sort()).toEqual(names);
        for (const config of Object.values(configs)) expect(config).not.toMatch(/qp[-_]?tunnel/i);
    }
});
