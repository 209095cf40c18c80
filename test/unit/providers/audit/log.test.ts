import fs from "node:fs";
import { join } from "node:path";

import { lockFile } from "../../../../providers/audit/lock.js";
import { AuditLog, type AuditRef } from "../../../../providers/audit/log.js";
import { verifyFile } from "../../../../providers/audit/verifyFile.js";
import { lines, open, path, problem, rewrite, texts, written } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

const scratch = scratchProject();
describe("the first record", () => {
    test("begins the log, its folder and its key, all private", async () => {
        const log = await open();
        expect(await log.status()).toBeUndefined();
        const operation = await log.begin({
            action: "setup_relay",
            message: "Setting up relay",
            details: { relay: "relay" },
        });
        await operation.success({ message: "Relay is up" });
        expect(
            lines().map(({ action, status, message, user, details }) => ({ action, status, message, user, details })),
        ).toEqual([
            {
                action: "log_created",
                status: "success",
                message: "Log of shop/dev begun",
                user: "alice",
                details: {
                    format: "qp-tunnel-audit/1",
                    hash: "sha3-256",
                    project: "shop",
                    public_key: expect.stringMatching(/^[0-9a-f]{64}$/),
                    signature: "ed25519",
                    stack: "dev",
                },
            },
            {
                action: "setup_relay_begin",
                status: "success",
                message: "Setting up relay",
                user: "alice",
                details: { relay: "relay" },
            },
            { action: "setup_relay", status: "success", message: "Relay is up", user: "alice", details: {} },
        ]);
        expect((fs.statSync("audit").mode & 0o777).toString(8)).toBe("700");
        expect((fs.statSync(path).mode & 0o777).toString(8)).toBe("600");
        expect(fs.readdirSync("audit").sort()).toEqual(["dev.jsonl", "dev.jsonl.lock"]);
        await verifyFile(path, { mode: "full" });
    });

    test("is in the project's folder, wherever the program runs", async () => {
        fs.mkdirSync("deep/er", { recursive: true });
        process.chdir("deep/er");
        const log = await open();
        await log.append({ action: "log_note", message: "x" });
        expect(log.path).toBe(join(fs.realpathSync(scratch.folder), path));
    });

    test("is not written when the state remembers records", async () => {
        const log = await open({}, { expectExisting: true });
        expect((await problem(log.begin({ action: "setup_relay", message: "x" }))).message).toBe(
            "line 1 of audit/dev.jsonl: it is missing: the log does not exist, but the state pins records in it; " +
                "restore the log from version control or its mirror, or set `path` of AuditSink if the relay came from another project; if it is lost for good, acknowledge that with restartFrom",
        );
        expect(fs.existsSync(path)).toBe(false);
        expect(fs.existsSync(scratch.config)).toBe(false);
    });

    test("names the pipeline in the record that begins an operation", async () => {
        process.env["GITLAB_CI"] = "true";
        process.env["GITLAB_USER_LOGIN"] = "bob";
        process.env["CI_COMMIT_SHA"] = "abc";
        const operation = await (await open()).begin({ action: "setup_relay", message: "x" });
        await operation.success({ message: "y" });
        expect(lines().map(({ user, details }) => [user, details["ci"]])).toEqual([
            ["bob", undefined],
            ["bob", { system: "gitlab", commit: "abc" }],
            ["bob", undefined],
        ]);
    });
});

