import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Command, Option } from "commander";

import { candidates } from "../../../../cli/completion/candidates.js";
import { namesIn, type Names } from "../../../../cli/completion/names.js";
import { entry, makeLog } from "../../core/audit/logs.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();
const NAMES: Names = { relays: ["home", "office"], peers: ["alice", "nas"], services: ["wiki"], former: ["mallory"] };

const program = new Command("qp-tunnel");
program
    .command("status")
    .option("--relay <name>")
    .option("--require <names>")
    .option("--watch [seconds]")
    .option("--json");
program.command("config").argument("<peer>").option("--format <name>").option("-o, --output <file>");
program.command("audit").command("show").argument("<file>").option("--name <name>").option("--status <status>");
program.command("pick").addOption(new Option("--one <word>").choices(["this", "that"]));
program.command("__complete", { hidden: true });

const offered = (...words: string[]): string[] => candidates(program, words, () => NAMES).map(({ text }) => text);

it.each<[string[], string[]]>([
    [[""], ["status", "config", "audit", "pick", "help"]],
    [["st"], ["status"]],
    [
        ["audit", ""],
        ["show", "help"],
    ],
    [
        ["status", "--re"],
        ["--relay", "--require"],
    ],
    [
        ["status", "--relay", ""],
        ["home", "office"],
    ],
    [["status", "--relay", "o"], ["office"]],
    [["status", "--relay=o"], ["--relay=office"]],
    // As bash takes it apart.
    [["status", "--relay", "=", "o"], ["office"]],
    [
        ["status", "--relay", "="],
        ["home", "office"],
    ],
    [["status", "--json", "--relay", "h"], ["home"]],
    [["status", "--watch", "5", "--rela"], ["--relay"]],
    [
        ["status", "--watch", "--relay", ""],
        ["home", "office"],
    ],
    [["status", "--require", "alice,n"], ["alice,nas"]],
    [
        ["config", ""],
        ["alice", "nas"],
    ],
    [
        ["config", "--format", "n"],
        ["nixos", "networkd"],
    ],
    [["config", "-o", ""], []],
    [
        ["config", "--output", "x", ""],
        ["alice", "nas"],
    ],
    [["config", "alice", ""], []],
    [["audit", "show", ""], []],
    [["audit", "show", "x.jsonl", "--name", "m"], ["mallory"]],
    [
        ["audit", "show", "--status", ""],
        ["success", "failure"],
    ],
    [
        ["pick", "--one", "th"],
        ["this", "that"],
    ],
    [
        ["nonsense", ""],
        ["status", "config", "audit", "pick", "help"],
    ],
])("%j offers %j", (words, expected) => {
    expect(offered(...words)).toEqual(expected);
});

it("asks for names only where a name can stand", () => {
    const never = (): never => {
        throw new Error("asked for names");
    };
    for (const words of [[""], ["status", "--j"], ["config", "--format", ""]]) candidates(program, words, never);
    expect(() => candidates(program, ["status", "--relay", ""], never)).toThrow("asked for names");
});

/** A project whose log tells of a relay that changed, and of one that was destroyed. */
function project(): string {
    const registry = (number: number, relay: string, ledger: object): ReturnType<typeof entry> =>
        entry(number, { action: "registry_update", message: "The registry", details: { relay, ledger } });
    const log = makeLog([
        registry(1, "office", { peers: { dora: {} }, services: {}, retired: { peers: {}, services: {} } }),
        registry(2, "gone", { peers: {}, services: {}, retired: { peers: { otto: {} }, services: {} } }),
        registry(3, "office", {
            peers: { alice: {}, nas: {} },
            services: { wiki: {} },
            retired: { peers: { dora: {} }, services: {} },
        }),
        entry(4, { action: "registry_update", message: "without a ledger: begun", details: { relay: "office" } }),
    ]);
    mkdirSync(join(scratch.path, "audit"));
    mkdirSync(join(scratch.path, "deep", "er"), { recursive: true });
    scratch.write("Pulumi.yaml", "name: shop\n");
    scratch.write(join("audit", "dev.jsonl"), log.bytes);
    scratch.write(join("audit", "torn.jsonl"), 'x{"action":"registry_update"\n{"action":"regis');
    return join(scratch.path, "deep", "er");
}

it("reads names out of the newest registry of each relay, from anywhere in the project", () => {
    expect(namesIn(project())).toEqual({
        relays: ["office"],
        peers: ["alice", "nas"],
        services: ["wiki"],
        former: ["dora", "otto"],
    });
});

it("knows no names outside a project, or where there is no log yet", () => {
    const none = { relays: [], peers: [], services: [], former: [] };
    expect(namesIn(scratch.path)).toEqual(none);
    scratch.write("Pulumi.yaml", "name: shop\n");
    expect(namesIn(scratch.path)).toEqual(none);
});

it("bash completes with what the command says, and hands the words over as they are", async () => {
    const { code, stdout } = await run("completion", "bash");
    expect(code).toBe(0);
    const stub = join(scratch.path, "qp-tunnel");
    writeFileSync(stub, '#!/bin/sh\nprintf "%s\\n" "$#:$*" "plain" "told\twith words"\n');
    chmodSync(stub, 0o755);
    const script = `${stdout}
        COMP_WORDS=(qp-tunnel config "a b" --for); COMP_CWORD=3
        _qp_tunnel qp-tunnel
        printf '[%s]' "\${COMPREPLY[@]}"`;
    const env = { ...process.env, PATH: `${scratch.path}:${process.env["PATH"]}` };
    expect(execFileSync("bash", ["-c", script], { encoding: "utf8", env })).toBe(
        "[5:__complete -- config a b --for][plain][told]",
    );
});

it.each(["zsh", "fish"])("prints a script for %s", async (shell) => {
    const { code, stdout } = await run("completion", shell);
    expect([code, stdout]).toEqual([0, expect.stringContaining("__complete --")]);
});

it("a shell nobody knows is wrong usage", async () => {
    expect(await run("completion", "csh")).toEqual({
        code: 2,
        stdout: "",
        stderr: "error: completion: csh is not a supported shell; choose bash, zsh or fish\n",
    });
});

it("the command offers its own subcommands, with what they do", async () => {
    const { code, stdout } = await run("__complete", "--", "sta");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^status\tquery the relays: .*\n$/)]);
    expect((await run("__complete", "--", "config", "--format", "r")).stdout).toBe("routeros\n");
});
