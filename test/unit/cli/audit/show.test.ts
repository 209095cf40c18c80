import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { story } from "../story.js";

const scratch = scratchFolder();
const log = story();

async function show(...filters: string[]): Promise<string[]> {
    const { code, stdout, stderr } = await run("audit", "show", scratch.write("dev.jsonl", log.bytes), ...filters);
    expect([code, stderr]).toEqual([0, ""]);
    return stdout.split("\n").slice(0, -1);
}

const numbers = (rows: string[]): number[] => rows.map((row) => Number(row.slice(0, 6)));

test("prints a row for each record", async () => {
    const rows = await show();
    expect(rows).toHaveLength(14);
    expect(rows.slice(6, 8)).toEqual([
        "     6  2026-04-04 14:06:00  bob         key_rotate                  Rotated the key of bob",
        "     7  2026-04-04 14:07:00  alice       peer_add_error      FAILED  Adding dave failed",
    ]);
});

test.each<[string[], number[]]>([
    [
        ["--name", "alice"],
        [2, 10],
    ],
    [
        ["--name", "carol"],
        [3, 8],
    ],
    [
        ["--name", "other"],
        [12, 13],
    ],
    [
        ["--action", "peer_add"],
        [2, 3, 12],
    ],
    [
        ["--action", "peer_*,service_close"],
        [2, 3, 7, 8, 9, 10, 12],
    ],
    [["--status", "failure"], [7]],
    [
        ["--since", "2026-04-04T14:12:00Z"],
        [12, 13],
    ],
    [
        ["--since", "2026-04-04T16:12:00+02:00"],
        [12, 13],
    ],
    [
        ["--until", "2026-04-04T14:02:00Z"],
        [0, 1],
    ],
    [
        ["--since", "2026-04-04", "--until", "2026-04-05", "--name", "bob"],
        [3, 6],
    ],
    [["--correlation", log.lines[4]!.correlation_id.slice(0, 8)], [4]],
    [["--name", "nobody"], []],
])("%j finds records %j", async (filters, found) => {
    expect(numbers(await show(...filters))).toEqual(found);
});

test("--json prints the lines as they are", async () => {
    expect(await show("--json", "--name", "alice")).toEqual([2, 10].map((n) => log.texts[n]!.trimEnd()));
});

test("of a log that is not intact nothing is shown", async () => {
    const file = scratch.write("bad.jsonl", String(log.bytes).replace("Adding dave", "Adding anna"));
    expect(await run("audit", "show", file)).toEqual({
        code: 1,
        stdout: "",
        stderr: expect.stringContaining(`error: line 8 of ${file}: its content does not match its hash`),
    });
});

test.each([
    [
        ["--since", "yesterday"],
        "--since: yesterday is not a date or time; use 2026-04-04 (UTC) or 2026-04-04T14:00:00Z",
    ],
    [["--until", "2026-13-01"], "--until: 2026-13-01 is not a date or time"],
    [["--status", "ok"], "--status: ok is unknown; choose success or failure"],
])("%j is wrong usage", async (filters, message) => {
    const { code, stderr } = await run("audit", "show", "x", ...filters);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`error: ${message}`)]);
});

test.each(["2026-02-30", "2026-13-01", "2026-04-31T10:00:00Z", "2026-02-29", "yesterday"])(
    "%s is refused as a time",
    async (time) => {
        const { code, stderr } = await run("audit", "show", scratch.write("dev.jsonl", story().bytes), "--since", time);
        expect([code, stderr]).toEqual([
            2,
            expect.stringContaining(`--since: ${time} is not a date or time; use 2026-04-04`),
        ]);
    },
);
