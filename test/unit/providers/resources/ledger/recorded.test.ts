import * as fc from "fast-check";
import type { RecordMark } from "../../../../../core/audit/record.js";
import type { Ledger } from "../../../../../core/registry/model.js";
import { AuditLog } from "../../../../../providers/audit/log.js";
import {
    LEDGER_ACTION,
    ledgerDetails,
    newestLedgerRecord,
    recordedLedger,
} from "../../../../../providers/resources/ledger/recorded.js";
import { history, ledgers } from "../../../core/registry/histories.js";
import { scratchProject } from "../../audit/scratch.js";
import { REF } from "../relay/lifecycle.js";

scratchProject();

const append = async (details: Record<string, unknown>): Promise<RecordMark> =>
    (await AuditLog.open(REF)).append({ action: LEDGER_ACTION, message: "The registry", details });
const recorded = async (relay = "hub"): Promise<Ledger | undefined> => recordedLedger(await AuditLog.open(REF), relay);
type Before = Parameters<typeof ledgerDetails>[3];
const record = async (ledger: Ledger, before?: Before, relay = "hub"): Promise<RecordMark> =>
    append(await ledgerDetails(await AuditLog.open(REF), relay, ledger, before));

/** A relay of so many peers, with their keys. */
function ledgerOf(count: number): Ledger {
    const names = Array.from({ length: count }, (_, index) => `peer${index}`);
    const peers = names.map((name, index) => [
        name,
        { address: `10.8.${index >> 8}.${index & 255}`, publicKey: "k".repeat(44) },
    ]);
    return {
        peers: Object.fromEntries(peers) as Ledger["peers"],
        services: {},
        retired: { peers: {}, services: {} },
    };
}

it("reads back the last ledger after any history, with interruptions after which the state knows an older record", async () => {
    const step = fc.record({ steps: history, isStale: fc.boolean() });
    let run = 0;
    await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 3 }), async (runs) => {
            const relay = `hub${run++}`;
            let state: Before;
            for (const { steps, isStale } of runs) {
                for (const { ledger } of ledgers(steps)) {
                    const mark = await record(ledger, state, relay);
                    if (!isStale) state = { ledger, record: mark };
                    expect(await recorded(relay)).toEqual(ledger);
                }
            }
        }),
        { numRuns: 30 },
    );
});

it("does not grow with the number of peers", async () => {
    const sizes: number[] = [];
    for (const count of [100, 1000]) {
        const ledger = ledgerOf(count);
        const mark = await record(ledger);
        const next = ledgerOf(count + 1);
        const details = await ledgerDetails(await AuditLog.open(REF), "hub", next, { ledger, record: mark });
        expect(details).toEqual({
            relay: "hub",
            change: { peers: { [`peer${count}`]: next.peers[`peer${count}`] } },
            since: { record: mark.sequence, bytes: expect.any(Number) as number },
        });
        sizes.push(JSON.stringify(details).length);
    }
    expect(sizes[1]! - sizes[0]!).toBeLessThan(16);
});

it("has a whole ledger again before the changes take more room than it", async () => {
    let [ledger, mark] = [ledgerOf(20), await record(ledgerOf(20))];
    let changed = 0;
    let whole = 0;
    for (let turn = 0; turn < 60; turn++) {
        const next: Ledger = { ...ledger, peers: { ...ledger.peers, peer0: { address: `10.9.0.${turn}` } } };
        const details = await ledgerDetails(await AuditLog.open(REF), "hub", next, { ledger, record: mark });
        const room = JSON.stringify(next).length;
        if ("since" in details) expect(details.since.bytes).toBeLessThan(room);
        if ("since" in details) changed++;
        else whole++;
        [ledger, mark] = [next, await append(details)];
    }
    expect(changed).toBeGreaterThan(4 * whole);
    expect(whole).toBeGreaterThan(0);
    expect(await recorded()).toEqual(ledger);
});

it("reads a large ledger in several lines, and a change after it", async () => {
    const ledger = ledgerOf(4000);
    const mark = await record(ledger);
    expect(mark.sequence).toBeGreaterThan(1);
    const next = ledgerOf(4001);
    const newer = await record(next, { ledger, record: mark });
    expect(await newestLedgerRecord(await AuditLog.open(REF), "hub")).toBe(newer.sequence);
    expect(await recorded()).toEqual(next);
});

it("refuses a change whose record before it is not there, and knows nothing of other relays", async () => {
    expect(await recorded()).toBeUndefined();
    await append({ relay: "other", ledger: ledgerOf(1) });
    expect(await recorded()).toBeUndefined();
    await append({ relay: "hub", change: {}, since: { record: 7, bytes: 2 } });
    await expect(recorded()).rejects.toThrow(
        "the registry of relay hub: the log has a change of it after record 7, but not that record",
    );
});
