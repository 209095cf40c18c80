import { sentencesOf } from "../../../../../providers/resources/effects.js";
import { grantsWording } from "../../../../../providers/resources/grants/sentences.js";
import type { Change } from "../../../../../providers/resources/relay/change.js";
import { UNKNOWN, type Properties } from "../../../../../providers/resources/resource.js";

const inputs = (rules: Record<string, string[]>): Properties => ({
    relay: "hub",
    appName: "corp",
    interface: "wg0",
    host: { kind: "local" },
    rules,
});

function said(then: Record<string, string[]>, now: Record<string, string[]>): string[] {
    const change = { before: { inputs: inputs(then), outputs: {} }, inputs: inputs(now) } as unknown as Change;
    return sentencesOf(grantsWording, change);
}

it("says that rules are not known yet, and not that all of them end", () => {
    const before = inputs({ bob: ["10.8.0.3 -> 10.8.0.1 tcp/22"] });
    const change = { before: { inputs: before, outputs: {} }, inputs: { ...before, rules: UNKNOWN } };
    expect(sentencesOf(grantsWording, change as unknown as Change)).toEqual([
        "hub: the access rules are not known before the update: other resources supply values in them",
    ]);
});

it("says from which peer an address and its rights are taken over", () => {
    expect(said({ bob: ["10.8.0.3 -> 10.8.0.1 tcp/22"] }, { bob2: ["10.8.0.3 -> 10.8.0.1 tcp/22"] })).toEqual([
        "hub: bob2 is allowed to reach 10.8.0.1 tcp/22, as bob was until now",
    ]);
});

it("reports no removal for a peer that reaches the same from another address", () => {
    expect(
        said(
            { carol: ["10.8.0.4 -> 10.8.0.1 tcp/22"], erin: ["10.8.0.6 -> 10.8.0.1 tcp/22"] },
            { carol2: ["10.8.0.6 -> 10.8.0.1 tcp/22"], erin: ["10.8.0.104 -> 10.8.0.1 tcp/22"] },
        ),
    ).toEqual([
        "hub: carol is no longer allowed to reach 10.8.0.1 tcp/22; running connections end at once",
        "hub: carol2 is allowed to reach 10.8.0.1 tcp/22",
        "hub: erin is still allowed to reach 10.8.0.1 tcp/22, now from a different address",
    ]);
});

it("says of everybody what is lost, also where somebody else moves to the address", () => {
    expect(
        said(
            { carol: ["10.8.0.4 -> 10.8.0.1 tcp/22"], erin: ["10.8.0.6 -> 10.8.0.1 tcp/22"] },
            { erin: ["10.8.0.4 -> 10.8.0.1 tcp/22"] },
        ),
    ).toEqual([
        "hub: carol is no longer allowed to reach 10.8.0.1 tcp/22; running connections end at once",
        "hub: erin is still allowed to reach 10.8.0.1 tcp/22, now from a different address",
    ]);
});
