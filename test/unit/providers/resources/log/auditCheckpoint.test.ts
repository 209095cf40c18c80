import { readFileSync, rmSync, writeFileSync } from "node:fs";

import { formatMark } from "../../../../../core/protocol/mark.js";
import { AuditLog } from "../../../../../providers/audit/log.js";
import { auditCheckpoint } from "../../../../../providers/resources/log/auditCheckpoint.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { scratchProject } from "../../audit/scratch.js";
import { connect, Machine } from "../../hosts/machine.js";
import { contextOf, placedAt, recorded, REF } from "../relay/lifecycle.js";

const scratch = scratchProject();
const machine = new Machine();
const inputs: Properties = { ...placedAt(machine), records: { host: "a" } };

beforeEach(() => {
    connect(machine);
    Object.assign(machine, { auditMark: undefined, owner: undefined, unreachable: undefined });
});

const append = async (message = "Set up"): Promise<Parameters<typeof formatMark>[0]> =>
    (await AuditLog.open(REF)).append({ action: "setup_relay", message });
async function pinned(): Promise<Properties> {
    await append();
    return (await auditCheckpoint.create(inputs, contextOf())).outputs;
}
/** What is said of a log of so many records. */
const about = (size: number, done: string): unknown =>
    expect.stringMatching(new RegExp(`^info: audit log: ${size} records, head [0-9a-f]{16}, ${done}$`));

it("pins size, head and root of the log, with a record that says so", async () => {
    await append();
    const context = contextOf();
    const { id, outputs } = await auditCheckpoint.create(inputs, context);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(await recorded()).toEqual([
        ["setup_relay", "Set up"],
        ["checkpoint_create", "Relay hub pins the log in its state"],
    ]);
    expect(outputs).toEqual(await (await AuditLog.open(REF)).checkpoint());
    expect(outputs.size).toBe(3);
    expect(context.said).toEqual([about(3, "pinned")]);
});

it("knows nothing of it in a preview, and records nothing", async () => {
    await append();
    const { outputs } = await auditCheckpoint.create(inputs, contextOf({ preview: true }));
    expect([...new Set(Object.values(outputs))]).toEqual([UNKNOWN]);
    expect(await recorded()).toHaveLength(1);
});

it("warns when the log had a checkpoint that the state does not have, and records that it is pinned again", async () => {
    await pinned();
    const context = contextOf();
    await auditCheckpoint.create(inputs, context);
    expect(context.said[0]).toBe(
        "warning: hub: the log had a checkpoint that the state does not have; its current content is accepted and recorded",
    );
    expect((await recorded()).at(-1)).toEqual(["checkpoint_create", "Relay hub pins the log in its state again"]);
});

describe("a later update", () => {
    const diff = async (
        outputs: Properties,
        news: Properties = inputs,
        more: Parameters<typeof contextOf>[0] = {},
    ): Promise<[object, string[]]> => {
        const context = contextOf(more);
        return [(await auditCheckpoint.diff("id", inputs, outputs, news, context)).changes, context.said];
    };

    it("pins the log again when a resource has recorded something, and says otherwise that it was verified", async () => {
        const outputs = await pinned();
        expect(await diff(outputs)).toEqual([{}, [about(3, "verified")]]);
        expect(await diff(outputs, { ...inputs, records: { host: "b" } })).toEqual([{ "records.host": "update" }, []]);
        expect(await diff(outputs, { ...inputs, records: {} }, { refreshing: true })).toEqual([{}, []]);
        await append("and more");
        const context = contextOf();
        const after = await auditCheckpoint.update("id", inputs, outputs, inputs, context);
        expect([after.size, context.said]).toEqual([4, [about(4, "pinned")]]);
        const preview = contextOf({ preview: true });
        expect(await auditCheckpoint.update("id", inputs, outputs, inputs, preview)).toMatchObject({ size: UNKNOWN });
        expect(preview.said).toEqual([about(4, "verified")]);
    });

    it("fails when the log lost or changed anything that was pinned", async () => {
        const outputs = await pinned();
        const whole = readFileSync(REF.path, "utf8");
        writeFileSync(REF.path, whole.replace("Set up", "Sat up"));
        for (const run of [
            () => diff(outputs),
            () => auditCheckpoint.update("id", inputs, outputs, inputs, contextOf()),
            () => auditCheckpoint.read("id", inputs, outputs, contextOf()),
            () => auditCheckpoint.delete("id", inputs, outputs, contextOf()),
        ])
            await expect(run()).rejects.toThrow(/^line 2 of audit\/dev\.jsonl: its content does not match its hash/);
    });

    it("lets only the diff go on with a log that is behind, where the program says so, and calls it not verified", async () => {
        await append();
        const older = readFileSync(REF.path);
        await append();
        const { outputs } = await auditCheckpoint.create(inputs, contextOf());
        writeFileSync(REF.path, older);
        await expect(diff(outputs)).rejects.toThrow(
            "audit/dev.jsonl: it is 2 lines older than the state: line 3 is missing here",
        );
        const news = { ...inputs, audit: { ...REF, onBehind: "warn" } };
        const [, said] = await diff(outputs, news);
        expect(said).toEqual([expect.stringMatching(/^warning: .*older than the state.*; an update will be refused$/)]);
        await expect(auditCheckpoint.update("id", inputs, outputs, news, contextOf())).rejects.toThrow(
            "older than the state",
        );
    });

    it("warns in the preview when this machine cannot write to the log", async () => {
        const outputs = await pinned();
        rmSync(scratch.config, { recursive: true });
        const [, said] = await diff(outputs);
        expect(said).toContainEqual(
            expect.stringMatching(/^warning: .*; .*\. An update on this machine will be refused$/),
        );
    });
});

it("a refresh pins the log as it is now", async () => {
    const outputs = await pinned();
    await append("and more");
    expect(await auditCheckpoint.read("id", inputs, outputs, contextOf())).toMatchObject({
        id: "id",
        outputs: { size: 4 },
    });
});

describe("a removal", () => {
    it("verifies the log for a last time", async () => {
        const context = contextOf();
        await auditCheckpoint.delete("id", inputs, await pinned(), context);
        expect(context.said).toEqual([about(3, "verified")]);
    });

    it("compares the marks of the relay's machine and of managed peers before any other resource writes", async () => {
        const outputs = await pinned();
        const missing = formatMark({ sequence: 9, hash: "a".repeat(64), offset: 99_999 });
        const bearing = (owner: string): Machine => Object.assign(new Machine(), { auditMark: missing, owner });
        const relay = bearing("shop/dev/hub");
        connect(relay);
        const there = { ...placedAt(relay), records: {} };
        await expect(auditCheckpoint.delete("id", there, outputs, contextOf())).rejects.toThrow("record 9 of its log");
        const leaf = bearing("shop/dev/hub/nas");
        connect(machine, leaf);
        const leaves = [{ peer: "nas", host: leaf.host, interface: "wg0" }];
        await expect(auditCheckpoint.delete("id", { ...inputs, leaves }, outputs, contextOf())).rejects.toThrow(
            "record 9 of its log",
        );
    });
});
