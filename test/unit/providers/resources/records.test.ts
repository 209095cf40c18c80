import { readFileSync } from "node:fs";

import type { Announcement } from "../../../../providers/resources/relay/announcement.js";
import type { PlacedInputs, PlacedOutputs } from "../../../../providers/resources/relay/placed.js";
import { type GrantsInputs, type GrantsOutputs, readGrants } from "../../../../providers/resources/grants/inputs.js";
import { readWireGuardOutputs } from "../../../../providers/resources/wireguard/outputs.js";
import type { Context, Properties } from "../../../../providers/resources/resource.js";
import { joinDetails } from "../../../../core/audit/parts.js";
import type { AuditLine } from "../../../../core/audit/record.js";
import { MAX_LINE_BYTES } from "../../../../core/audit/seal.js";
import type { RegistryPeer } from "../../../../core/registry/model.js";
import { AuditLog } from "../../../../providers/audit/log.js";
import { verifyFile } from "../../../../providers/audit/verifyFile.js";
import { firewallParts } from "../../../../providers/resources/firewall/firewall.js";
import { grantsParts } from "../../../../providers/resources/grants/grants.js";
import { hostParts } from "../../../../providers/resources/host/host.js";
import { proxyParts } from "../../../../providers/resources/proxy/proxy.js";
import type { RelayResourceParts } from "../../../../providers/resources/relay/parts.js";
import type { Change } from "../../../../providers/resources/relay/change.js";
import { wireguardParts } from "../../../../providers/resources/wireguard/wireguard.js";
import { beginOf, outcomesOf } from "../../../../providers/resources/wireguard/records.js";
import { scratchProject } from "../audit/scratch.js";
import { changeOf, KEYS, peer, PLACE, registered, wireInputs } from "./relays.js";

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

describe("a peer that comes back", () => {
    const now = { alice: registered({ ...alice, since: "2027-01-02T00:00:00Z" }) };
    const added = (past: object, more: Partial<RegistryPeer> = {}): object | undefined => {
        const inputs = wireInputs({ alice: { ...alice, ...more } });
        const change = changeOf(wireInputs({}), inputs, { registry: past });
        const [record] = outcomesOf(change, readWireGuardOutputs({ registry: now }), {});
        return record;
    };

    it("is reinstated, and was cut off then", () => {
        const past = { alice: registered({ ...alice, status: "revoked", revokedAt: "2027-01-01T00:00:00Z" }) };
        expect(added(past, { admitted: 2 })).toMatchObject({
            action: "peer_add",
            message: "Reinstated peer alice (10.8.0.2) on relay hub",
            details: { reinstated: true, admitted: 2, revoked_at: "2027-01-01T00:00:00Z" },
        });
    });

    it("is told as whom the key was cut off, when the name differs", () => {
        const past = { al: registered({ ...alice, status: "revoked", revokedAt: "2027-01-01T00:00:00Z" }) };
        const record = added(past, { admitted: 2 });
        expect(record).toMatchObject({ details: { reinstated: true, revoked_as: "al" } });
        expect(record).not.toHaveProperty("details.formerly");
    });

    it("is an ordinary addition when there was none before", () => {
        expect(added({})).toMatchObject({ action: "peer_add", message: "Added peer alice (10.8.0.2) on relay hub" });
        expect(added({})).not.toHaveProperty("details.reinstated");
    });
});

test("the page's first example is what an update writes", () => {
    const change = changeOf(
        wireInputs({ alice }),
        wireInputs({ alice, bob: peer("10.8.0.3", { publicKey: KEYS.bob }) }),
    );
    const registry = {
        alice: registered({ ...alice }),
        bob: registered({ address: "10.8.0.3", publicKey: KEYS.bob }),
    };
    const begun = beginOf(change);
    const written = [
        [`${begun.action}_begin`, begun.message],
        ...outcomesOf(change, { registry }, {}).map(({ action, message }) => [action, message]),
    ];
    const page = readFileSync(`${__dirname}/../../../../docs/audit.md`, "utf8");
    const shown = page
        .split("\n")
        .filter((line) => /^2026-\S+Z +alice +/.test(line))
        .map((line) => /^\S+ +alice +(\S+) +(.*)$/.exec(line)!.slice(1, 3));
    expect(shown).toEqual(written.map(([action, message]) => [action, message!.replace("hub", "relay")]));
});
