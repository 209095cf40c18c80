import { readFileSync, writeFileSync } from "node:fs";

import { AuditError, HostUnreachable } from "../../../../../core/errors.js";
import { formatMark } from "../../../../../core/protocol/mark.js";
import type { RecordMark } from "../../../../../core/audit/record.js";
import { AuditLog } from "../../../../../providers/audit/log.js";
import { changeRelay } from "../../../../../providers/hosts/facts.js";
import { ABANDON } from "../../../../../providers/hosts/descriptors.js";
import type { Target } from "../../../../../providers/hosts/host.js";
import type { Undertaking } from "../../../../../providers/resources/relay/approved.js";
import { compareBeforeRecord } from "../../../../../providers/resources/log/beforeRecord.js";
import { underAudit } from "../../../../../providers/resources/relay/underAudit.js";
import { scratchProject } from "../../audit/scratch.js";
import { connect, Machine } from "../../hosts/machine.js";
import { linesRecorded, recorded, REF, targetAt } from "./lifecycle.js";

scratchProject();
const SPEC: Undertaking = {
    action: "lamp_apply",
    message: "Lit",
    begin: "Light the lamp",
    details: { relay: "hub" },
    applying: {
        step: { urn: "urn:pulumi:dev::shop::qptunnel:index:Lamp::hub-lamp", operation: "update" },
        sentences: () => [],
    },
};

let machine: Machine;
let target: Target;

beforeEach(() => {
    machine = new Machine();
    target = targetAt(machine);
    connect(machine);
});

/** The relay as the last operation of this log left it. */
async function setUp(): Promise<RecordMark> {
    const log = await AuditLog.open(REF);
    const mark = await log.append({ action: "setup_relay", message: "Set up", details: { relay: "hub" } });
    Object.assign(machine, { owner: "shop/dev/hub", relayId: "ab12", generation: 7, auditMark: formatMark(mark) });
    return mark;
}

const apply = (auditMark: RecordMark): Promise<unknown> =>
    changeRelay(target, "grants", { table: "t", id: "g1", auditMark: formatMark(auditMark) });

describe("an operation", () => {
    it("is in the log before its first effect, and its outcome after it", async () => {
        const previous = await setUp();
        const { result, record } = await underAudit(
            REF,
            previous,
            SPEC,
            async (operation, facts) => {
                expect(await recorded()).toContainEqual(["lamp_apply_begin", "Light the lamp"]);
                expect(facts).toMatchObject({ machine: "m1", generation: 7 });
                await operation.success({ message: "Lit" });
                return "done";
            },
            target,
        );
        expect(result).toBe("done");
        const lines = await linesRecorded();
        expect(lines.map(({ action, message, status }) => [action, message, status])).toEqual([
            ["setup_relay", "Set up", "success"],
            ["lamp_apply_begin", "Light the lamp", "success"],
            ["lamp_apply", "Lit", "success"],
        ]);
        expect(record).toMatchObject({ sequence: lines[2]!.capsule.sequence, hash: lines[2]!.capsule.hash });
        expect(new Set(lines.slice(1).map(({ correlation_id }) => correlation_id)).size).toBe(1);
    });

    it("that fails is recorded as that, with its reason, and fails", async () => {
        const failing = underAudit(REF, undefined, SPEC, () => Promise.reject(new Error("the fuse blew")));
        await expect(failing).rejects.toThrow("the fuse blew");
        expect((await linesRecorded()).at(-1)).toMatchObject({
            action: "lamp_apply_error",
            status: "failure",
            message: "the fuse blew",
            details: { relay: "hub", error: "Error" },
        });
    });

    it("without a relay asks no machine", async () => {
        const { result } = await underAudit(REF, undefined, SPEC, (_, facts) => Promise.resolve(facts));
        expect([result, machine.steps]).toEqual([undefined, []]);
    });
});

describe("nothing is begun", () => {
    const body = jest.fn();
    const attempt = (previous?: RecordMark): Promise<unknown> => underAudit(REF, previous, SPEC, body, target);

    afterEach(async () => {
        expect(body).not.toHaveBeenCalled();
        expect((await recorded()).map(([action]) => action)).not.toContain("lamp_apply_begin");
    });

    it("where the log has lost the resource's last record", async () => {
        const previous = await setUp();
        await expect(attempt({ ...previous, hash: "0".repeat(64) })).rejects.toThrow(AuditError);
    });

    it("where the log has lost the relay's last record", async () => {
        await setUp();
        machine.auditMark = `9 ${"a".repeat(64)} 99999`;
        await expect(attempt()).rejects.toThrow("the relay's last change is record 9 of its log");
    });

    it("on a relay of another stack", async () => {
        await setUp();
        Object.assign(machine, { owner: "shop/prod/office", relayId: "ff00" });
        await expect(attempt()).rejects.toThrow("/etc/corp-wg0.");
    });

    it("in a log that was written further on this machine", async () => {
        await setUp();
        await underAudit(REF, undefined, { ...SPEC, action: "other_apply" }, () => Promise.resolve());
        const whole = readFileSync(REF.path, "utf8").split("\n");
        writeFileSync(REF.path, `${whole.slice(0, 2).join("\n")}\n`);
        await expect(attempt()).rejects.toThrow("the log ends after 2 lines, 3 were written here");
        writeFileSync(REF.path, whole.join("\n"));
    });

    it("before every comparison that is due was made", async () => {
        compareBeforeRecord(REF.path, "another relay", () => Promise.reject(new Error("another relay is ahead")));
        await expect(attempt()).rejects.toThrow("another relay is ahead");
        compareBeforeRecord(REF.path, "another relay", () => Promise.resolve());
    });
});

