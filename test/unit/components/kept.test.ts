import * as pulumi from "@pulumi/pulumi";

import { keptOutputs, type Select } from "../../../components/kept.js";
import { valueOf } from "../../../components/formerUrns.js";
import { type State, urnOf, withState } from "./engineState.js";

const TYPE = "qptunnel:index:Seed";
const everything: Select = (outputs) => outputs;

/** What is kept of the seed of relay hub, and which stacks were asked. */
async function kept(state: State, select: Select): Promise<[unknown, string[]]> {
    let found: unknown;
    const { asked } = await withState(state, async () => {
        found = await valueOf(keptOutputs(TYPE, "hub-seed", undefined, select));
    });
    return [found, asked];
}

it("is what the state holds of the resource of that name", async () => {
    const state = { [urnOf("Seed", "hub-seed")]: { seed: "a" }, [urnOf("Seed", "lab-seed")]: { seed: "b" } };
    expect(await kept(state, everything)).toEqual([{ seed: "a" }, ["acme/office/prod"]]);
    expect(await kept({}, everything)).toEqual([undefined, ["acme/office/prod"]]);
});

it("is selected from it, with its URN and all of the state", async () => {
    const urn = urnOf("Seed", "hub-seed");
    const seen: unknown[] = [];
    const select: Select = (outputs, there, state) => {
        seen.push(there, [...state.keys()]);
        return { only: outputs["seed"] };
    };
    expect((await kept({ [urn]: { seed: "a", more: 1 } }, select))[0]).toEqual({ only: "a" });
    expect(seen).toEqual([urn, [urn]]);
});

it("is found under the name that its parent had before", async () => {
    let found: unknown;
    const former = "urn:pulumi:prod::office::shop:index:Part$qptunnel:index:Seed::office-seed";
    await withState({ [former]: { seed: "a" } }, async () => {
        const parent = new pulumi.ComponentResource("shop:index:Part", "hub", {}, { aliases: [{ name: "office" }] });
        found = await valueOf(keptOutputs(TYPE, "hub-seed", parent, everything));
    });
    expect(found).toEqual({ seed: "a" });
});

it("is a secret, and the state is read once for all resources of a program", async () => {
    const { asked } = await withState({}, async () => {
        const outputs = ["hub-seed", "lab-seed"].map((name) => keptOutputs(TYPE, name, undefined, everything)!);
        expect(await pulumi.isSecret(outputs[0]!)).toBe(true);
        await Promise.all(outputs.map(valueOf));
    });
    expect(asked).toHaveLength(1);
});

it("is not looked up for a resource that keeps nothing, nor in a unit test", async () => {
    const { asked } = await withState({}, () => {
        expect(keptOutputs(TYPE, "hub-seed", undefined, undefined)).toBeUndefined();
        jest.restoreAllMocks();
        expect(keptOutputs(TYPE, "hub-seed", undefined, everything)).toBeUndefined();
    });
    expect(asked).toEqual([]);
});
