import { parsePlan } from "../../../../core/review/plan.js";
import { reviewOf } from "../../../../core/review/review.js";
import type { Review } from "../../../../core/review/model.js";
import { effectClass } from "../../../../providers/resources/effectClass.js";
import { UNKNOWN_TEXT } from "../../../../providers/plugin/marks.js";
import { AFTER, BEFORE, digest, EVERYTHING, NOW, stepsOf } from "./plans.js";

const review = (text: string): Review => reviewOf(parsePlan(text, "plan.json"), effectClass, NOW);

it("says who is added, cut off, renamed or changed, and who is as before", () => {
    const { relays, warnings, log, sentences } = review(EVERYTHING);
    expect(relays).toHaveLength(1);
    expect(relays[0]).toMatchObject({
        relay: "hub",
        change: "kept",
        peers: {
            known: true,
            added: [{ name: "bob", addresses: ["10.8.0.4"], expires: "2027-06-01T00:00:00Z" }],
            cut: [{ name: "alice", addresses: ["10.8.0.2"] }],
            expired: [{ name: "old", addresses: ["10.8.0.9"], expires: "2026-12-24T00:00:00Z" }],
            renamed: [{ from: "kim", to: "kimberly" }],
            changed: ["nas"],
            unchanged: 1,
        },
        expiries: [
            { peer: "console", expires: "2027-02-01T00:00:00Z", days: 31 },
            { peer: "bob", expires: "2027-06-01T00:00:00Z", days: 151 },
        ],
    });
    expect(warnings).toEqual(["hub: console expires on 2027-02-01T00:00:00Z (in 31 days)"]);
    expect(log).toEqual({ size: 18, head: "065efcf23346b859" });
    expect(sentences.map(({ effect }) => effect)).toEqual(["log", "added", "cut", "interrupted", "gained"]);
});

it("names both ends of access before and after, with services by their names", () => {
    expect(review(EVERYTHING).relays[0]?.access).toEqual({
        known: true,
        pairs: [
            { from: "alice", to: "(relay)", before: ["tcp/8443 (wiki)"], after: [] },
            { from: "alice", to: "nas", before: ["tcp/22"], after: [] },
            { from: "bob", to: "(relay)", before: [], after: ["tcp/8443 (wiki)"] },
            { from: "bob", to: "0.0.0.0/0", before: [], after: ["tcp/443"] },
            { from: "bob", to: "192.168.7.0/24", before: [], after: ["all"] },
            { from: "(relay)", to: "nas", before: ["tcp/3000"], after: ["tcp/3000"] },
            { from: "console", to: "nas", before: ["icmp"], after: ["icmp"] },
        ],
        added: [
            { from: "bob", to: "(relay)", ports: "tcp/8443", service: "wiki" },
            { from: "bob", to: "0.0.0.0/0", ports: "tcp/443" },
            { from: "bob", to: "192.168.7.0/24", ports: "all" },
        ],
        removed: [
            { from: "alice", to: "(relay)", ports: "tcp/8443", service: "wiki" },
            { from: "alice", to: "nas", ports: "tcp/22" },
        ],
    });
});

it("names sources by the rules and leaves other addresses where the preview has the grants alone", () => {
    const [, , grants] = stepsOf({ ...BEFORE, rules: {} }, BEFORE);
    const { relays } = review(digest([grants as object]));
    expect(relays[0]).toMatchObject({ change: "kept", peers: { known: true, added: [], cut: [] }, expiries: [] });
    expect(relays[0]?.peers.unchanged).toBeUndefined();
    expect(relays[0]?.access.added.map(({ from, to }) => `${from} ${to}`)).toEqual([
        "(relay) 10.8.0.3",
        "alice (relay)",
        "alice 10.8.0.3",
        "console 10.8.0.3",
    ]);
});

it("cuts off every peer of a relay that is removed, and adds those of a new one", () => {
    const [removed] = review(digest(stepsOf(BEFORE, undefined))).relays;
    expect(removed?.change).toBe("removed");
    expect(removed?.peers.cut.map(({ name }) => name)).toEqual(["alice", "console", "kim", "nas"]);
    expect(removed?.access.added).toEqual([]);
    expect(removed?.access.removed).toHaveLength(4);
    const [created] = review(digest(stepsOf(undefined, AFTER))).relays;
    expect(created?.change).toBe("created");
    expect(created?.peers.added).toHaveLength(4);
});

it("says so where peers or access rules come from other resources", () => {
    const after = { peers: UNKNOWN_TEXT as never, rules: UNKNOWN_TEXT };
    const [relay] = review(digest(stepsOf(BEFORE, after))).relays;
    expect(relay).toMatchObject({ peers: { known: false, cut: [] }, access: { known: false, removed: [] } });
});

it("reads states of older versions, whose peers are maps", () => {
    const peers = { alice: { address: "10.8.0.2", publicKey: "hSDw", address6: "fd12::2" } } as never;
    const [relay] = review(digest(stepsOf({ peers: {}, rules: {} }, { peers, rules: {} }))).relays;
    expect(relay?.peers.added).toEqual([{ name: "alice", addresses: ["10.8.0.2", "fd12::2"] }]);
});

it("keeps relays apart and leaves out machines of managed peers", () => {
    const both = [...stepsOf(BEFORE, AFTER), ...stepsOf(undefined, AFTER, "branch")];
    expect(review(digest(both)).relays.map(({ relay }) => relay)).toEqual(["branch", "hub"]);
    const text = digest(stepsOf(BEFORE, AFTER)).replaceAll("index:Relay$", "index:Relay$qptunnel:index:ManagedPeer$");
    expect(review(text).relays).toEqual([]);
});
