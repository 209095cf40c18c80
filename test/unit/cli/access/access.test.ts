import type { Right } from "../../../../core/access/rights.js";
import { AFTER, digest, stepsOf } from "../../core/review/plans.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { exported, exportedTwo, RIGHTS } from "./states.js";

const scratch = scratchFolder();
const access = (...args: string[]): ReturnType<typeof run> =>
    run("access", "--state", scratch.write("state.json", exported(RIGHTS)), ...args);

it("lists what is allowed, and by what", async () => {
    expect(await access()).toEqual({
        code: 0,
        stderr: "",
        stdout: [
            "office",
            "",
            "  FROM     TO              PORTS     BY",
            "  (relay)  nas             tcp/3000  service grafana",
            "  alice    (relay)         tcp/8443  service grafana",
            "  alice    192.168.7.0/24  all       grants[1]",
            "  alice    nas             icmp      grants[0]",
            "  alice    nas             tcp/22    grants[0]",
            "  bob      nas             tcp/22    grants[0]",
            "",
        ].join("\n"),
    });
});

it.each([
    [
        ["--to", "nas:tcp/22"],
        ["alice", "bob"],
    ],
    [
        ["--to", "grafana"],
        ["(relay)", "alice"],
    ],
    [["--to", "192.168.7.9"], ["alice"]],
    [["--to", "10.8.0.4:icmp"], ["alice"]],
    [["--to", "internet"], []],
    [["--from", "bob"], ["bob"]],
    [["--from", "(relay)"], ["(relay)"]],
])("answers %j", async (args, sources) => {
    const { code, stdout } = await access(...args, "--json");
    const { relays } = JSON.parse(stdout) as { relays: { rights: { from: string }[] }[] };
    expect([code, [...new Set(relays[0]?.rights.map(({ from }) => from))]]).toEqual([0, sources]);
});

it.each([
    ["alice", "nas:tcp/22", 0, ""],
    ["alice", "nas", 0, ""],
    ["alice", "192.168.7.0/25:udp/53", 0, ""],
    ["alice", "nas:tcp/20-22", 1, "alice is allowed to reach only a part of nas:tcp/20-22\n"],
    ["alice", "192.168.0.0/16", 1, "alice is allowed to reach only a part of 192.168.0.0/16\n"],
    ["bob", "grafana", 1, "bob is not allowed to reach grafana\n"],
])("says whether %s is allowed to reach %s, with its exit code", async (from, to, code, stderr) => {
    expect(await access("--from", from, "--to", to)).toMatchObject({ code, stderr });
});

it("asks those of several relays that have the name", async () => {
    const state = scratch.write("state.json", exportedTwo(RIGHTS, "edge", ["bob"]));
    const ask = (...args: string[]): ReturnType<typeof run> => run("access", "--state", state, ...args);
    const { relays } = JSON.parse((await ask("--from", "bob", "--json")).stdout) as { relays: { relay: string }[] };
    expect(relays.map(({ relay }) => relay)).toEqual(["office"]);
    expect(await ask("--from", "bob", "--to", "nas:tcp/22")).toMatchObject({ code: 0, stderr: "" });
    expect((await ask("--from", "alice")).stdout).toMatch(/^edge\n[^]*^office\n/m);
    expect(await ask("--relay", "edge", "--from", "bob")).toMatchObject({
        code: 2,
        stderr: 'error: --from: relay edge has no peer "bob"; list the peers with qp-tunnel list\n',
    });
    expect((await ask("--from", "carol")).stderr).toContain('has no peer "carol"');
});

it("prints a matrix, comma-separated values and graphs", async () => {
    expect((await access("--matrix")).stdout).toBe(
        [
            "office",
            "",
            "  FROM     (relay)   192.168.7.0/24  nas",
            "  (relay)                            tcp/3000",
            "  alice    tcp/8443  all             icmp tcp/22",
            "  bob                                tcp/22",
            "",
        ].join("\n"),
    );
    expect(JSON.parse((await access("--matrix", "--json")).stdout)).toMatchObject({
        relays: [{ relay: "office", matrix: { bob: { nas: ["tcp/22"] } } }],
    });
    expect((await access("--csv", "--from", "bob")).stdout).toBe(
        "relay,from,to,ports,by,groups,until,ticket,reason\r\noffice,bob,nas,tcp/22,grants[0],,,,\r\n",
    );
    expect((await access("--graph", "mermaid", "--from", "bob")).stdout).toContain('-->|"tcp/22"|');
    expect((await access("--graph", "svg")).stdout).toMatch(/^<svg /);
});

