import type { RecordMark } from "../../../../../core/audit/record.js";
import { formatMark } from "../../../../../core/protocol/mark.js";
import { AuditLog } from "../../../../../providers/audit/log.js";
import { factsOf } from "../../../../../providers/hosts/facts.js";
import { restoredDrift, restoredNow, restoredSince } from "../../../../../providers/resources/relay/restored.js";
import { scratchProject } from "../../audit/scratch.js";
import { connect, Machine } from "../../hosts/machine.js";
import { PLACE } from "../relays.js";
import { REF, targetAt } from "./lifecycle.js";

scratchProject();
const INPUTS = { ...PLACE, audit: REF };

/** An operation of the log; the mark of its begin, which the machine bears. */
async function operation(action: string, outcome: "success" | "failure" | "none", relay = "hub"): Promise<RecordMark> {
    const begun = await (await AuditLog.open(REF)).begin({ action, message: "Begin", details: { relay } });
    const { mark } = begun;
    if (outcome === "success") await begun.success({ message: "Done", details: { relay } });
    if (outcome === "failure") await begun.failure(new Error("no"), { details: { relay } });
    return mark;
}

const since = (mark: RecordMark): Promise<unknown> => restoredSince(INPUTS, formatMark(mark));

it("a machine is older when the log has a later change of it that came to its end", async () => {
    const first = await operation("peers_apply", "success");
    expect(await since(first)).toBeUndefined();
    await operation("grants_apply", "success");
    const last = await operation("peers_apply", "success");
    expect(await since(first)).toEqual({ mark: first.sequence, last: last.sequence });
    expect(await since(last)).toBeUndefined();
});

it.each<[string, string, "success" | "failure" | "none", string]>([
    ["failed", "peers_apply", "failure", "hub"],
    ["was interrupted", "peers_apply", "none", "hub"],
    ["is of another relay", "peers_apply", "success", "office"],
    ["leaves no mark on a machine", "peer_add", "success", "hub"],
])("a later operation that %s is none", async (_, action, outcome, relay) => {
    const first = await operation("peers_apply", "success");
    await operation(action, outcome, relay);
    expect(await since(first)).toBeUndefined();
});

it("changes under a former name count", async () => {
    const first = await operation("peers_apply", "success", "office");
    const last = await operation("peers_apply", "success", "office");
    await (
        await AuditLog.open(REF)
    ).append({
        action: "relay_rename",
        message: "Renamed",
        details: { relay: "hub", formerly: "office", from: "shop/dev/office", to: "shop/dev/hub" },
    });
    expect(await since(first)).toEqual({ mark: first.sequence, last: last.sequence });
});

it("nothing is said of a machine without a mark, with one of another log, or without a log", async () => {
    expect(await restoredSince(INPUTS, undefined)).toBeUndefined();
    const nowhere = { sequence: 1, hash: "a".repeat(64), offset: 5, genesis: "b".repeat(64) };
    expect(await since(nowhere)).toBeUndefined();
    await operation("peers_apply", "success");
    await operation("peers_apply", "success");
    expect(await since(nowhere)).toBeUndefined();
});

it("before a change the machine is asked again: this process may know an older mark than it has", async () => {
    const first = await operation("peers_apply", "success");
    const last = await operation("peers_apply", "success");
    const machine = Object.assign(new Machine(), { owner: "shop/dev/hub", auditMark: formatMark(first) });
    connect(machine);
    const target = targetAt(machine);
    const facts = await factsOf(target);
    expect(await restoredNow(INPUTS, facts, target)).toEqual({ mark: first.sequence, last: last.sequence });
    machine.auditMark = formatMark(last);
    expect(await restoredNow(INPUTS, facts, target)).toBeUndefined();
});

describe("the state alone", () => {
    const mark = (sequence: number, genesis = "b".repeat(64)): RecordMark => ({
        ...{ sequence, hash: "a".repeat(64), offset: 5, genesis },
    });
    const drift = (applied: unknown, there: RecordMark | undefined): string[] =>
        restoredDrift({ applied, record: mark(9) }, there === undefined ? {} : { auditmark: formatMark(there) }).map(
            ({ kind }) => kind,
        );

    it("tells an older machine by the record that its resource left there last", () => {
        expect(drift(5, mark(3))).toEqual(["restored"]);
        expect(drift(5, mark(5))).toEqual([]);
        expect(drift(5, mark(7))).toEqual([]);
    });

    it("tells nothing of a machine without a mark or with one of another log, nor out of an older state", () => {
        expect(drift(5, undefined)).toEqual([]);
        expect(drift(5, mark(3, "c".repeat(64)))).toEqual([]);
        expect(drift(undefined, mark(3))).toEqual([]);
    });
});
