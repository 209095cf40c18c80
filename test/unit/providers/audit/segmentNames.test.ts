import { writeFileSync } from "node:fs";

import fc from "fast-check";

import { realDisk } from "../../../../providers/audit/disk.js";
import { segmentFiles, segmentName } from "../../../../providers/audit/segmentNames.js";
import { scratchProject } from "./scratch.js";

scratchProject();
const LOG = "dev.jsonl";
const found = (path = LOG): [number, string][] =>
    segmentFiles(path, path, realDisk).map(({ number, file }) => [number, file]);
const begins = (file: string, action: string, details: object): void =>
    writeFileSync(file, `${JSON.stringify({ action, details })}\n`);

it("a segment has the log's name and its number", () => {
    expect(segmentName("audit/dev.jsonl", 1)).toBe("dev.jsonl.0001");
    expect(segmentName("audit/dev.jsonl", 12345)).toBe("dev.jsonl.12345");
    expect(segmentName("audit/dev.jsonl", 2, "dev.jsonl.0001")).toBe("dev.jsonl.0002");
    // In the manner of a segment that an earlier version wrote.
    expect(segmentName("audit/dev.jsonl", 2, "dev.0001.jsonl")).toBe("dev.0002.jsonl");
});

it("the segments that have a name of this log are found by their numbers, whatever the order", () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 99_999 }), { maxLength: 6 });
    fc.assert(
        fc.property(numbers, (given) => {
            const disk = {
                ...realDisk,
                readdirSync: (() => [
                    LOG,
                    ...given.map((each) => segmentName(LOG, each)),
                    "dev.jsonl.1",
                    "dev.jsonl.lock",
                    "other.jsonl.0001",
                ]) as never,
            };
            expect(segmentFiles(LOG, LOG, disk).map(({ number }) => number)).toEqual([...given].sort((a, b) => a - b));
        }),
        { numRuns: 100 },
    );
});

it("a folder that is not there has none", () => {
    expect(found("nowhere/dev.jsonl")).toEqual([]);
});

describe("a file with the name that an earlier version gave its segments", () => {
    beforeEach(() => begins(LOG, "peer_add", {}));

    it("is a segment where it begins the log or goes on with it", () => {
        begins("dev.0001.jsonl", "log_created", { stack: "dev" });
        begins("dev.0002.jsonl", "log_segment", { closed: "dev.0001.jsonl" });
        writeFileSync("dev.0003.jsonl", "torn");
        expect(found()).toEqual([
            [1, "dev.0001.jsonl"],
            [2, "dev.0002.jsonl"],
            [3, "dev.0003.jsonl"],
        ]);
    });

    it("is the log of another stack where it begins one of that name, or goes on with that", () => {
        begins("dev.0001.jsonl", "log_created", { stack: "dev.0001" });
        begins("dev.0002.jsonl", "log_segment", { closed: "dev.0002.jsonl.0001" });
        begins("dev.0003.jsonl", "log_created", { stack: "x" });
        expect(found()).toEqual([]);
    });

    it("is another stack's where this log begins by itself", () => {
        begins(LOG, "log_created", { stack: "dev" });
        begins("dev.0001.jsonl", "log_created", { stack: "dev" });
        expect(found()).toEqual([]);
    });
});

it("two files that are the same segment are refused", () => {
    begins(LOG, "peer_add", {});
    begins("dev.0001.jsonl", "log_created", { stack: "dev" });
    begins("dev.jsonl.0001", "log_created", { stack: "dev" });
    expect(() => found()).toThrow(
        "dev.jsonl: its segment 1 exists twice, as dev.jsonl.0001 and dev.0001.jsonl; compare the two, and move the copy to another folder",
    );
});
