import fc from "fast-check";

import { anyEdits, applied, independent, program, type Edit } from "./edits.js";
import { ledgerOf, previewOf, type Program } from "./programs.js";
import { factsIn, isSaid, peersBetween, peersIn, rightsIn, rightsOf } from "./said.js";

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

jest.setTimeout(600_000);

/** The ordinary run repeats the same programs; SLOW=1 tries many, others each time. */
const OPTIONS = process.env["SLOW"] === "1" ? { numRuns: 5000 } : { numRuns: 80, seed: 20261129 };

it("says of several changes at once whatever it says of each of them alone", async () => {
    await fc.assert(
        fc.asyncProperty(program, independent, async (base, edits) => {
            const together = await factsOf(base, edits);
            for (const each of edits) {
                const missing = [...(await factsOf(base, [each]))].filter((fact) => !isSaid(fact, together));
                expect({ of: each.label, missing }).toEqual({ of: each.label, missing: [] });
            }
        }),
        OPTIONS,
    );
});

it("names exactly those who are added, cut off, or given another key, address or network", async () => {
    await fc.assert(
        fc.asyncProperty(program, anyEdits, async (base, edits) => {
            const next = applied(base, edits);
            const said = await previewOf(base, next);
            const then = ledgerOf(base, undefined);
            expect(peersIn(said)).toEqual(peersBetween(base, next, then, ledgerOf(next, then)));
        }),
        OPTIONS,
    );
});

it("names exactly those who are allowed more or less than before, and to reach what", async () => {
    await fc.assert(
        fc.asyncProperty(program, anyEdits, async (base, edits) => {
            const next = applied(base, edits);
            const said = await previewOf(base, next);
            const then = ledgerOf(base, undefined);
            const [olds, news] = [rightsOf(base, then), rightsOf(next, ledgerOf(next, then))];
            expect(rightsIn(said)).toEqual({
                gained: [...news].filter((right) => !olds.has(right)).sort(),
                lost: [...olds].filter((right) => !news.has(right)).sort(),
            });
        }),
        OPTIONS,
    );
});

it("comforts nobody who is interrupted", async () => {
    await fc.assert(
        fc.asyncProperty(program, anyEdits, async (base, edits) => {
            const next = applied(base, edits);
            const said = await previewOf(base, next);
            const moved = (["namespace", "interface", "appName"] as const).some((key) => base[key] !== next[key]);
            const comforting = said.filter((sentence) =>
                /connections go on|sessions? (go|stay)|keeps? (its|their) key/.test(sentence),
            );
            if (moved) expect(comforting.filter((sentence) => !/of others|MTU/.test(sentence))).toEqual([]);
        }),
        OPTIONS,
    );
});

/** What a preview states, without what follows from it: that depends on what else happens. */
async function factsOf(base: Program, edits: Edit[]): Promise<Set<string>> {
    const said = await previewOf(base, applied(base, edits));
    return new Set(said.flatMap(factsIn));
}
