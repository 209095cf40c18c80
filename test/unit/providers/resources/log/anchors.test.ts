import { setTimeout as pause } from "node:timers/promises";

import { AuditError, HostUnreachable } from "../../../../../core/errors.js";
import { formatMark } from "../../../../../core/protocol/mark.js";
import { AuditLog, type AuditRef } from "../../../../../providers/audit/log.js";
import { compareLeaves, compareMark } from "../../../../../providers/resources/log/anchors.js";
import { compareAllDue } from "../../../../../providers/resources/log/beforeRecord.js";
import { UNKNOWN } from "../../../../../providers/resources/resource.js";
import { scratchProject } from "../../audit/scratch.js";
import { connect, Machine } from "../../hosts/machine.js";
import { contextOf, placedAt, REF, targetAt } from "../relay/lifecycle.js";

jest.mock("node:timers/promises", () => {
    const actual = jest.requireActual<{ setTimeout: typeof pause }>("node:timers/promises");
    return { ...actual, setTimeout: jest.fn(actual.setTimeout) };
});

scratchProject();
const MISSING = formatMark({ sequence: 9, hash: "a".repeat(64), offset: 99_999 });

/** A machine of this relay, or of another owner, that was changed last under a record. */
function machineWith(auditMark: string | undefined, owner = "shop/dev/hub"): Machine {
    const machine = new Machine();
    Object.assign(machine, { auditMark, owner, generation: 1 });
    connect(machine);
    return machine;
}

describe("the mark of a machine", () => {
    const compare = (machine: Machine): Promise<void> => compareMark(REF, targetAt(machine));

    it("is a record that the log has", async () => {
        const record = await (await AuditLog.open(REF)).append({ action: "setup_relay", message: "Set up" });
        await expect(compare(machineWith(formatMark(record)))).resolves.toBeUndefined();
        const lacking = compare(machineWith(MISSING));
        await expect(lacking).rejects.toThrow(AuditError);
        await expect(lacking).rejects.toThrow("the relay's last change is record 9 of its log");
    });

    it("is not compared where there is none, where another relay is, and where nothing answers", async () => {
        await expect(compare(machineWith(undefined))).resolves.toBeUndefined();
        await expect(compare(machineWith(MISSING, "other/dev/hub"))).resolves.toBeUndefined();
        const gone = machineWith(MISSING);
        gone.unreachable = new HostUnreachable("root@203.0.113.7", "timed out", "look");
        await expect(compare(gone)).resolves.toBeUndefined();
        gone.unreachable = new TypeError("a fault of ours");
        await expect(compare(gone)).rejects.toThrow("a fault of ours");
    });

    it("is compared where the resource is not told the relay's id, which the machine knows", async () => {
        const machine = machineWith(MISSING);
        machine.relayId = "cd34";
        const { relayId: _, ...unnamed } = targetAt(machine);
        await expect(compareMark(REF, unnamed)).rejects.toThrow(AuditError);
    });
});

describe("machines of managed peers", () => {
    const relay = placedAt(new Machine());
    const leaf = ({ host }: Machine, more: object = {}): object => ({ peer: "nas", host, interface: "wg0", ...more });
    let logs = 0;
    /** Compares before the next record of a log of its own, as what is due is known by the log's path. */
    async function compared(...versions: (unknown[] | symbol | undefined)[]): Promise<void> {
        const audit: AuditRef = { ...REF, path: `audit/leaves${(logs += 1)}.jsonl` };
        const inputs = versions.map((leaves) => (leaves === undefined ? undefined : { ...relay, audit, leaves }));
        compareLeaves(inputs, contextOf());
        await compareAllDue(audit.path);
    }

    it("are asked before the next record, those of the state and those of the program, each once", async () => {
        const [one, two] = [new Machine(), new Machine()];
        connect(one, two);
        await compared([leaf(one)], [leaf(one), leaf(two, { peer: "office" })], undefined);
        expect([one.steps, two.steps]).toEqual([["facts"], ["facts"]]);
        expect(one.last("facts").values).toMatchObject({ owner: "shop/dev/hub/nas", relayId: "ab12/nas" });
        expect(two.last("facts").values).toMatchObject({ owner: "shop/dev/hub/office" });
    });

    it("stop the next record when the log lacks the one that a machine bears", async () => {
        await expect(compared([leaf(machineWith(MISSING, "shop/dev/hub/nas"))])).rejects.toThrow(AuditError);
    });

    it("are not asked while anything about them is unknown, or there is no key to recognise them by", async () => {
        const machine = new Machine();
        connect(machine);
        const ssh = { kind: "ssh", address: "203.0.113.7", port: 22, user: "root", sudo: false, packages: "install" };
        await compared(UNKNOWN, [
            leaf(machine, { peer: UNKNOWN }),
            leaf(machine, { host: { ...machine.host, namespace: UNKNOWN } }),
            leaf(machine, { host: ssh }),
            "not a place",
        ]);
        expect(machine.steps).toEqual([]);
    });

    it("that do not answer within three seconds hold nothing up", async () => {
        jest.mocked(pause).mockResolvedValueOnce(undefined);
        const silent = new Machine();
        connect(silent);
        jest.spyOn(silent, "connection").mockReturnValue({
            ...silent.connection(),
            ask: () => new Promise(() => undefined),
        });
        await expect(compared([leaf(silent)])).resolves.toBeUndefined();
        expect(pause).toHaveBeenLastCalledWith(3000, undefined, { ref: false });
    });
});
