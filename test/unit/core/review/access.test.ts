import fc from "fast-check";

import { expand } from "../../../../core/access/index.js";
import { rightsOf } from "../../../../core/access/rights.js";
import { accessChanges, isChanged, rightsAt } from "../../../../core/review/access.js";
import type { PlannedResource } from "../../../../core/review/plan.js";
import { anyEdits, applied, program } from "../../providers/resources/edits.js";
import { inputsOf, ledgerOf, type Role } from "../../providers/resources/programs.js";
import { anyAccess } from "../flows/programs.js";

const KINDS: Partial<Record<Role, string>> = { wireguard: "WireGuard", proxy: "Proxy", grants: "Grants" };

it("says of the same program that nothing changes, and of a change the reverse of its reversal", () => {
    fc.assert(
        fc.property(program, anyEdits, (base, edits) => {
            const next = applied(base, edits);
            const then = ledgerOf(base, undefined);
            const [olds, news] = [inputsOf(base, then), inputsOf(next, ledgerOf(next, then))];
            const planned = (before: typeof olds, after: typeof olds): PlannedResource[] =>
                (Object.entries(KINDS) as [Role, string][]).map(([role, kind]) => ({
                    kind,
                    parent: "Relay",
                    before: { inputs: before[role], outputs: {} },
                    after: { inputs: after[role], outputs: {} },
                }));
            const [same, there, back] = [planned(olds, olds), planned(olds, news), planned(news, olds)].map(
                accessChanges,
            );
            expect([same?.added, same?.removed, same?.pairs.filter(isChanged)]).toEqual([[], [], []]);
            const flows = (rights: { from: string; to: string; ports: string }[] = []): string[] =>
                rights.map(({ from, to, ports }) => `${from} ${to} ${ports}`);
            expect(flows(there?.added)).toEqual(flows(back?.removed));
            expect(flows(there?.removed)).toEqual(flows(back?.added));
        }),
        { numRuns: 60, seed: 20261130 },
    );
});

it.each([
    ["no map", ["10.8.0.2 -> 10.8.0.3 icmp"]],
    ["no lists", { alice: "10.8.0.2 -> 10.8.0.3 icmp" }],
    ["no rule", { alice: ["anything"] }],
    ["no text", { alice: [{}] }],
])("does not know rules of a form that this version does not write: %s", (_form, rules) => {
    const grants = { kind: "Grants", parent: "Relay", after: { inputs: { rules }, outputs: {} } };
    expect(accessChanges([grants])).toEqual({ known: false, pairs: [], added: [], removed: [] });
});

it("names the same rights as the program does", () => {
    fc.assert(
        fc.property(anyAccess, (access) => {
            const { relay, peers, services } = access;
            const inputs = { WireGuard: { ...relay, peers }, Proxy: { services }, Grants: { rules: expand(access) } };
            const planned = Object.entries(inputs).map(([kind, each]) => ({
                ...{ kind, parent: "Relay", after: { inputs: each, outputs: {} } },
            }));
            const flows = (rights: readonly { from: string; to: string; ports: string }[] = []): string[] =>
                [...new Set(rights.map(({ from, to, ports }) => `${from} ${to} ${ports}`))].sort();
            expect(flows(rightsAt(planned, "after"))).toEqual(flows(rightsOf(access)));
            expect(rightsAt(planned, "before")).toEqual([]);
        }),
        { numRuns: 200 },
    );
});
