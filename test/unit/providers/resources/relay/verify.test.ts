import { readFileSync, writeFileSync } from "node:fs";

import { AuditError, HostUnreachable } from "../../../../../core/errors.js";
import type { RecordMark } from "../../../../../core/audit/record.js";
import { formatMark } from "../../../../../core/protocol/mark.js";
import { AuditLog } from "../../../../../providers/audit/log.js";
import type { Facts } from "../../../../../providers/hosts/facts.js";
import {
    refuseForeign,
    verifyFacts,
    verifyRecord,
    verifyRelay,
} from "../../../../../providers/resources/relay/verify.js";
import { scratchProject } from "../../audit/scratch.js";
import { connect, Machine } from "../../hosts/machine.js";
import { contextOf, REF, targetAt } from "./lifecycle.js";

scratchProject();

const FACTS: Facts = { machine: "m1", marks: [], journal: [], sealed: 0, addresses: [], routes: [] };
const MISSING: RecordMark = { sequence: 9, hash: "a".repeat(64), offset: 99_999 };
const append = async (message: string): Promise<RecordMark> =>
    (await AuditLog.open(REF)).append({ action: "setup_relay", message });

describe("a diff", () => {
    it("passes while the log holds the resource's record, and without one", async () => {
        const record = await append("Set up");
        await append("and more");
        const context = contextOf();
        expect(await verifyRecord(REF, record, context)).toEqual({ behind: false });
        expect(await verifyRecord(REF, undefined, context)).toEqual({ behind: false });
        expect(context.said).toEqual([]);
    });

    it("fails without its log", async () => {
        await expect(verifyRecord(REF, MISSING, contextOf())).rejects.toThrow(AuditError);
    });

    it("of an older log fails, or warns where the program lets it", async () => {
        await append("first");
        const older = readFileSync(REF.path);
        const record = await append("second");
        writeFileSync(REF.path, older);
        await expect(verifyRecord(REF, record, contextOf())).rejects.toThrow(
            "audit/dev.jsonl: it is at least 1 line older than the state: line 3 is missing here",
        );
        const context = contextOf();
        const topics: (string | undefined)[] = [];
        const log = context.log.bind(context);
        context.log = (severity, message, topic) => {
            topics.push(topic);
            log(severity, message);
        };
        expect(await verifyRecord({ ...REF, onBehind: "warn" }, record, context)).toEqual({ behind: true });
        expect(context.said).toEqual([
            expect.stringMatching(/^warning: audit\/dev\.jsonl: it is at least 1 line older than the state/),
        ]);
        expect(topics).toEqual(["audit/dev.jsonl is behind"]);
    });
});

describe("a relay of another owner", () => {
    const target = targetAt(new Machine({ kind: "local" }), { claim: { resource: "h1", owner: "shop/dev/office" } });
    const there = (more: Partial<Facts>): Facts => ({ ...FACTS, owner: "else/prod/hub", relayId: "ff00", ...more });

    it.each<[string, Partial<Facts>]>([
        ["its id", { relayId: "ab12" }],
        ["the resource that acts", { marks: ["h1"] }],
        ["its name", { owner: "shop/dev/hub" }],
        ["the name of the state", { owner: "shop/dev/office" }],
    ])("is this one by %s", (_, more) => {
        expect(() => refuseForeign(there(more), target)).not.toThrow();
    });

    it("is refused with what to do", () => {
        expect(() => refuseForeign(there({}), target)).toThrow(
            "this machine: /etc/corp-wg0 belongs to else/prod/hub, this is shop/dev/hub; use another appName or interface; if it is this relay under its former name, give the Relay that name in `aliases`",
        );
        expect(() => refuseForeign(there({}), { ...target, owner: "shop/dev/hub/alice" })).toThrow(
            "if it is this peer under its former name, give the Peer that name in `aliases`",
        );
    });

    it("is not on a machine without one", () => {
        expect(() => refuseForeign(FACTS, target)).not.toThrow();
    });
});

describe("the record under which a relay was changed last", () => {
    const target = targetAt(new Machine({ kind: "local" }));
    const verify = async (facts: Partial<Facts>): Promise<void> =>
        verifyFacts(await AuditLog.open(REF), { ...FACTS, owner: "shop/dev/hub", relayId: "ab12", ...facts }, target);

    it("is in the log, or there is none", async () => {
        const record = await append("Set up");
        await verify({ auditMark: formatMark(record) });
        await verify({});
    });

    it("is missing in the log", async () => {
        await append("Set up");
        await expect(verify({ auditMark: formatMark(MISSING) })).rejects.toThrow(
            /^audit\/dev\.jsonl: .*line 3 is missing here; the relay's last change is record 9 of its log; /,
        );
    });

    it("is of another relay with the same name: that is told apart by its id", async () => {
        await append("Set up");
        await expect(verify({ auditMark: formatMark(MISSING), relayId: "ff00" })).rejects.toThrow(
            "this machine: /etc/corp-wg0 belongs to another relay that is called shop/dev/hub too: its id is ff00, which is not in this log; use another appName or interface; if the state of this relay was lost, restore the log that was written with it",
        );
    });

    it("cannot be read", async () => {
        await expect(verify({ auditMark: "scribble" })).rejects.toThrow(
            "audit-mark on this machine: it does not name a record",
        );
    });
});

describe("before a record is written, a relay", () => {
    it("is there and holds a record of this log", async () => {
        const machine = new Machine();
        connect(machine);
        expect(await verifyRelay(REF, targetAt(machine))).toBe(false);
        const set = new Machine();
        Object.assign(set, { owner: "shop/dev/hub", relayId: "ab12", auditMark: formatMark(await append("Set up")) });
        connect(set);
        expect(await verifyRelay(REF, targetAt(set))).toBe(true);
    });

    it("that is ahead of the log, or another's, stops it", async () => {
        await append("Set up");
        const ahead = new Machine();
        Object.assign(ahead, { owner: "shop/dev/hub", relayId: "ab12", auditMark: formatMark(MISSING) });
        const foreign = new Machine();
        Object.assign(foreign, { owner: "else/prod/hub", relayId: "ff00" });
        connect(ahead, foreign);
        await expect(verifyRelay(REF, targetAt(ahead))).rejects.toThrow(AuditError);
        await expect(verifyRelay(REF, targetAt(foreign))).rejects.toThrow("belongs to else/prod/hub");
    });

    it("that does not answer is asked again by the first step that needs it; what else fails, fails", async () => {
        const machine = new Machine();
        connect(machine);
        machine.unreachable = new HostUnreachable("there", "it cannot be reached", "wait");
        expect(await verifyRelay(REF, targetAt(machine))).toBe(false);
        machine.unreachable = new TypeError("a fault of ours");
        await expect(verifyRelay(REF, targetAt(machine))).rejects.toThrow("a fault of ours");
    });
});
