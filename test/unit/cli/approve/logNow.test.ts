import { logNow } from "../../../../cli/approve/logNow.js";
import { entry, makeLog } from "../../core/audit/logs.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();

it("is a log's length and both ends", () => {
    const { bytes, lines } = makeLog([entry(1), entry(2)]);
    const path = scratch.write("dev.jsonl", bytes);
    const [first, last] = [lines[0]!, lines.at(-1)!];
    expect(logNow(path)).toEqual({ path, genesis: first.capsule.hash, size: lines.length, head: last.capsule.hash });
});

it("refuses what is not there, and what is empty", () => {
    expect(() => logNow(`${scratch.path}/none.jsonl`)).toThrow("there is no such log");
    expect(() => logNow(scratch.write("empty.jsonl", ""))).toThrow("the log is empty");
});
