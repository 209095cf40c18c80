import { readFileSync } from "node:fs";

import type { Announcement } from "../../../../providers/resources/relay/announcement.js";
import type { PlacedInputs, PlacedOutputs } from "../../../../providers/resources/relay/placed.js";
import { type GrantsInputs, type GrantsOutputs, readGrants } from "../../../../providers/resources/grants/inputs.js";
import type { Context, Properties } from "../../../../providers/resources/resource.js";
import { joinDetails } from "../../../../core/audit/parts.js";
import type { AuditLine } from "../../../../core/audit/record.js";
import { MAX_LINE_BYTES } from "../../../../core/audit/seal.js";
import { AuditLog } from "../../../../providers/audit/log.js";
import { verifyFile } from "../../../../providers/audit/verifyFile.js";
import { firewallParts } from "../../../../providers/resources/firewall/firewall.js";
import { grantsParts } from "../../../../providers/resources/grants/grants.js";
import { hostParts } from "../../../../providers/resources/host/host.js";
import { proxyParts } from "../../../../providers/resources/proxy/proxy.js";
import type { RelayResourceParts } from "../../../../providers/resources/relay/parts.js";
import type { Change } from "../../../../providers/resources/relay/change.js";
import { wireguardParts } from "../../../../providers/resources/wireguard/wireguard.js";
import { scratchProject } from "../audit/scratch.js";
import { KEYS, peer, PLACE, wireInputs } from "./relays.js";

const alice = peer("10.8.0.2", { publicKey: KEYS.alice });

describe("begin records", () => {
    const inputs: Properties = {
        ...wireInputs({ alice }),
        rules: {},
        services: {},
        addresses: ["10.8.0.1"],
        routes: [],
    };
    const imperative = /^(?:Apply|Load|Remove|Set up|Update) /;

    const announced = <I extends PlacedInputs, O extends PlacedOutputs>(
        parts: RelayResourceParts<I, O>,
    ): [string, string[], Announcement | undefined] => {
        const told = parts.parse({ subnet: "10.8.0.0/24", ...inputs });
        const begin = parts.begin({ inputs: told, context: {} as Context });
        return [parts.type, [begin.message], parts.ending(told, parts.parseOutputs({}))[0]];
    };

    test.each([
        announced(hostParts),
        announced(firewallParts),
        announced(wireguardParts),
        announced(proxyParts),
        announced(grantsParts),
    ])("of %s do not say that it is done", (_type, [begin], ending) => {
        expect(begin).toMatch(imperative);
        expect(ending?.begin).toMatch(imperative);
        expect(ending?.message).not.toMatch(imperative);
    });
});

describe("changed access rules", () => {
    scratchProject();
    const rule = (n: number): string => `10.8.${n >> 8}.${n & 255} -> 10.8.0.1 tcp/${(n % 60_000) + 1}`;
    const told = (rules: string[]): GrantsInputs => readGrants({ ...PLACE, rules: { a: rules } });
    const change = (before: string[], now: string[]): Change<GrantsInputs, GrantsOutputs> => ({
        before: { inputs: told(before), outputs: {} },
        inputs: told(now),
        context: {} as Context,
    });

    test.each([3, 201, 5_000])("are all recorded, each of %i, in lines that are not too long", async (count) => {
        const rules = Array.from({ length: count }, (_, n) => rule(n));
        const half = rules.slice(0, Math.floor(count / 2));
        const log = await AuditLog.open({ path: "audit/dev.jsonl", project: "shop", stack: "dev" });
        await log.append(grantsParts.begin(change(rules, half)));
        await log.append(grantsParts.outcomes(change(half, rules), { elements: count }, {})[0]!);
        await verifyFile("audit/dev.jsonl", { mode: "full" });

        const lines = readFileSync("audit/dev.jsonl", "utf8").split("\n").slice(1, -1);
        for (const line of lines) expect(line.length).toBeLessThan(MAX_LINE_BYTES);
        const records = lines.map((line) => JSON.parse(line) as AuditLine);
        const operations = [...new Set(records.map(({ correlation_id }) => correlation_id))];
        const details = operations.map((id) => joinDetails(records.filter((each) => each.correlation_id === id)));
        expect(details).toEqual([
            {
                relay: "hub",
                added: [],
                removed: rules.slice(half.length),
                added_count: 0,
                removed_count: count - half.length,
            },
            {
                relay: "hub",
                added: rules.slice(half.length),
                removed: [],
                added_count: count - half.length,
                removed_count: 0,
                elements: count,
            },
        ]);
    });
});
