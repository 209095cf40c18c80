import { readFileSync } from "node:fs";
import { join } from "node:path";

import { entry, makeLog, makeRotatedLog, OTHER_SEED, SEED } from "../../core/audit/logs.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { KEYS, story } from "../story.js";

const scratch = scratchFolder();
const log = story();
const { version } = JSON.parse(readFileSync(join(__dirname, "../../../../package.json"), "utf8")) as {
    version: string;
};

async function exportAs(format: string, ...more: string[]): Promise<string[]> {
    const { code, stdout, stderr } = await run(
        ...["audit", "export", "--format", format, scratch.write("dev.jsonl", log.bytes), ...more],
    );
    expect([code, stderr]).toEqual([0, `14 records, public key ${log.log.publicKey}\n`]);
    return stdout.split(/\r?\n/).slice(0, -1);
}

describe("csv", () => {
    const HEAD = "timestamp,relay,event,name,formerly,public_key,address,user,correlation_id,sequence,hash";
    const row = (sequence: number, ...cells: string[]): string => {
        const { timestamp, user, correlation_id, capsule } = log.lines[sequence]!;
        return [timestamp, ...cells, user, correlation_id, sequence, capsule.hash].join(",");
    };
    const present = (sequence: number, ...cells: string[]): string => {
        const { timestamp, capsule } = log.lines[sequence]!;
        return [timestamp, "relay", "present", ...cells, "", "", sequence, capsule.hash].join(",");
    };

    test("lists who came and went, each with the record that says so", async () => {
        expect(await exportAs("csv")).toEqual([
            HEAD,
            row(2, "relay", "added", "alice", "", KEYS.alice, "10.8.0.2"),
            row(3, "relay", "added", "bob", "", KEYS.bob, "10.8.0.3"),
            row(3, "relay", "added", "carol", "", KEYS.carol, "10.8.0.4"),
            row(6, "relay", "key rotated", "bob", "", KEYS.bob2, "10.8.0.3"),
            row(8, "relay", "renamed", "caro", "carol", KEYS.carol, "10.8.0.4"),
            row(10, "relay", "removed", "alice", "", KEYS.alice, "10.8.0.2"),
            row(12, "other", "added", "nas", "", KEYS.nas, "10.9.0.2"),
            row(13, "other", "removed", "nas", "", KEYS.nas, "10.9.0.2"),
        ]);
    });

    test("of a period begins with who was there", async () => {
        expect(await exportAs("csv", "--since", "2026-04-04T14:08:00Z", "--until", "2026-04-04T14:11:00Z")).toEqual([
            HEAD,
            present(2, "alice", "", KEYS.alice, "10.8.0.2"),
            present(6, "bob", "", KEYS.bob2, "10.8.0.3"),
            present(3, "carol", "", KEYS.carol, "10.8.0.4"),
            row(8, "relay", "renamed", "caro", "carol", KEYS.carol, "10.8.0.4"),
            row(10, "relay", "removed", "alice", "", KEYS.alice, "10.8.0.2"),
        ]);
    });

    test("of a period without records lists who was there all the same", async () => {
        const there = [
            HEAD,
            present(6, "bob", "", KEYS.bob2, "10.8.0.3"),
            present(3, "caro", "", KEYS.carol, "10.8.0.4"),
        ];
        expect(await exportAs("csv", "--since", "2027-01-01")).toEqual(there);
        expect(await exportAs("csv", "--since", "2026-04-04T14:10:30Z", "--until", "2026-04-04T14:10:40Z")).toEqual(
            there,
        );
        expect(await exportAs("csv", "--since", "2026-04-04T14:00:10Z", "--until", "2026-04-04T14:00:20Z")).toEqual([
            HEAD,
        ]);
    });

    test("of a period lists the former key that still worked, too", async () => {
        const rotation = { ...{ relay: "relay", name: "bob", tunnel_ip: "10.8.0.3" }, public_key: KEYS.bob2 };
        const overlapping = makeLog([
            entry(1, { action: "peer_add", details: { ...rotation, public_key: KEYS.bob } }),
            entry(2, { action: "key_rotate", details: { ...rotation, overlap_public_key: KEYS.bob } }),
        ]);
        const file = scratch.write("overlap.jsonl", overlapping.bytes);
        const { stdout } = await run("audit", "export", "--format", "csv", file, "--since", "2030-01-01");
        const rows = stdout.split("\r\n").slice(1, -1);
        expect(rows.map((row) => row.split(",").slice(2, 6))).toEqual([
            ["present", "bob", "", KEYS.bob],
            ["present", "bob", "", KEYS.bob2],
        ]);
        expect(rows.map((row) => row.split(",")[9])).toEqual(["1", "2"]);
    });

    test("holds no cell that breaks the table or runs as a formula", async () => {
        const details = { relay: 'a "b", c', name: "=cmd()", public_key: KEYS.nas, tunnel_ip: "10.8.0.9" };
        const odd = makeLog([entry(1, { action: "peer_add", details, user: "@mallory" })]);
        const file = scratch.write("odd.jsonl", odd.bytes);
        const { stdout } = await run("audit", "export", "--format", "csv", file);
        expect(stdout.split("\r\n")[1]).toMatch(/^[^,]+,"a ""b"", c",added,'=cmd\(\),,[^,]+,10\.8\.0\.9,'@mallory,/);
    });
});

