import fc from "fast-check";

import { parseLogSentence, renderLogSentence } from "../../../../core/audit/logSentence.js";

it("reads what it writes", () => {
    const sentence = fc.record({
        size: fc.nat(),
        head: fc.stringMatching(/^[0-9a-f]{16}$/),
        outcome: fc.constantFrom("verified" as const, "pinned" as const),
    });
    fc.assert(fc.property(sentence, (each) => expect(parseLogSentence(renderLogSentence(each))).toEqual(each)));
});

it.each(["audit log: 1 records, head xyz, verified", "hub: audit log: 1 records", ""])("refuses %j", (text) => {
    expect(parseLogSentence(text)).toBeUndefined();
});
