import { retainedRecords, retainedSentences } from "../../../../../providers/resources/relay/retained.js";
import type { Change } from "../../../../../providers/resources/relay/change.js";

function change(then: boolean | undefined, now: boolean | undefined): Change {
    const inputs = (retained: boolean | undefined): Record<string, unknown> => ({
        relay: "hub",
        ...(retained === undefined ? {} : { retained }),
    });
    return { before: { inputs: inputs(then), outputs: {} }, inputs: inputs(now) } as Change;
}

it.each([
    [undefined, true, /^hub: stays on its machine when it is removed from the program, with its peers connected/],
    [
        true,
        undefined,
        /^hub: will be removed from its machine when it is removed from the program: `retainOnDelete` is no longer set$/,
    ],
])("says and records that a relay was let go, or no longer (%s to %s)", (then, now, words) => {
    expect(retainedSentences(change(then, now))).toEqual([expect.stringMatching(words)]);
    expect(retainedRecords(change(then, now))).toMatchObject([
        { action: "relay_retain", details: { relay: "hub", retained: now === true } },
    ]);
});

it.each([
    [undefined, undefined],
    [undefined, false],
    [true, true],
])("says nothing where it is as it was (%s and %s)", (then, now) => {
    expect([...retainedSentences(change(then, now)), ...retainedRecords(change(then, now))]).toEqual([]);
});
