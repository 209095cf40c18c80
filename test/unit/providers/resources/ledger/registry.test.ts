import { readFileSync, writeFileSync } from "node:fs";

import { faultText } from "../../../../../core/fault.js";
import { formatMark } from "../../../../../core/protocol/mark.js";
import { AuditLog } from "../../../../../providers/audit/log.js";
import { registry } from "../../../../../providers/resources/ledger/registry.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { scratchProject } from "../../audit/scratch.js";
import { connect, Machine } from "../../hosts/machine.js";
import { contextOf, linesRecorded, placedAt, recorded, REF, type Told } from "../relay/lifecycle.js";
import { KEYS } from "../relays.js";

scratchProject();
const bob = { publicKey: KEYS.bob };
const told = (more: Properties = {}): Properties => ({
    ...{ relay: "hub", audit: REF, subnet: "10.8.0.0/24", peers: { bob }, services: {}, publicKeys: {} },
    ...more,
});
const checked = async (news: Properties, olds?: Properties, context: Told = contextOf()): Promise<Properties> =>
    (await registry.check(news, olds, context)).inputs;
/** A relay whose registry is in the state and in the log. */
async function made(more: Properties = {}): Promise<{ id: string; inputs: Properties; outputs: Properties }> {
    const inputs = await checked(told(more));
    return { ...(await registry.create(inputs, contextOf())), inputs };
}

const APPLIED: [string, string][] = [
    ["registry_update_begin", "Record the registry of relay hub"],
    ["registry_update", "The registry of relay hub lists 1 peer and 0 services"],
];

describe("a new registry", () => {
    it("allocates before anything is made, so that a preview has the addresses", async () => {
        const inputs = await checked(told({ services: { wiki: {} } }));
        expect(inputs).toMatchObject({
            peers: { bob: { address: "10.8.0.2", publicKey: KEYS.bob } },
            retired: { peers: {}, services: {} },
        });
        const { outputs } = await registry.create(inputs, contextOf({ preview: true }));
        expect(outputs).toMatchObject({ peers: { bob: { address: "10.8.0.2" } }, record: UNKNOWN, plan: [] });
    });

    it("is recorded with all of its names", async () => {
        const { id, outputs } = await made();
        expect(id).toMatch(/^[0-9a-f]{16}$/);
        expect(await recorded()).toEqual(APPLIED);
        const { record, ...ledger } = outputs;
        const [, line] = await linesRecorded();
        expect(line?.details).toEqual({ relay: "hub", ledger });
        expect(record).toMatchObject({ sequence: line?.capsule.sequence, hash: line?.capsule.hash });
    });

    it("that no relay could have is a failure of the check", async () => {
        const { failures } = await registry.check(told({ subnet: "10.8.0.0/33" }), undefined, contextOf());
        expect(failures.map(({ path }) => path)).toEqual(["subnet"]);
    });
});

describe("groups", () => {
    const more = { peers: { bob, alice: {} } };
    const withGroups = (groups?: Record<string, string[]>): Properties =>
        told({ ...more, ...(groups === undefined ? {} : { groups }) });

    it("are recorded with their members, and a preview says whom they get and lose", async () => {
        const inputs = await checked(withGroups({ admins: ["alice"] }));
        const context = contextOf({ preview: true });
        await registry.create(inputs, context);
        expect(context.said).toEqual(["info: hub: group admins is added with alice"]);
        const { id, outputs } = { ...(await registry.create(inputs, contextOf())) };
        expect((await linesRecorded()).at(-1)?.details).toMatchObject({ ledger: { groups: { admins: ["alice"] } } });
        const next = await checked(withGroups({ admins: ["bob"] }), inputs);
        const later = contextOf();
        expect(await registry.diff(id, inputs, outputs, next, later)).toEqual({
            changes: { "groups.admins": "update" },
        });
        expect(later.said).toEqual(["info: hub: group admins gets bob and loses alice"]);
        await registry.update(id, inputs, outputs, next, contextOf());
        expect((await linesRecorded()).at(-1)?.details).toMatchObject({ change: { groups: { admins: ["bob"] } } });
    });

    it("leave with the program, and one without members is named at every check", async () => {
        const context = contextOf();
        const inputs = await checked(withGroups({ none: [] }), undefined, context);
        expect(context.said).toEqual(["warning: hub: group none has no members and allows no peer anything"]);
        expect(await checked(withGroups(), inputs)).not.toHaveProperty("groups");
    });
});

