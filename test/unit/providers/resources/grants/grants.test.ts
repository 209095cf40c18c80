import { storeDrift } from "../../../../../core/drift.js";
import { grantsParts } from "../../../../../providers/resources/grants/grants.js";
import { readGrants } from "../../../../../providers/resources/grants/inputs.js";
import { NOTHING_REMOVED } from "../../../../../providers/resources/relay/removedFirst.js";
import { contextOf } from "../relay/lifecycle.js";
import { PLACE } from "../relays.js";

const RULE = "10.8.0.2 -> 10.8.0.1 tcp/22";
const OTHER = "10.8.0.3 -> 10.8.0.1 tcp/22";
const inputs = (...rules: string[]) => readGrants({ ...PLACE, rules: { alice: rules } });
const kernel = (...elements: string[][]): { nft: string } => ({
    nft: JSON.stringify({
        nftables: [
            { table: {} },
            {
                set: {
                    family: "inet",
                    table: "t",
                    name: "acl4",
                    handle: 1,
                    type: "x",
                    elem: elements.map((concat) => ({ concat })),
                },
            },
        ],
    }),
});
const THERE = ["10.8.0.2", "10.8.0.1", "tcp", "22"];

it("what is granted and missing in the kernel, and the reverse, are differences; a table that is gone is Firewall's", () => {
    const drift = (answer: Parameters<typeof grantsParts.drift>[2]): Record<string, string> =>
        storeDrift(grantsParts.drift(inputs(RULE), {}, answer));
    expect(drift(kernel(THERE))).toEqual({});
    expect(Object.values(drift(kernel(["10.8.0.9", ...THERE.slice(1)])))).toEqual([
        "10.8.0.2 . 10.8.0.1 . tcp . 22 is granted in the program but missing in the kernel; `pulumi up --refresh` adds it",
        "10.8.0.9 . 10.8.0.1 . tcp . 22 is allowed in the kernel but not granted in the program; `pulumi up --refresh` removes it",
    ]);
    expect(drift({})).toEqual({});
    expect(Object.keys(drift({ ...kernel(THERE), files: "elements\t600\tab\n" }))).toEqual(["record of elements"]);
});

it("an apply counts what the kernel has, and fails for what it lacks", async () => {
    const change = { inputs: inputs(RULE), context: contextOf() };
    expect(await grantsParts.outputs(change, kernel(THERE), {})).toEqual({ outputs: { elements: 1 }, problems: [] });
    expect((await grantsParts.outputs(change, kernel(), {})).problems).toHaveLength(1);
    expect(await grantsParts.desired(change)).toMatchObject({
        files: { elements: "acl4 10.8.0.2 . 10.8.0.1 . tcp . 22\n" },
    });
});

it("records say what was added and removed, and not again what went first", () => {
    const before = { inputs: inputs(RULE), outputs: {} };
    const change = { before, inputs: inputs(OTHER), context: contextOf() };
    expect(grantsParts.begin(change).details).toEqual({
        relay: "hub",
        added: [OTHER],
        removed: [RULE],
        added_count: 1,
        removed_count: 1,
    });
    const removed = { ...NOTHING_REMOVED, rules: new Set([RULE]) };
    expect(grantsParts.begin({ ...change, removed }).details).toMatchObject({ removed: [], removed_count: 0 });
    const again = { before, inputs: inputs(RULE), context: contextOf(), removed };
    expect(grantsParts.begin(again).details).toMatchObject({ added: [RULE] });
    expect(storeDrift(grantsParts.restored?.(again) ?? [])).toEqual({
        [`rule ${RULE}`]: `${RULE} was removed first and is allowed again`,
    });
});
