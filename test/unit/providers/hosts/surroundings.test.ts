import { surroundingConflicts } from "../../../../providers/hosts/surroundings.js";

const NAMES = { appName: "corp", interface: "wg0" };
const OURS = "interface\twg0\t51820\nsubnet\t10.8.0.0/24\n";
const chain = (family: string, table: string, name: string, hook: string, policy = "drop"): string =>
    JSON.stringify({
        nftables: [{ chain: { family, table, name, handle: 1, type: "filter", hook, prio: 0, policy } }],
    });

it("names whose chain stops the relay's packets, and not the relay's own tables", () => {
    const ruleset = [
        chain("ip", "filter", "INPUT", "input"),
        chain("inet", "corp_wg0", "input", "input"),
        chain("inet", "corp_wg0_epochs", "output", "output"),
        chain("ip", "other", "INPUT", "input", "accept"),
    ].join("\n");
    expect(surroundingConflicts(NAMES, { ruleset, ours: OURS })).toEqual([
        expect.stringMatching(/^table ip filter, chain INPUT \(hook input\) .*wg0/),
    ]);
});

it("says nothing where it was not asked, and passes over what is no document", () => {
    expect(surroundingConflicts(NAMES, {})).toEqual([]);
    const ruleset = `\n{"nftables": [\u0001\n${chain("ip", "filter", "INPUT", "input")}\n`;
    expect(surroundingConflicts(NAMES, { ruleset, ours: OURS })).toHaveLength(1);
});

it("knows the interface by its name where the relay has recorded none yet", () => {
    const ruleset = chain("ip", "filter", "INPUT", "input");
    expect(surroundingConflicts({ ...NAMES, interface: "tun7" }, { ruleset })[0]).toContain("tun7");
});

it("reads what iptables-legacy has, and says which of its tables could not be listed", () => {
    const legacy = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
    const [four] = surroundingConflicts(NAMES, { ruleset: "{}", ours: OURS, "legacy.ip": legacy });
    expect(four).toMatch(/INPUT/);
    const [unread] = surroundingConflicts(NAMES, { ruleset: "{}", ours: OURS, "legacy.unread": "filter\nnat\n" });
    expect(unread).toBe(
        "tables of iptables-legacy are loaded (filter, nat) and cannot be listed: they may drop packets that the relay's own table accepts; install iptables-legacy-save (iptables) on the machine",
    );
});
