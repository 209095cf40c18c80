/** The log under several processes, killed processes and a full disk. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { randomInt } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import type { AuditLine, RecordMark } from "../../../core/audit/record.js";
import { lockFile } from "../../../providers/audit/lock.js";
import { openLog } from "../../../providers/audit/segments.js";
import { verifyFile } from "../../../providers/audit/verifyFile.js";

jest.setTimeout(1_200_000);

const root = join(__dirname, "../../..");
const writer = join(__dirname, "writer.js");

let folder: string;
let log: string;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
    if (!existsSync(join(root, "dist/providers/audit/log.js"))) throw new Error("dist/ is not built: npm run build");
});
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-writers-"));
    log = join(folder, "audit/dev.jsonl");
    env = { ...process.env, XDG_CONFIG_HOME: join(folder, "config") };
});
afterEach(() => rmSync(folder, { recursive: true }));

/** SLOW=1 tries as often as a release demands. */
const SLOW = process.env["SLOW"] === "1";
const PROCESSES = 8;
const RECORDS = SLOW ? 1_000 : 40;
const KILLS = SLOW ? 300 : 40;
/** So small that segments are closed all the time. */
const SEGMENT = 400_000;

test(`${PROCESSES} processes write ${RECORDS} records each, and one chain, while others are killed`, async () => {
    const names = Array.from({ length: PROCESSES }, (_, n) => `writer${n}`);
    let running = true;
    const writing = Promise.all(names.map((name) => all(start(RECORDS, name, 0, SEGMENT)))).finally(() => {
        running = false;
    });
    const acknowledged: RecordMark[] = [];
    let killed = 0;
    while (running && killed < (RECORDS * PROCESSES) / 20) {
        acknowledged.push(...(await killedAtRandom(start(0, `killed${killed}`, 0, SEGMENT))));
        killed += 1;
    }
    const marks = (await writing).flat();
    expect(marks).toHaveLength(PROCESSES * RECORDS);
    const { size, warnings } = await verifyFile(log, { mode: "full", marks: [...marks, ...acknowledged] });
    expect(warnings).toEqual([]);
    console.log(`${PROCESSES} x ${RECORDS} records, ${killed} writers killed meanwhile: one chain of ${size}`);
    for (const name of names) {
        const own = lines()
            .map(({ message }) => message)
            .filter((message) => message.startsWith(`${name} `));
        expect(own).toEqual(Array.from({ length: RECORDS }, (_, n) => `${name} ${n + 1}`));
    }
});

test(`${KILLS} writers killed at any moment: what was acknowledged is there, and the next goes on`, async () => {
    const acknowledged: RecordMark[] = [];
    for (let killed = 0; killed < KILLS; killed += 2) {
        // Two at a time, so that one may die while the other waits for it.
        const pair = [start(0, `x${killed}`, 180_000, SEGMENT), start(0, `y${killed}`, 0, SEGMENT)];
        acknowledged.push(...(await Promise.all(pair.map(killedAtRandom))).flat());
        await verifyFile(log, { mode: "full", marks: acknowledged, tail: "ignore" });
    }
    await all(start(1, "last", 0, SEGMENT));
    const { size } = await verifyFile(log, { mode: "full", marks: acknowledged });
    const recovered = lines().filter(({ action }) => action === "log_recovered");
    const files = readdirSync(join(folder, "audit"));
    expect(files.filter((name) => name.includes(".torn-"))).toHaveLength(recovered.length);
    const segments = files.filter((name) => /\.jsonl\.\d{4}$/.test(name));
    expect(segments.length).toBeGreaterThan(1);
    console.log(
        `${KILLS} writers killed: ${acknowledged.length} acknowledged records, all there; ${size} records in ` +
            `${segments.length + 1} files, ${recovered.length} interrupted writes repaired`,
    );
});

