import { HostUnreachable } from "../../../../../core/errors.js";
import { formatMark } from "../../../../../core/protocol/mark.js";
import type { RecordMark } from "../../../../../core/audit/record.js";
import { AuditLog } from "../../../../../providers/audit/log.js";
import { ABANDON } from "../../../../../providers/hosts/descriptors.js";
import { relayResource } from "../../../../../providers/resources/relay/relayResource.js";
import { type Properties, type Resource, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { scratchProject } from "../../audit/scratch.js";
import { connect, Machine } from "../../hosts/machine.js";
import { contextOf, lamp, linesRecorded, placedAt, recorded, shining } from "./lifecycle.js";

scratchProject();

let machine: Machine;
let resource: Resource;

beforeEach(() => {
    machine = shining(new Machine());
    connect(machine);
    resource = relayResource(lamp("grants"));
});

const red = (more: Properties = {}): Properties => placedAt(machine, { colour: "red", ...more });
const blue = (): Properties => red({ colour: "blue" });

/** The relay is there, and its lamp is red. */
async function lit(of = resource): Promise<{ id: string; outputs: Properties }> {
    machine.owner = "shop/dev/hub";
    machine.relayId = "ab12";
    return of.create(red(), contextOf());
}

describe("check", () => {
    it("keeps the inputs, without a move that is not known yet", async () => {
        const inputs = red({ moved: UNKNOWN });
        expect(await resource.check(inputs, undefined, contextOf())).toEqual({ inputs: red(), failures: [] });
        const moved = red({ moved: { id: "1", left: [] } });
        expect((await resource.check(moved, undefined, contextOf())).inputs).toEqual(moved);
    });

    it("completes first, and tells what is unfit and what is wrong, in that order", async () => {
        const strict = relayResource(
            lamp("grants", {
                complete: (inputs, olds) => ({ ...inputs, colour: inputs.colour ?? olds?.colour }),
                unfit: () => [{ path: "colour", problem: "is unfit", fix: "choose another" }],
                check: (inputs, olds) => [
                    {
                        path: "colour",
                        problem: `${String(inputs.colour)} after ${String(olds?.colour)}`,
                        fix: "keep it",
                    },
                ],
            }),
        );
        expect(await strict.check(red({ colour: undefined }), blue(), contextOf())).toEqual({
            inputs: blue(),
            failures: [
                { path: "colour", problem: "is unfit", fix: "choose another" },
                { path: "colour", problem: "blue after blue", fix: "keep it" },
            ],
        });
    });

    it("refuses inputs of a wrong shape by the property's name", async () => {
        const checking = relayResource(lamp("grants", { check: () => [] }));
        await expect(checking.check({ ...red(), relay: 7 }, undefined, contextOf())).rejects.toThrow(
            "relay: is a number, not a string; give a string",
        );
    });
});

describe("diff", () => {
    const differs = async (news: Properties, outputs: Properties = {}, more = {}, of = resource) => {
        const context = contextOf(more);
        const { changes } = await of.diff("id", red(), outputs, news, context);
        return { changes, said: context.said };
    };

    it("says what a changed input means, and nothing where nothing changed", async () => {
        expect(await differs(blue())).toEqual({ changes: { colour: "update" }, said: ["info: hub: turns blue"] });
        expect(await differs(red())).toEqual({ changes: {}, said: [] });
    });

    it("does not compare how the relay is reached or recorded", async () => {
        const quiet = red({ credentials: "a key", confirmTimeout: 10, relayId: "ab13" });
        expect(await differs(quiet)).toEqual({ changes: {}, said: [] });
    });

    it("tells another machine as a change", async () => {
        expect((await differs(placedAt(new Machine(), { colour: "red" }))).changes).toEqual({ host: "update" });
    });

    it("undoes what a refresh found, each with its sentence", async () => {
        expect(await differs(red(), { drift: { colour: "it is blue", 'set "a b"': "it is set" } })).toEqual({
            changes: { "drift.colour": "delete", 'drift["set \\"a b\\""]': "delete" },
            said: ["info: hub: it is blue", "info: hub: it is set"],
        });
    });

    it("of a refresh warns of what it found, and of nothing else", async () => {
        expect(await differs(blue(), { drift: { colour: "it is green" } }, { refreshing: true })).toEqual({
            changes: { "drift.colour": "delete" },
            said: ["warning: hub: it is green"],
        });
    });

    it("warns whether or not anything changes, and may leave changes out", async () => {
        const adjusted = relayResource(lamp("grants", { warnings: () => ["it is dark"], adjust: () => ({}) }));
        expect(await differs(blue(), {}, {}, adjusted)).toEqual({ changes: {}, said: ["warning: it is dark"] });
    });

    it("fails where the log has lost what the resource wrote last", async () => {
        const { outputs } = await lit();
        const record = { ...(outputs.record as RecordMark), hash: "0".repeat(64) };
        await expect(differs(red(), { ...outputs, record })).rejects.toThrow("audit/dev.jsonl");
        expect((await differs(red(), outputs)).changes).toEqual({});
    });

    it("sets again what an unfinished update took away, which the log alone knows", async () => {
        const restoring = relayResource(
            lamp("grants", {
                restored: ({ removed }) =>
                    removed?.services.has("wiki") === true
                        ? [{ kind: "service", name: "wiki", sentence: "wiki is opened again" }]
                        : [],
            }),
        );
        const { outputs } = await lit(restoring);
        expect((await differs(red(), outputs, {}, restoring)).changes).toEqual({});
        await (
            await AuditLog.open(placedAt(machine).audit)
        ).append({
            action: "service_close",
            message: "Closed wiki",
            details: { relay: "hub", name: "wiki", removed_first: true },
        });
        expect(await differs(red(), outputs, {}, restoring)).toEqual({
            changes: { 'drift["service wiki"]': "delete" },
            said: ["info: hub: wiki is opened again"],
        });
    });
});

describe("a preview", () => {
    it("of a new resource says what it means, knows no record and asks no machine", async () => {
        const context = contextOf({ preview: true });
        expect(await resource.create(red(), context)).toEqual({
            id: "",
            outputs: {
                ...{ colour: "red", files: UNKNOWN, drift: {}, record: UNKNOWN },
                plan: ["hub: is lit in red"],
            },
        });
        expect([context.said, machine.steps]).toEqual([["info: hub: is lit in red"], []]);
    });

    it("of an update leaves the words to its diff", async () => {
        const context = contextOf({ preview: true });
        const outputs = await resource.update("id", red(), {}, blue(), context);
        // A state of before has no files, and an update makes none of it.
        expect(outputs).toEqual({ colour: "blue", drift: {}, record: UNKNOWN, plan: ["hub: turns blue"] });
        expect(context.said).toEqual([]);
    });

    it("fails for what an apply would refuse, as far as that is known", async () => {
        const refusing = relayResource(lamp("grants", { foresee: () => Promise.reject(new Error("no power")) }));
        const context = contextOf({ preview: true });
        await expect(refusing.create(red(), context)).rejects.toThrow("no power");
        await expect(refusing.update("id", red(), {}, blue(), context)).rejects.toThrow("no power");
    });
});

describe("create and update", () => {
    it("mint an id that the machine knows the resource by from then on", async () => {
        const { id, outputs } = await lit();
        expect(id).toMatch(/^[0-9a-f]{16}$/);
        expect(machine.marks).toEqual({ grants: id });
        const updated = await resource.update(id, red(), outputs, blue(), contextOf());
        expect(machine.marks).toEqual({ grants: id });
        expect([outputs.colour, updated.colour]).toEqual(["red", "blue"]);
    });
});

describe("read", () => {
    const read = async (id: string, outputs: Properties, context = contextOf()) => {
        const found = await resource.read(id, red(), outputs, context);
        return { drift: found?.outputs.drift, said: context.said, found };
    };

    it("finds no difference on a relay as it was applied", async () => {
        const { id, outputs } = await lit();
        expect(await read(id, outputs)).toMatchObject({ drift: {}, found: { id, inputs: red(), outputs } });
        expect(machine.last("read").values).toMatchObject({ what: "grants", table: "corp_wg0", id });
    });

    it("reports what the machine shows otherwise", async () => {
        const { id, outputs } = await lit();
        machine.says.read = () => ({ nft: "green\n" });
        expect((await read(id, outputs)).drift).toEqual({ colour: "it is green" });
    });

    it("takes a relay whose records are gone for a difference, as the state knows its keys still", async () => {
        const { id, outputs } = await lit();
        machine.marks = {};
        expect((await read(id, outputs)).drift).toEqual({
            records:
                "the relay's own records of it are missing: the machine was rebuilt or they were removed; `pulumi up --refresh` creates it again",
        });
    });

    it("finds nothing where a state without records is read from a machine without them", async () => {
        expect((await read("id", { colour: "red" })).found).toBeUndefined();
    });

    it("reports that another stack or an older state changed it", async () => {
        const { id, outputs } = await lit();
        machine.marks.grants = "another";
        expect((await read(id, outputs)).drift).toEqual({
            records:
                "the relay's records of it have a different id: another stack or an older state changed it; `pulumi up --refresh` takes it over",
        });
    });

    it("reports a machine that was restored from an older copy, by the log and by the state", async () => {
        const { id, outputs } = await lit();
        const older = machine.auditMark;
        const newer = await resource.update(id, red(), outputs, blue(), contextOf());
        machine.auditMark = older;
        const { drift } = await read(id, newer);
        expect(drift).toEqual({
            restored: expect.stringMatching(
                /^the machine was restored from an older copy: its last change is record 1 of the log, which has a later one \(record 3\)/,
            ),
        });
    });

    it("fails for a machine that cannot be reached: it is not gone", async () => {
        const { id, outputs } = await lit();
        machine.unreachable = new HostUnreachable("there", "it cannot be reached", "wait");
        await expect(read(id, outputs)).rejects.toThrow("it cannot be reached");
    });

    it("of a resource that is not imported finds nothing without a state", async () => {
        machine.owner = "shop/dev/hub";
        machine.auditMark = formatMark({ sequence: 1, hash: "a".repeat(64), offset: 9 });
        const { host } = machine;
        const id = `namespace:${host.kind === "local" ? host.namespace : ""}/wg0/corp`;
        expect(await resource.read(id, {}, {}, contextOf())).toBeUndefined();
    });

    it("imports a relay of this stack under the id that its machine has, with the differences", async () => {
        await lit();
        machine.marks.grants = "known there";
        machine.says.read = () => ({ nft: "green\n", "program.sum": "x\n" });
        const importing = relayResource(
            lamp("grants", {
                imported: ({ placed }) =>
                    Promise.resolve({ inputs: { ...placed, colour: "red" }, outputs: { colour: "red" } }),
            }),
        );
        const { host } = machine;
        const id = `namespace:${host.kind === "local" ? host.namespace : ""}/wg0/corp`;
        const found = await importing.read(id, {}, {}, contextOf());
        expect(found).toMatchObject({
            id: "known there",
            inputs: { relay: "hub", relayId: "ab12", host, appName: "corp", interface: "wg0", colour: "red" },
            outputs: { colour: "red", drift: { colour: "it is green" }, record: { sequence: 1 } },
        });
        expect(machine.last("read").values).toMatchObject({ what: "grants", record: "1" });
    });
});

describe("delete", () => {
    const remove = (id: string, outputs: Properties): Promise<void> => resource.delete(id, red(), outputs, contextOf());

    it("removes what the machine has of it, and records what it answered", async () => {
        const { id, outputs } = await lit();
        await remove(id, outputs);
        expect(machine.marks).toEqual({});
        expect((await recorded()).slice(2)).toEqual([
            ["lamp_remove_begin", "Put out the lamp"],
            ["lamp_remove", "The lamp is out (generation 2)"],
        ]);
        expect(machine.last("grants-delete").values).toMatchObject({ id, table: "corp_wg0", expected: "1" });
    });

    it("of a resource that was replaced removes nothing, and says so", async () => {
        const { outputs } = await lit();
        machine.marks.grants = "its successor";
        await remove("its own", outputs);
        expect(machine.marks).toEqual({ grants: "its successor" });
        expect((await linesRecorded()).at(-1)).toMatchObject({
            action: "resource_replaced",
            message: "Lamp of relay hub was replaced: nothing on its machine was removed",
            details: { relay: "hub", resource: "Lamp", instead_of: "lamp_remove" },
        });
    });

    it("of a resource that ends without a word touches neither log nor machine", async () => {
        const silent = relayResource(lamp("grants", { ending: () => [] }));
        await silent.delete("id", red(), {}, contextOf());
        expect(machine.steps).toEqual([]);
    });

    it("of a host that was abandoned goes on without it and says that everything stays there", async () => {
        const { id, outputs } = await lit();
        machine.unreachable = new HostUnreachable("there", "it cannot be reached", "wait");
        await expect(remove(id, outputs)).rejects.toThrow("it cannot be reached");
        const { host } = machine;
        process.env[ABANDON] = host.kind === "local" ? host.namespace : "";
        await remove(id, outputs);
        expect((await linesRecorded()).at(-1)).toMatchObject({
            action: "host_abandoned",
            message:
                "Put out the lamp: the host cannot be reached and was abandoned, as QPTUNNEL_ABANDON_UNREACHABLE requests; everything on it stays",
            details: { relay: "hub" },
        });
    });

    it("of a renamed peer's former resources leaves its machine to those that took over", async () => {
        const { id, outputs } = await lit();
        Object.assign(machine, { relayId: "ab12/bob", marks: { grants: "bob's" }, owner: "shop/dev/hub/bob" });
        const inputs = red({ relay: "hub/alice", relayId: "ab12/alice", role: "leaf" });
        // What this process knows of the machine is read again after another's change.
        machine.generation = 9;
        await resource.update(id, red(), outputs, blue(), contextOf()).catch(() => undefined);
        const before = machine.steps.length;
        await resource.delete(id, inputs, outputs, contextOf());
        expect(machine.steps.slice(before)).not.toContain("grants-delete");
        expect((await recorded()).at(-1)?.[0]).toBe("resource_replaced");
    });
});
