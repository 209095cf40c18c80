import { statSync } from "node:fs";
import { join } from "node:path";

import { journalSentence, parseJournalLine } from "../../../../core/protocol/journal.js";
import { RelayFolder } from "./shell.js";

let relay: RelayFolder;
beforeEach(() => (relay = new RelayFolder()));
afterEach(() => relay.remove());

it("writes a line an event, for root alone, that is read back as it was meant", () => {
    const key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
    const before = Math.floor(Date.now() / 1000);
    relay.run(`journal peer_expire "name=alice" "public_key=${key}" "tunnel_ip=10.8.0.2"; journal key_moved name=bob`);
    const [first, second, ...rest] = relay.read("etc/journal")!.split("\n");
    expect(rest).toEqual([""]);
    const event = parseJournalLine(first!)!;
    expect(event).toMatchObject({
        action: "peer_expire",
        fields: { name: "alice", public_key: key, tunnel_ip: "10.8.0.2" },
    });
    expect(Date.parse(event.happenedAt) / 1000).toBeGreaterThanOrEqual(before);
    expect(journalSentence(parseJournalLine(second!)!)).toMatch(/^The new key of bob was used .* by the relay itself$/);
    expect(statSync(join(relay.folder, "etc/journal")).mode & 0o777).toBe(0o600);
});

it("drops the lines that were sealed with the change that follows, and no other", () => {
    relay.write("etc/journal", "1\ta\n2\tb\n3\tc\n");
    relay.run("commit", { auditMark: "7 abc 900", journal: "2" });
    expect(relay.read("etc/journal")).toBe("3\tc\n");
    relay.run("commit; commit", { auditMark: "8 abc 990", journal: "1" });
    expect(relay.read("etc/journal")).toBeUndefined();
    expect(relay.read("etc/generation")).toBe("3\n");
});

it("drops nothing for a change of the relay's own, which no log stands behind", () => {
    relay.write("etc/journal", "1\ta\n");
    relay.run("commit", { journal: "1" });
    expect(relay.read("etc/journal")).toBe("1\ta\n");
});

it("drops once in a program that commits for several steps", () => {
    relay.write("etc/journal", "1\ta\n2\tb\n");
    relay.run("commit; commit", { auditMark: "7 abc 900", journal: "1" });
    expect(relay.read("etc/journal")).toBe("2\tb\n");
});