test("the lock of a killed process is free at once", async () => {
    const lock = join(folder, "x.lock");
    const holder = spawn(
        process.execPath,
        [
            "-e",
            `require(${JSON.stringify(join(root, "dist/providers/audit/lock.js"))}).lockFile(process.argv[1], "x").then((release) => { setInterval(release.bind, 1e6); console.log("held"); })`,
            lock,
        ],
        { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(holder.stdout, "data");
    await expect(lockFile(lock, "x", 0)).rejects.toThrow("another writer has held its lock");
    holder.kill("SIGKILL");
    await once(holder, "close");
    (await lockFile(lock, "x", 0))();
});

test("a full disk refuses the record, and when there is room again the log repairs itself", async () => {
    const disk = join(folder, "disk");
    const copy = join(folder, "copy.jsonl");
    // In a mount namespace of its own, so that nothing is left mounted whatever happens.
    const script = `
        set -eu
        mkdir "$1" && mount -t tmpfs -o size=512k tmpfs "$1"
        "$2" "$3" "$1/dev.jsonl" 1 before > /dev/null
        dd if=/dev/zero of="$1/filler" bs=1k count=380 status=none
        if "$2" "$3" "$1/dev.jsonl" 1 refused 170000; then exit 9; fi
        rm "$1/filler"
        "$2" "$3" "$1/dev.jsonl" 1 after > /dev/null
        cp "$1/dev.jsonl" "$4"
        ls "$1" >&2`;
    const args = ["-m", "sh", "-c", script, "sh", disk, process.execPath, writer, copy];
    const { status, stderr } = spawnSync("unshare", args, { encoding: "utf8", env });
    expect([status, stderr.split("\n")[0]]).toEqual([0, expect.stringContaining("ENOSPC")]);
    await verifyFile(copy, { mode: "full" });
    expect(lines(copy).map(({ action, message }) => [action, message.replace(/\d+ bytes/, "n bytes")])).toEqual([
        ["log_created", "Log of shop/dev begun"],
        ["log_note", "before 1"],
        ["log_recovered", "Moved n bytes of an incomplete line to dev.jsonl.torn-1"],
        ["log_note", "after 1"],
    ]);
    expect(stderr.split("\n").slice(1, -1)).toEqual(["dev.jsonl", "dev.jsonl.lock", "dev.jsonl.torn-1"]);
});

function start(count: number, name: string, bytes = 0, segment = 64 * 1024 * 1024): ChildProcess {
    return spawn(process.execPath, [writer, log, String(count), name, String(bytes), String(segment)], {
        env,
        stdio: ["ignore", "pipe", "inherit"],
    });
}

/** Kills a writer after one to five records and some more moments; what it acknowledged until then. */
async function killedAtRandom(child: ChildProcess): Promise<RecordMark[]> {
    const marks = collect(child);
    await enough([marks], randomInt(1, 6));
    for (let moments = randomInt(0, 2_000); moments > 0; moments--)
        await new Promise((resolve) => setImmediate(resolve));
    child.kill("SIGKILL");
    await once(child, "close");
    return marks;
}

/** Marks as they are printed; grows while the process runs. */
function collect(child: ChildProcess): RecordMark[] {
    const marks: RecordMark[] = [];
    createInterface({ input: child.stdout! }).on("line", (line) => {
        // The last line of a killed process may be cut.
        if (line.endsWith("}")) marks.push(JSON.parse(line) as RecordMark);
    });
    return marks;
}

async function all(child: ChildProcess): Promise<RecordMark[]> {
    const marks = collect(child);
    const [code] = await once(child, "close");
    expect(code).toBe(0);
    return marks;
}

/** Until the processes together have acknowledged so many records. */
async function enough(marks: RecordMark[][], count: number): Promise<void> {
    while (marks.flat().length < count) await new Promise((resolve) => setImmediate(resolve));
}

function lines(path = log): AuditLine[] {
    const source = openLog(path, path)!;
    const text = source.read(0, source.size).toString("utf8");
    source.close();
    return text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as AuditLine);
}