describe("appending", () => {
    test("returns where each record is", async () => {
        const { marks } = await written(3);
        const [, ...records] = lines();
        let offset = Buffer.byteLength(`${texts()[0]}\n`);
        const expected = records.map(({ capsule }, index) => {
            const mark = { sequence: index + 1, hash: capsule.hash, offset, genesis: lines()[0]?.capsule.hash };
            offset += Buffer.byteLength(`${texts()[index + 1]}\n`);
            return mark;
        });
        expect(marks).toEqual(expected);
    });

    test("keeps one chain and times in order when many do it at once", async () => {
        const logs = await Promise.all(Array.from({ length: 20 }, () => open()));
        await Promise.all(logs.map((log, n) => log.append({ action: "log_note", message: `note ${n}` })));
        const { size, warnings } = await verifyFile(path, { mode: "full" });
        expect([size, warnings]).toEqual([21, []]);
        expect(
            lines()
                .slice(1)
                .map(({ message }) => message),
        ).toEqual(Array.from({ length: 20 }, (_, n) => `note ${n}`));
    });

    test("goes on behind what another process wrote", async () => {
        const { log } = await written(2);
        const before = texts();
        await log.append({ action: "log_note", message: "here" });
        const fork = texts();
        // As if the record of this process had never been, and another had come instead.
        rewrite(() => before);
        await log.append({ action: "log_note", message: "there" });
        expect(lines().map(({ capsule }) => capsule.sequence)).toEqual([0, 1, 2, 3]);
        expect(texts().slice(0, 3)).toEqual(fork.slice(0, 3));
        await verifyFile(path, { mode: "full" });
    });

    test("writes what is too long for a line in parts, and finds it whole again", async () => {
        const log = await open();
        const peers = Object.fromEntries(
            Array.from({ length: 9_000 }, (_, n) => [`peer${n}`, { address: `10.8.${n >> 8}.${n & 255}` }]),
        );
        const details = { relay: "relay", peers };
        const mark = await log.append({ action: "registry", message: "Ledger", details });
        await log.append({ action: "log_note", message: "later" });
        expect(lines().map(({ details: { part, parts } }) => [part, parts])).toEqual([
            [undefined, undefined],
            [1, 3],
            [2, 3],
            [3, 3],
            [undefined, undefined],
        ]);
        expect(mark.sequence).toBe(3);
        expect(await log.findDetails(({ action }) => action === "registry")).toEqual(details);
        // The writer was killed after the second part: the record before counts.
        await log.append({ action: "registry", message: "Ledger", details: { relay: "old" } });
        await log.append({ action: "registry", message: "Ledger", details });
        rewrite((all) => all.slice(0, -1));
        expect(await log.findDetails(({ action }) => action === "registry")).toEqual({ relay: "old" });
    });

    test("makes a record of anything", async () => {
        const log = await open();
        await log.append({ action: "log_note", message: "a\nb\u001b[0m", details: { "ключ/1": 0.5, when: undefined } });
        expect(lines().at(-1)).toMatchObject({ message: "a␊b␛[0m", details: { _____1: "0.5" } });
        await verifyFile(path, { mode: "full" });
    });

    test("is refused while another writer holds the log", async () => {
        const { log } = await written(1);
        const release = await lockFile(`${path}.lock`, path);
        jest.spyOn(performance, "now").mockReturnValueOnce(0).mockReturnValue(10_001);
        expect((await problem(log.append({ action: "log_note", message: "x" }))).message).toContain(
            "audit/dev.jsonl: another writer has held its lock for more than 10 s",
        );
        release();
        await log.append({ action: "log_note", message: "y" });
        expect(lines()).toHaveLength(3);
    });
});

test("no record holds the signing key", async () => {
    const { log } = await written(2);
    const operation = await log.begin({ action: "peer_add", message: "x" });
    await operation.failure(new Error("y"));
    const seed = fs.readFileSync(join(scratch.config, "pulumi-qp-tunnel/keys/shop/dev.key"), "utf8").trim();
    const written_ = fs.readFileSync(path, "utf8");
    for (const form of [seed, Buffer.from(seed, "hex").toString("base64")]) expect(written_).not.toContain(form);
});

describe("a machine without the key", () => {
    const unwritable = async (ref: Partial<AuditRef>): Promise<string | undefined> =>
        (await (await AuditLog.open({ path, project: "shop", stack: "dev", ...ref })).unwritable())?.message;

    test("is told so before an update, which would need it", async () => {
        expect(await unwritable({})).toBeUndefined();
        expect(await unwritable({ signingKey: "env:NO_SUCH_KEY" })).toContain("the variable is not set");
        await (await open()).append({ action: "log_note", message: "x" });
        expect(await unwritable({})).toBeUndefined();
        process.env["OTHER_KEY"] = "ef".repeat(32);
        expect(await unwritable({ signingKey: "env:OTHER_KEY" })).toMatch(
            /^signing key \w{16}: the key of audit\/dev.jsonl is/,
        );
        fs.rmSync(scratch.config, { recursive: true });
        expect(await unwritable({})).toContain("it is not on this machine, and the log is sealed with it");
    });
});