describe("a relay that cannot be reached", () => {
    const unreachable = new HostUnreachable("somewhere", "it cannot be reached", "check the firewall");

    beforeEach(() => {
        machine.unreachable = unreachable;
    });

    it("fails the operation, which is recorded, before its body", async () => {
        const body = jest.fn();
        await expect(underAudit(REF, undefined, SPEC, body, target)).rejects.toThrow(unreachable);
        expect(body).not.toHaveBeenCalled();
        expect((await recorded()).map(([action]) => action)).toEqual(["lamp_apply_begin", "lamp_apply_error"]);
    });

    it("is done without where the operator abandons it by name, and for no other reason", async () => {
        const attempt = (): Promise<{ result: unknown }> =>
            underAudit(REF, undefined, SPEC, (_, facts) => Promise.resolve([facts]), target);
        const { host } = machine;
        process.env[ABANDON] = "another";
        await expect(attempt()).rejects.toThrow(unreachable);
        process.env[ABANDON] = host.kind === "local" ? host.namespace : "";
        expect((await attempt()).result).toEqual([undefined]);
        machine.unreachable = new Error("something else");
        await expect(attempt()).rejects.toThrow("something else");
    });
});

describe("what the relay did by itself", () => {
    it("is recorded before anything else: a rollback with the peers that the change had cut off, and its journal", async () => {
        const previous = await setUp();
        Object.assign(machine, {
            rolledBack: "2027-01-01T00:00:00Z",
            cutOff: "alice",
            journal: ["1798761601\tkey_moved\tname=bob"],
        });
        await underAudit(REF, previous, SPEC, (operation) => apply(operation.mark), target);
        expect((await recorded()).slice(2)).toEqual([
            ["rollback", "A change that cut off alice was rolled back on 2027-01-01T00:00:00Z"],
            [
                "key_moved",
                "The new key of bob was used for the first time, and the old one is gone, on 2027-01-01T00:00:01Z by the relay itself",
            ],
        ]);
        expect(machine.journal).toEqual([]);
    });

    it("is a rollback because nothing confirmed the change, where it names no peers", async () => {
        await setUp();
        machine.rolledBack = "2027-01-01T00:00:00Z";
        await underAudit(REF, undefined, SPEC, () => Promise.resolve(), target);
        expect((await recorded()).at(-1)).toEqual([
            "rollback",
            "A change that was not confirmed was rolled back on 2027-01-01T00:00:00Z",
        ]);
    });

    it("in the meantime is seen, recorded and planned on, once", async () => {
        await setUp();
        const generations: unknown[] = [];
        await underAudit(
            REF,
            undefined,
            SPEC,
            async (operation, facts) => {
                generations.push(facts?.generation);
                if (generations.length === 1) {
                    machine.generation = 8;
                    machine.journal = ["1798761601\tkey_moved\tname=bob"];
                }
                await apply(operation.mark);
            },
            target,
        );
        expect(generations).toEqual([7, 8]);
        expect((await recorded()).slice(2).map(([action]) => action)).toEqual(["relay_changed", "key_moved"]);
        expect((await linesRecorded())[2]).toMatchObject({
            message: "another program changed the relay in the meantime (generation 8)",
            details: { relay: "hub", generation: 8 },
        });
        expect(machine.journal).toEqual([]);
    });

    it("a second time is not raced against", async () => {
        await setUp();
        let times = 0;
        const racing = underAudit(
            REF,
            undefined,
            SPEC,
            async (operation) => {
                times += 1;
                machine.generation! += 1;
                await apply(operation.mark);
            },
            target,
        );
        await expect(racing).rejects.toThrow("another program changed the relay in the meantime (generation 9)");
        expect(times).toBe(2);
    });
});

it("an update of another program at the same time stops this one, and its record is named", async () => {
    await setUp();
    const racing = underAudit(
        REF,
        undefined,
        SPEC,
        async (operation) => {
            const other = await (await AuditLog.open(REF)).append({ action: "peers_apply", message: "Another's" });
            machine.generation = 8;
            machine.auditMark = formatMark(other);
            await apply(operation.mark);
        },
        target,
    );
    await expect(racing).rejects.toThrow(
        /another update changed the relay while this one was under way, under record 3 of the log; nothing was overwritten; wait until it is done, review it \(`pulumi preview --refresh`\), then apply again$/,
    );
    expect((await recorded()).at(-1)?.[0]).toBe("lamp_apply_error");
});

it("operations on one machine wait for each other; those on two do not", async () => {
    const other = new Machine();
    connect(machine, other);
    const order: string[] = [];
    let release = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (release = resolve));
    const operate = (name: string, at: Target, until?: Promise<void>): Promise<unknown> =>
        underAudit(
            REF,
            undefined,
            SPEC,
            async () => {
                order.push(`${name} begins`);
                await until;
                order.push(`${name} ends`);
            },
            at,
        );
    const first = operate("first", target, waiting);
    const second = operate("second", target);
    await operate("elsewhere", targetAt(other));
    release();
    await Promise.all([first, second]);
    expect(order.filter((line) => !line.startsWith("elsewhere"))).toEqual([
        "first begins",
        "first ends",
        "second begins",
        "second ends",
    ]);
    expect(order.indexOf("elsewhere ends")).toBeLessThan(order.indexOf("first ends"));
});
