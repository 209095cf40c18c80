import { AuditLog, type AuditRef } from "../../../../../providers/audit/log.js";
import type { Facts } from "../../../../../providers/hosts/facts.js";
import type { Target } from "../../../../../providers/hosts/host.js";
import { sealJournal } from "../../../../../providers/resources/relay/journal.js";
import { formatMark } from "../../../../../core/protocol/mark.js";
import { scratchProject } from "../../audit/scratch.js";

scratchProject();
const REF: AuditRef = { path: "audit/dev.jsonl", project: "shop", stack: "dev" };
const TARGET: Target = { host: { kind: "local" }, names: { appName: "qp-tunnel", interface: "wg0" }, owner: "a/b/hub" };
const EXPIRY = "1798761600\tpeer_expire\tname=alice\tallowed_ips=10.8.0.2/32";
const MOVED = "1798761601\tkey_moved\tname=bob";

const facts = (journal: string[], more: Partial<Facts> = {}): Facts => ({
    ...{ marks: [], machine: "m", addresses: [], routes: [], journal, sealed: 0 },
    ...more,
});

/** Begins an operation and seals; what the log has from it, and the facts afterwards. */
async function sealed(given: Facts): Promise<{ records: Record<string, unknown>[]; facts: Facts }> {
    const log = await AuditLog.open(REF, {});
    const operation = await log.begin({ action: "peers_apply", message: "Apply", details: { relay: "hub" } });
    const now = await sealJournal(log, operation, "hub", TARGET, given);
    const records: Record<string, unknown>[] = [];
    for await (const { action, message, details, correlation_id } of log.entries("newest")) {
        if (correlation_id !== operation.correlationId || action.endsWith("_begin")) break;
        records.unshift({ action, message, details });
    }
    return { records, facts: now };
}

it("makes a record of each line, by the relay's clock, and counts what the relay may drop", async () => {
    const { records, facts: now } = await sealed(facts([EXPIRY, MOVED]));
    expect(records).toEqual([
        {
            action: "peer_expire",
            message: "Peer alice (10.8.0.2) expired and was cut off, on 2027-01-01T00:00:00Z by the relay itself",
            details: {
                relay: "hub",
                happened_at: "2027-01-01T00:00:00Z",
                name: "alice",
                allowed_ips: "10.8.0.2/32",
            },
        },
        expect.objectContaining({ action: "key_moved" }),
    ]);
    expect(now).toMatchObject({ journal: [], sealed: 2 });
});

it("writes no line twice that an operation sealed and could not drop, and counts it all the same", async () => {
    await sealed(facts([EXPIRY]));
    const { records, facts: now } = await sealed(facts([EXPIRY, MOVED]));
    expect(records.map(({ action }) => action)).toEqual(["key_moved"]);
    expect(now.sealed).toBe(2);
});

it("looks no further back than the record that the relay was last changed under", async () => {
    await sealed(facts([EXPIRY]));
    const log = await AuditLog.open(REF, {});
    const mark = await log.append({ action: "peers_apply", status: "success", message: "Applied", details: {} });
    const { records } = await sealed(facts([EXPIRY], { auditMark: formatMark(mark) }));
    expect(records.map(({ action }) => action)).toEqual(["peer_expire"]);
});

it("adds to what an earlier seal of this process has counted", async () => {
    expect((await sealed(facts([MOVED], { sealed: 3 }))).facts.sealed).toBe(4);
});

it("tells what a relay never says by itself without believing it", async () => {
    const forged = "1798761600\tpeer_remove\tname=alice";
    const { records } = await sealed(facts([forged, "scribble"]));
    expect(records.map(({ action, details }) => [action, (details as { line: string }).line])).toEqual([
        ["journal_unknown", forged.replaceAll("\t", "\u2409")],
        ["journal_unknown", "scribble"],
    ]);
});
