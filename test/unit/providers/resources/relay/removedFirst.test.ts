import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuditLog, type AuditRef } from "../../../../../providers/audit/log.js";
import type { Announcement } from "../../../../../providers/resources/relay/announcement.js";
import { removedFirst, withoutRemovedFirst } from "../../../../../providers/resources/relay/removedFirst.js";

let folder: string;
let log: AuditLog;
let ref: AuditRef;

beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-removed-"));
    ref = { path: join(folder, "dev.jsonl"), project: "lab", stack: "dev", signingKey: `file:${folder}/key` };
    log = await AuditLog.open(ref);
});

afterEach(() => rmSync(folder, { recursive: true }));

const gone = (relay: string, key: string): Promise<unknown> =>
    log.append({
        action: "peer_remove",
        message: "Removed",
        details: { relay, name: key, public_key: key, removed_first: true },
    });
const rename = (from: string, to: string): Promise<unknown> =>
    log.append({
        action: "relay_rename",
        message: "Renamed",
        details: { relay: to, formerly: from, from: `lab/dev/${from}`, to: `lab/dev/${to}` },
    });

it("follows the relay through its names, those that are recorded and the one that the state has", async () => {
    const record = await log.append({ action: "peers_apply", message: "Applied" });
    await gone("office", "under its first name");
    await rename("office", "hub");
    await gone("hub", "between two renames");
    await gone("other", "of another relay");
    await gone("centre", "in the update that renames it, and failed then");
    const { keys } = await removedFirst(ref, record, ["centre", "hub"]);
    expect([...keys].sort()).toEqual([
        "between two renames",
        "in the update that renames it, and failed then",
        "under its first name",
    ]);
});

it("has every peer of a removal that is several lines, whichever of them say so", async () => {
    const record = await log.append({ action: "peers_apply", message: "Applied" });
    const peers = (from: string, count: number): { name: string; public_key: string; fingerprint: string }[] =>
        Array.from({ length: count }, (_, n) => ({
            name: `${from}${n}`,
            public_key: `key of ${from}${n}`,
            fingerprint: "f".repeat(200),
        }));
    const remove = (relay: string, all: object[]): Parameters<AuditLog["append"]>[0] => ({
        action: "peer_remove",
        message: "Removed",
        details: { relay, peers: all, proof: { looked: ["wg"] }, removed_first: true },
    });
    const two = crypto.randomUUID();
    await log.append(remove("hub", peers("a", 2000)), two);
    await log.append(remove("hub", peers("b", 1500)), two);
    const last = await log.append(remove("other", peers("c", 1500)));
    expect(last.sequence - record.sequence).toBeGreaterThan(6);

    const removed = await removedFirst(ref, record, ["hub"]);
    expect(removed.keys.size).toBe(3500);
    expect([...removed.keys]).toEqual(
        expect.arrayContaining(["key of a0", "key of a1999", "key of b0", "key of b1499"]),
    );
    expect(withoutRemovedFirst([remove("hub", peers("a", 2000)) as Announcement], removed)).toEqual([]);
});
