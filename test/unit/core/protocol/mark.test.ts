import { formatMark, parseMark } from "../../../../core/protocol/mark.js";

const HASH = "0123456789abcdef".repeat(4);

it.each([
    { sequence: 7, hash: HASH, offset: 4096 },
    { sequence: 0, hash: HASH, offset: 0, genesis: HASH },
])("reads back the record that a relay was last changed under: %j", (mark) => {
    expect(parseMark(formatMark(mark), "root@hub")).toEqual(mark);
});

it.each([
    ["", "it is empty"],
    [" ", "it does not name a record"],
    ["7", "it does not name a record"],
    [`7 ${HASH} `, "it does not name a record"],
    [`7 ${HASH} x`, "it does not name a record"],
])("refuses a mark that is none: %j", (text, problem) => {
    expect(() => parseMark(text, "root@hub")).toThrow(`audit-mark on root@hub: ${problem}; the file was damaged`);
});