test("ocsf: one event a line, peers and services as managed entities", async () => {
    const events = (await exportAs("ocsf")).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toHaveLength(14);
    const { id, sequence, hash } = log.lines[6]!.capsule;
    expect(events[6]).toEqual({
        class_uid: 3004,
        category_uid: 3,
        activity_id: 3,
        type_uid: 300403,
        time: Date.parse("2026-04-04T14:06:00Z"),
        severity_id: 1,
        status_id: 1,
        status: "Success",
        message: "Rotated the key of bob",
        actor: { user: { name: "bob" } },
        entity: { type: "VPN peer", name: "bob", data: log.lines[6]!.details },
        metadata: {
            version: "1.3.0",
            uid: id,
            sequence,
            correlation_uid: log.lines[6]!.correlation_id,
            log_name: "shop/dev",
            original_time: "2026-04-04T14:06:00Z",
            product: { name: "pulumi-qp-tunnel", vendor_name: "pulumi-qp-tunnel", version },
        },
        unmapped: { action: "key_rotate", hash, genesis: log.log.genesis, details: log.lines[6]!.details },
    });
    expect(events[7]).toMatchObject({
        class_uid: 6003,
        category_uid: 6,
        type_uid: 600399,
        severity_id: 3,
        status: "Failure",
        api: { operation: "peer_add_error", service: { name: "pulumi-qp-tunnel" } },
    });
    expect(await exportAs("ocsf", "--since", "2026-04-04T14:13:00Z")).toHaveLength(1);
});

test("cef: one line a record, with what could end a field escaped", async () => {
    const [line] = await exportAs("cef", "--since", "2026-04-04T14:07:00Z", "--until", "2026-04-04T14:08:00Z");
    const { hash } = log.lines[7]!.capsule;
    expect(line).toBe(
        `CEF:0|pulumi-qp-tunnel|pulumi-qp-tunnel|${version}|peer_add_error|Adding dave failed|7|` +
            `rt=${Date.parse("2026-04-04T14:07:00Z")} suser=alice outcome=failure externalId=7 cs1Label=log cs1=shop/dev ` +
            `cs2Label=hash cs2=${hash} cs3Label=correlation cs3=${log.lines[7]!.correlation_id} cs4Label=name cs4=dave ` +
            "msg=Adding dave failed",
    );
    const odd = makeLog([entry(1, { message: "a|b=c\\d", details: { name: "x=y" } })]);
    const file = scratch.write("odd.jsonl", odd.bytes);
    const [, escaped] = (await run("audit", "export", "--format", "cef", file)).stdout.split("\n");
    expect(escaped).toContain("|peer_add|a\\|b=c\\\\d|3|");
    expect(escaped).toMatch(/cs4=x\\=y msg=a\|b\\=c\\\\d$/);
});

test("a part of a chain is no export that could be verified", async () => {
    const { code, stderr } = await run("audit", "export", "--format", "cps-json", "x", "--since", "2026-04-04");
    expect([code, stderr]).toEqual([2, expect.stringContaining("--since: part of a chain cannot be verified")]);
});

test("the keyring of a log whose key was rotated holds every key, the last one active", async () => {
    const rotated = makeRotatedLog([
        { seed: SEED, entries: [entry(1)] },
        { seed: OTHER_SEED, entries: [entry(51)] },
    ]);
    const file = scratch.write("rotated.jsonl", rotated.bytes);
    const keys = join(scratch.path, "keys");
    const { code, stdout } = await run("audit", "export", "--format", "cps-json", file, "--keyring", keys);
    expect(code).toBe(0);
    const capsules = JSON.parse(stdout) as { signed_by: string; context: { environment: { public_key: string } } }[];
    const [first, second] = [log.log.publicKey, rotated.log.publicKey];
    expect(capsules.map(({ context }) => context.environment.public_key)).toEqual([first, first, first, second]);
    expect(capsules.map(({ signed_by }) => signed_by)).toEqual(
        [first, first, first, second].map((key) => key.slice(0, 16)),
    );
    const { active_epoch, epochs } = JSON.parse(readFileSync(join(keys, "keyring.json"), "utf8")) as {
        active_epoch: number;
        epochs: object[];
    };
    expect(active_epoch).toBe(1);
    expect(epochs).toEqual([
        expect.objectContaining({ public_key_hex: first, rotated_at: "2026-04-04T14:00:50+00:00", status: "retired" }),
        expect.objectContaining({ public_key_hex: second, rotated_at: null, status: "active" }),
    ]);
});