describe("with groups and terms", () => {
    const until = "2099-01-31T18:00:00Z";
    const rights: Right[] = [
        { from: "alice", to: "nas", ports: "tcp/22", by: "grants[0]", groups: ["admins"] },
        { from: "bob", to: "nas", ports: "tcp/22", by: "grants[0]", until, ticket: "OPS-7", reason: "night, shift" },
        { from: "bob", to: "nas", ports: "icmp", by: "grants[1]", until: "2020-01-01T00:00:00Z" },
    ];
    const groups = { admins: "alice", all: "alice bob nas", none: "" };
    const ask = (...args: string[]): ReturnType<typeof run> =>
        run("access", "--state", scratch.write("state.json", exported(rights, "office", groups)), ...args);

    it("says by which group, until when and why, and leaves out what has ended", async () => {
        expect((await ask()).stdout.split("\n").slice(2, -1)).toEqual([
            "  FROM   TO   PORTS   BY",
            "  alice  nas  tcp/22  grants[0], by group admins",
            `  bob    nas  tcp/22  grants[0], until ${until}, ticket OPS-7: night, shift`,
        ]);
        expect((await ask("--matrix")).stdout.split("\n").slice(2)).toEqual([
            "  FROM   nas",
            "  alice  tcp/22 [1]",
            "  bob    tcp/22 [2]",
            "",
            "  [1] grants[0], by group admins",
            `  [2] grants[0], until ${until}, ticket OPS-7: night, shift`,
            "",
        ]);
        expect((await ask("--csv", "--from", "bob")).stdout).toContain(
            `office,bob,nas,tcp/22,grants[0],,${until},OPS-7,"night, shift"\r\n`,
        );
        expect(JSON.parse((await ask("--matrix", "--json")).stdout)).toMatchObject({
            relays: [{ terms: rights.slice(0, 2) }],
        });
    });

    it.each([
        [["--from", "admins"], 0, ["alice"]],
        [["--to", "all:tcp/22"], 0, ["alice", "bob"]],
        [["--from", "all", "--to", "nas:tcp/22"], 1, ["alice", "bob"]],
        [["--from", "admins", "--to", "nas:tcp/22"], 0, ["alice"]],
        [["--from", "alice", "--to", "all:tcp/22"], 1, ["alice"]],
        [["--from", "none"], 0, []],
    ])("answers %j of a group's members", async (args, code, sources) => {
        const answer = await ask(...args, "--json");
        const { relays } = JSON.parse(answer.stdout) as { relays: { rights: { from: string }[] }[] };
        expect([answer.code, relays[0]?.rights.map(({ from }) => from)]).toEqual([code, sources]);
    });
});

it("compares two states; the same right by another grant is no change", async () => {
    const [, ...rest] = RIGHTS.filter(({ from }) => from !== "bob");
    const more = { from: "nas", to: "alice", ports: "udp/53", by: "grants[2]" };
    const next = [{ ...RIGHTS[0]!, by: "service moved" }, ...rest, more];
    const files = [scratch.write("old.json", exported(RIGHTS)), scratch.write("new.json", exported(next))];
    expect(await run("access", "--diff", ...files)).toEqual({
        code: 0,
        stderr: "",
        stdout: [
            "- office: bob is no longer allowed to reach nas tcp/22 (grants[0])",
            "+ office: nas is now allowed to reach alice udp/53 (grants[2])",
            "",
        ].join("\n"),
    });
    expect((await run("access", "--diff", files[0]!, files[0]!)).stdout).toBe("no access rule differs\n");
    const { stdout } = await run("access", "--json", "--diff", ...files);
    expect((JSON.parse(stdout) as { changes: object[] }).changes).toHaveLength(2);
});

it("compares a state and a preview, and a relay that only one of them has", async () => {
    const state = scratch.write("old.json", exported(RIGHTS, "hub"));
    const plan = scratch.write("plan.json", digest(stepsOf(undefined, AFTER)));
    const { code, stdout } = await run("access", "--diff", state, plan);
    expect(code).toBe(0);
    expect(stdout).toContain("- hub: bob is no longer allowed to reach nas tcp/22 (grants[0])\n");
    expect(stdout).toContain("+ hub: bob is now allowed to reach 0.0.0.0/0 tcp/443\n");
    const office = scratch.write("office.json", exported(RIGHTS));
    const chosen = await run("access", "--relay", "office", "--diff", office, plan);
    expect(chosen.stdout).toMatch(/^(?:- office: .*\n){6}$/);
    expect(await run("access", "--relay", "branch", "--diff", office, plan)).toMatchObject({
        code: 2,
        stderr: "error: --relay branch: neither file has such a relay; name a relay of one of them\n",
    });
});

it.each([
    [["--from", "carol"], 'error: --from: relay office has no peer "carol"; list the peers with qp-tunnel list'],
    [
        ["--to", "carol"],
        'error: --to: "carol" is neither a peer, a service nor a network; name one: grafana, alice, bob, nas',
    ],
    [["--to", "10.8.0.0/24"], "error: --to: 10.8.0.0/24 is in the tunnel's own network; name peers instead"],
    [["--graph", "dot"], 'error: --graph: "dot" is not a form of a graph; choose mermaid or svg'],
    [["--csv", "--matrix"], "error: --matrix: cannot be combined with --csv; choose one of them"],
    [["--diff", "one.json"], "error: --diff: 1 files are given; give two: the old one and the new one"],
])("refuses %j", async (args, message) => {
    const { code, stdout, stderr } = await access(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
});

it("asks for an update where an older version wrote the state", async () => {
    const state = scratch.write("state.json", exported(undefined));
    expect((await run("access", "--state", state)).stderr).toBe(
        "error: the stack's state: it does not say what relay office allows: an older version of the library wrote it; run `pulumi up` once\n",
    );
});