describe("a later change", () => {
    it("of names is a change; of keys that other resources put out it is none", async () => {
        const { id, inputs, outputs } = await made();
        const changes = async (more: Properties, context = contextOf()): Promise<object> =>
            (await registry.diff(id, inputs, outputs, await checked(told(more), inputs), context)).changes;
        expect(await changes({})).toEqual({});
        expect(await changes({ peers: { bob, alice: {} } })).toEqual({ "peers.alice": "add" });
        expect(await changes({ publicKeys: { bob: KEYS.bob } })).toEqual({});
        expect(await changes({ peers: {} }, contextOf({ refreshing: true }))).toEqual({});
    });

    it("that brings back a revoked key is refused when the log has been looked at, in the preview and in the update", async () => {
        const { id, inputs, outputs } = await made();
        const without = await checked(told({ peers: {} }), inputs);
        const after = await registry.update(id, inputs, outputs, without, contextOf());
        const again = await registry.check(told({ peers: { carol: bob } }), without, contextOf());
        expect(again.failures).toEqual([]);
        const refused = /peers\.carol\.publicKey/;
        expect((again.inputs.refused as Parameters<typeof faultText>[0][]).map(faultText)).toEqual([
            expect.stringMatching(refused),
        ]);
        await expect(registry.diff(id, without, after, again.inputs, contextOf())).rejects.toThrow(refused);
        await expect(registry.create(again.inputs, contextOf({ preview: true }))).rejects.toThrow(refused);
    });

    it("that only the state forbids, on a branch that is behind it, asks for a rebase", async () => {
        const { id, inputs, outputs } = await made();
        const older = readFileSync(REF.path);
        const without = await checked(told({ peers: {} }), inputs);
        const after = await registry.update(id, inputs, outputs, without, contextOf());
        writeFileSync(REF.path, older);
        const audit = { ...REF, onBehind: "warn" };
        const again = await checked(told({ audit, peers: { carol: bob } }), { ...without, audit });
        await expect(registry.diff(id, { ...without, audit }, after, again, contextOf())).rejects.toThrow(
            "peers.carol.publicKey: was changed in the state since this branch was created; rebase the branch first",
        );
    });

    it("is recorded without the names that stay as they are, and read back with them", async () => {
        const peers = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`peer${index}`, {}]));
        const { id, inputs, outputs } = await made({ peers });
        const more = await checked(told({ peers: { ...peers, zoe: bob } }), inputs);
        const after = await registry.update(id, inputs, outputs, more, contextOf());
        const line = (await linesRecorded()).at(-1);
        expect(line?.details).toEqual({
            relay: "hub",
            change: { peers: { zoe: { address: "10.8.0.22", publicKey: KEYS.bob } } },
            since: { record: (outputs.record as { sequence: number }).sequence, bytes: expect.any(Number) as number },
        });
        const { record, ...ledger } = after;
        expect(record).toMatchObject({ sequence: line?.capsule.sequence });
        expect(await checked(told({ peers: { ...peers, zoe: bob } }))).toMatchObject(ledger);
    });

    it("has the record of before in a preview in which no name changes", async () => {
        const { id, inputs, outputs } = await made();
        const preview = async (news: Properties): Promise<Properties> =>
            registry.update(id, inputs, outputs, await checked(news, inputs), contextOf({ preview: true }));
        expect((await preview(told())).record).toEqual(outputs.record);
        expect((await preview(told({ peers: {} }))).record).toBe(UNKNOWN);
        expect(await recorded()).toEqual(APPLIED);
    });
});

