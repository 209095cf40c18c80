import { changeText, changedRights } from "../../../../cli/access/diff.js";
import { rightsInFile } from "../../../../cli/access/file.js";
import { AFTER, BEFORE, digest, stepsOf } from "../../core/review/plans.js";
import { scratchFolder } from "../scratch.js";
import { exported, RIGHTS } from "./states.js";

const scratch = scratchFolder();

it("reads an exported state; a relay that it does not have is no error", () => {
    const file = scratch.write("state.json", exported(RIGHTS, "branch"));
    expect(rightsInFile(file, "branch")).toMatchObject([{ relay: "branch", rights: RIGHTS }]);
    expect(rightsInFile(file, "office")).toEqual([]);
    expect(rightsInFile(scratch.write("empty.json", '{"version":3,"deployment":{}}'), undefined)).toEqual([]);
});

it("reads what a preview leads to", () => {
    const file = (name: string, ...steps: Parameters<typeof stepsOf>): string =>
        scratch.write(name, digest(stepsOf(...steps)));
    const [kept, gone] = [file("kept.json", BEFORE, AFTER), file("gone.json", BEFORE, undefined)];
    const created = file("created.json", undefined, BEFORE);
    expect(rightsInFile(kept, undefined)).toEqual([
        {
            relay: "hub",
            rights: [
                { from: "(relay)", to: "nas", ports: "tcp/3000" },
                { from: "bob", to: "(relay)", ports: "tcp/8443", by: "service wiki" },
                { from: "bob", to: "0.0.0.0/0", ports: "tcp/443" },
                { from: "bob", to: "192.168.7.0/24", ports: "all" },
                { from: "console", to: "nas", ports: "icmp" },
            ],
        },
    ]);
    expect(rightsInFile(gone, undefined)).toEqual([{ relay: "hub", rights: [] }]);
    expect(rightsInFile(kept, "office")).toEqual([]);
    const changes = changedRights(rightsInFile(created, "hub"), rightsInFile(kept, "hub"));
    expect(changes.map(changeText)).toEqual([
        "- hub: alice is no longer allowed to reach (relay) tcp/8443 (service wiki)",
        "- hub: alice is no longer allowed to reach nas tcp/22",
        "+ hub: bob is now allowed to reach (relay) tcp/8443 (service wiki)",
        "+ hub: bob is now allowed to reach 0.0.0.0/0 tcp/443",
        "+ hub: bob is now allowed to reach 192.168.7.0/24 all",
    ]);
});

it("leaves out what has ended, as of a state", () => {
    const rule = (port: number): string => `10.8.0.3 -> 10.8.0.2 tcp/${port}`;
    const until = (port: number, year: number): string => `${rule(port)} {"until":"${year}-01-01T00:00:00Z"}\n`;
    const terms = `${until(22, 2020)}${until(23, 2999)}`;
    const file = scratch.write(
        "plan.json",
        digest(stepsOf(BEFORE, { ...BEFORE, rules: { nas: [rule(22), rule(23)] }, terms })),
    );
    expect(rightsInFile(file, "hub")[0]?.rights).toMatchObject([{ ports: "tcp/23", until: "2999-01-01T00:00:00Z" }]);
});

const HOW =
    "write it with pulumi stack export --file state.json, or with pulumi preview --json --show-sames > plan.json";

it.each([
    ["not JSON", "", `it is not JSON; ${HOW}`],
    ["neither", "{}", "it is not an exported stack; write it with pulumi stack export --file state.json"],
    [
        "a saved plan",
        '{"resourcePlans":{}}',
        "it is a saved plan, which has the differences alone; write it with pulumi preview --json --show-sames > plan.json",
    ],
    [
        "a preview that failed",
        digest([], [{ severity: "error", message: "no host\nmore" }]),
        "the preview failed: no host; fix the reported problem",
    ],
    [
        "a preview without what stays the same",
        digest(stepsOf(BEFORE, AFTER)).replace('"changeSummary":{', '"changeSummary":{"same":9,'),
        "it leaves out what does not change; write it with pulumi preview --json --show-sames > plan.json",
    ],
    [
        "rules that are not known yet",
        digest(stepsOf(BEFORE, { ...AFTER, rules: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" })),
        "what relay hub allows comes from resources that the preview does not know yet; compare two exports after the update",
    ],
])("refuses %s", (_what, text, message) => {
    const file = scratch.write("file.json", text);
    expect(() => rightsInFile(file, undefined)).toThrow(`${file}: ${message}`);
});

it("says how a file is written that does not exist", () => {
    expect(() => rightsInFile("missing.json", undefined)).toThrow(`missing.json: there is no such file; ${HOW}`);
});
