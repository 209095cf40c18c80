import { emptyGroups, groupFaults, groupSentences, membersOf } from "../../../../core/access/groups.js";
import { faultText } from "../../../../core/fault.js";

const faults = (groups: Record<string, string[]>, hasMorePeers = false): string[] =>
    groupFaults({ groups, peers: ["alice", "bob"], services: ["Wiki"], hasMorePeers }).map(faultText);

it("takes groups of listed peers, and one without any", () => {
    expect(faults({ admins: ["alice", "bob"], ops: ["bob"], none: [] })).toEqual([]);
});

it.each<[string, Record<string, string[]>, string]>([
    ["a peer's name", { Alice: ["bob"] }, 'groups.Alice: "Alice" is the name of the peer "alice" too; choose another name for the group'],
    ["a service's name", { wiki: [] }, 'groups.wiki: "wiki" is the name of the service "Wiki" too; choose another name for the group'],
    ["a word with a meaning", { Everyone: [] }, 'groups.Everyone: "Everyone" has a meaning of its own in access rules; choose another name for the group'],
    ["two names in one", { ops: [], OPS: [] }, 'groups.OPS: "ops" and "OPS" differ only by upper and lower case; choose another name for the group'],
    ["no name at all", { "a b": [] }, 'groups.a b: "a b" cannot be a name; use 1 to 63 letters, digits, hyphens and underscores, beginning with a letter or digit'],
    ["an unknown member", { ops: ["bob", "carol"] }, 'groups.ops[1]: refers to a peer that is not listed, "carol"; add it to the relay\'s peers, or remove it here'],
    ["a group in a group", { ops: ["bob"], all: ["ops"] }, 'groups.all[0]: "ops" is a group, and a group has peers only; list its members here'],
])("refuses %s", (_what, groups, message) => expect(faults(groups)).toEqual([message])); // prettier-ignore

it("waits for peers that other resources list", () => {
    expect(faults({ ops: ["carol"] }, true)).toEqual([]);
});

it("finds the peers that are meant, and remembers the groups of those that no name of their own means", () => {
    const groups = { admins: ["alice", "bob"], ops: ["bob", "carol"] };
    expect([...membersOf(["ops", "alice", "admins", "nas"], groups)]).toEqual([
        ["bob", ["ops", "admins"]],
        ["carol", ["ops"]],
        ["alice", []],
        ["nas", []],
    ]);
});

it("says whom groups get and lose", () => {
    expect(
        groupSentences(
            { admins: ["alice", "bob"], same: ["bob"], old: ["alice"] },
            { admins: ["bob", "dora", "carol"], same: ["bob"], fresh: [] },
        ),
    ).toEqual([
        "group admins gets carol and dora and loses alice",
        "group fresh is added with no members",
        "group old is removed; it had alice",
    ]);
    expect(emptyGroups({ b: [], a: [], full: ["alice"] })).toEqual(["a", "b"]);
});
