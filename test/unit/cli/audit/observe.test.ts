import { readFileSync } from "node:fs";

import type { AuditLine } from "../../../../core/audit/record.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { story } from "../story.js";
import { forgetSeeds, proofFiles } from "./proofFiles.js";
import { birch, BIRCH_KEY, offerOf, ORIGIN, proofSince } from "./twoLogs.js";

const scratch = scratchFolder();
const log = story();
let file: string;
beforeEach(() => ({ file } = proofFiles(scratch, log)));
afterEach(forgetSeeds);

const observe = (request: string, ...more: string[]) =>
    run("audit", "observe", file, scratch.write("request", request), "--signing-key", "env:SEED", ...more);
const lines = (): AuditLine[] =>
    readFileSync(file, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as AuditLine);

test("a checkpoint is recorded with its first key, and each that extends it without", async () => {
    expect(await observe(offerOf(birch(5)), "--key", BIRCH_KEY)).toEqual({
        code: 0,
        stdout: `record 14: 5 records of ${ORIGIN}, the first checkpoint of that log here\n`,
        stderr: "",
    });
    expect(await observe(offerOf(birch(5)))).toMatchObject({
        code: 0,
        stdout: `${ORIGIN}: 5 records were recorded before\n`,
    });
    // As the output of audit prove --since, too.
    const proven = `old 5\n${proofSince(5, birch(9)).join("\n")}\n\n${birch(9).checkpoint.note}`;
    const second = await observe(proven, "--json");
    expect(JSON.parse(second.stdout)).toEqual({ valid: true, origin: ORIGIN, size: 9, recorded: true, sequence: 15 });
    expect((await observe(offerOf(birch(12), 9))).stdout).toBe(
        `record 16: 12 records of ${ORIGIN}, extends the 9 recorded before\n`,
    );
    const last = lines().at(-1)!;
    expect([last.action, last.message]).toEqual([
        "log_observe",
        `Recorded a checkpoint of 12 records of log ${ORIGIN}`,
    ]);
    expect(last.details).toMatchObject({ origin: ORIGIN, size: 12, public_key: BIRCH_KEY });
    expect((await run("audit", "verify", file)).code).toBe(0);
});

test.each<[string, () => string, string]>([
    ["a different history", () => offerOf(birch(5, "other")), "this log has recorded another root for 5 records"],
    ["a shorter log", () => offerOf(birch(3)), "it has 3 records, this log has recorded 5: the log was truncated"],
    ["a longer log without proof", () => offerOf(birch(9)), "ask its owner for `qp-tunnel offer LOG --since 5`"],
    ["a longer log of a different history", () => offerOf(birch(9, "other"), 5), "it is a different history"],
    ["what nobody signed", () => offerOf(birch(9)).replace("\\n9\\n", "\\n8\\n"), "no trusted key signed it"],
])("%s is refused, and nothing is recorded", async (_what, request, message) => {
    await observe(offerOf(birch(5)), "--key", BIRCH_KEY);
    const before = readFileSync(file, "utf8");
    const { code, stdout, stderr } = await observe(request());
    expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining(message)]);
    expect(readFileSync(file, "utf8")).toBe(before);
});

test("of two at once that contradict each other one is recorded", async () => {
    const requests = [birch(9, "one"), birch(9, "two")].map((each, index) =>
        scratch.write(`request${index}`, offerOf(each)),
    );
    const outcomes = await Promise.all(
        requests.map((request) =>
            run("audit", "observe", file, request, "--key", BIRCH_KEY, "--signing-key", "env:SEED"),
        ),
    );
    expect(outcomes.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(lines().filter(({ action }) => action === "log_observe")).toHaveLength(1);
});

test.each<[string, () => string[], number, string]>([
    [
        "a log of which no key is known",
        () => [offerOf(birch(5))],
        1,
        "give its public key with --key, as its owner tells you",
    ],
    ["a key that is none", () => [offerOf(birch(5)), "--key", "x"], 2, "--key: it is not an Ed25519 public key"],
    [
        "this very log",
        () => [log.checkpoint.note, "--key", log.log.publicKey],
        2,
        "it is a checkpoint of this very log",
    ],
    [
        "an offer without a checkpoint",
        () => ['{"format":"qp-tunnel-offer/1","from":"birch","peers":[]}'],
        2,
        "it has no checkpoint of a log",
    ],
    ["what is neither offer nor note", () => ["hello"], 1, "it has no signatures after an empty line"],
])("refuses %s", async (_what, words, status, message) => {
    const [request = "", ...more] = words();
    const { code, stderr } = await observe(request, ...more);
    expect([code, stderr]).toEqual([status, expect.stringContaining(message)]);
    expect(lines()).toHaveLength(14);
});

test("says so where there is no log", async () => {
    const { code, stderr } = await run("audit", "observe", `${file}.gone`, file);
    expect([code, stderr]).toEqual([2, expect.stringContaining("no such file")]);
});
