import type { Drift } from "../../../../../core/drift.js";
import type { Change } from "../../../../../providers/resources/relay/change.js";
import {
    changesIn,
    driftChanges,
    driftSentences,
    effectsOf,
    logSentences,
    warn,
} from "../../../../../providers/resources/relay/compare.js";
import type { PlacedInputs } from "../../../../../providers/resources/relay/placed.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import { PLACE } from "../relays.js";
import { contextOf, lamp } from "./lifecycle.js";

const inputs = (more: Properties = {}): PlacedInputs => ({ ...PLACE, colour: "red", ...more });
const SSH = { kind: "ssh", address: "203.0.113.7", port: 22, user: "root", sudo: false, packages: "install" };
const parts = lamp("grants");

it.each<[string, Properties, Properties, object]>([
    ["another value", {}, { colour: "blue" }, { colour: "update" }],
    ["a value that is gone", {}, { colour: undefined }, { colour: "delete" }],
    ["other names", {}, { interface: "wg1", appName: "lab" }, { interface: "update", appName: "update" }],
    ["another machine", {}, { host: SSH }, { host: "update" }],
    ["another way to the same machine", { host: SSH }, { host: { ...SSH, user: "admin" } }, {}],
    ["another log", {}, { audit: { ...PLACE.audit, path: "other.jsonl" } }, {}],
    ["an input without words", {}, { size: 7 }, {}],
])("%s counts as it should", (_, then, now, changes) => {
    expect(changesIn(parts, inputs(then), inputs(now))).toEqual(changes);
});

it("an apply means: what was found, what was taken away first, and what changes, in that order", () => {
    const context = contextOf();
    const change: Change = {
        before: { inputs: inputs(), outputs: { drift: { colour: "it is green" } } },
        inputs: inputs({ colour: "blue" }),
        context,
    };
    const restoring = lamp("grants", {
        restored: () => [{ kind: "service", name: "wiki", sentence: "wiki is opened again" }],
        warnings: () => ["it is dark"],
    });
    expect(effectsOf(restoring, change)).toEqual(["hub: it is green", "hub: wiki is opened again", "hub: turns blue"]);
    warn(restoring, change);
    logSentences(change, ["one", "two"]);
    expect(context.said).toEqual(["warning: it is dark", "info: one", "info: two"]);
});

it("differences are told by the relay's name, and are changes by their path", () => {
    const drift: Drift[] = [
        { kind: "proxy", sentence: "it is gone" },
        { kind: "peer", name: "a.b", interface: "wg0", sentence: "it is cut off" },
    ];
    expect(driftSentences({ relay: "hub" }, drift)).toEqual(["hub: it is gone", "hub: it is cut off"]);
    expect(driftChanges(drift)).toEqual({ "drift.proxy": "delete", 'drift["wg0: peer a.b"]': "delete" });
    expect([driftSentences({ relay: "hub" }, []), driftChanges([])]).toEqual([[], {}]);
});
