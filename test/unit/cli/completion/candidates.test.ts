import { Command, Option } from "commander";

import { candidates } from "../../../../cli/completion/candidates.js";
import type { Names } from "../../../../cli/completion/names.js";

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