describe("a registry that the state has lost", () => {
    it("is taken over from the log, with the addresses of names that are listed no more", async () => {
        const { id, inputs, outputs } = await made();
        const retired = await checked(told({ peers: { alice: {} } }), inputs);
        await registry.update(id, inputs, outputs, retired, contextOf());
        const context = contextOf();
        const found = await checked(told({ peers: { zoe: {}, alice: {} } }), undefined, context);
        expect(found).toMatchObject({
            peers: { alice: { address: "10.8.0.3" }, zoe: { address: "10.8.0.4" } },
            retired: { peers: { bob: { address: "10.8.0.2" } } },
        });
        expect(context.said).toEqual([
            "warning: hub: the state has no registry; addresses and ports are taken over from the log (alice and bob)",
        ]);
    });

    it("is not missed where there never was one", async () => {
        const context = contextOf();
        await checked(told(), undefined, context);
        expect(context.said).toEqual([]);
    });

    it("knows from the log the keys that were revoked", async () => {
        const { id, inputs, outputs } = await made();
        await registry.update(id, inputs, outputs, await checked(told({ peers: {} }), inputs), contextOf());
        expect(await checked(told({ peers: { carol: bob } }))).toHaveProperty("refused");
    });
});

describe("before a registry is recorded", () => {
    it("the relay's own mark is compared with the log", async () => {
        const machine = new Machine();
        [machine.owner, machine.relayId, machine.generation] = ["shop/dev/hub", "ab12", 1];
        machine.auditMark = formatMark({ sequence: 7, hash: "a".repeat(64), offset: 4711 });
        connect(machine);
        const inputs = await checked({ ...placedAt(machine), ...told() });
        await expect(registry.create(inputs, contextOf())).rejects.toThrow(
            /the relay's last change is record 7 of its log/,
        );
        expect(machine.steps).toEqual(["facts"]);
    });
});

describe("a registry that is removed", () => {
    it("is archived with what it listed, and a note of the log is written", async () => {
        const { id, inputs, outputs } = await made();
        await registry.delete(id, inputs, outputs, contextOf());
        const archived = "rchive the registry of relay hub: 1 peer and 0 services";
        expect((await recorded()).slice(2)).toEqual([
            ["registry_archive_begin", `A${archived}`],
            ["registry_update", `A${archived.replace("rchive", "rchived")}`],
        ]);
        // Names come back to the addresses that they had.
        expect(await checked(told({ peers: { alice: {}, bob } }))).toMatchObject({
            peers: { bob: { address: "10.8.0.2" }, alice: { address: "10.8.0.3" } },
        });
    });

    it("is left alone when another one took it over", async () => {
        const { id, inputs, outputs } = await made();
        await made();
        const before = await recorded();
        await registry.delete(id, inputs, outputs, contextOf());
        expect(await recorded()).toEqual(before);
    });
});

test("a change is not derived from a log that is not verified yet: the first line at fault is named, not the newest", async () => {
    const { id, inputs, outputs } = await made();
    await (await AuditLog.open(REF)).append({ action: "peers_apply", message: "Applied", details: { relay: "hub" } });
    const lines = readFileSync(REF.path, "utf8").split("\n");
    const forged = lines.map((line, index) => (index === 1 ? line.replace("Record the", "Keep the") : line));
    writeFileSync(REF.path, forged.map((line, index) => (index === 2 ? line.replace("{", "{ ") : line)).join("\n"));
    const more = await checked(told({ peers: { bob, alice: {} } }), inputs);
    await expect(registry.update(id, inputs, outputs, more, contextOf())).rejects.toThrow(
        "line 2 of audit/dev.jsonl: its content does not match its hash",
    );
});

test("a log that lost the registry's record fails the preview", async () => {
    const { id, inputs, outputs } = await made();
    const record = { ...(outputs.record as object), hash: "b".repeat(64) };
    await expect(registry.diff(id, inputs, { ...outputs, record }, inputs, contextOf())).rejects.toThrow(
        /audit\/dev\.jsonl/,
    );
    expect((await (await AuditLog.open(REF)).status())?.size).toBe(3);
});
