import { type Command, Option } from "commander";

import { EXIT_CODES, type Output } from "../output.js";

/** Adds `qp-tunnel audit …`. Each subcommand is loaded when it is called. */
export function auditCommands(program: Command, output: Output, done: (code: number) => void): void {
    const audit = program
        .command("audit")
        .description("check, search, prove and hand on a sealed audit log")
        .copyInheritedSettings(program);
    const command = (name: string, description: string): Command =>
        audit.command(name).description(description).addHelpText("after", EXIT_CODES);
    // In the order of the help.
    for (const add of SUBCOMMANDS) add({ command, output, done });
}

/** What a subcommand is added with. */
interface Context {
    /** Makes it. */
    command: (name: string, description: string) => Command;
    output: Output;
    done: (code: number) => void;
}

const SUBCOMMANDS = [
    addVerify,
    addShow,
    addProve,
    addNote,
    addCheckProof,
    addExport,
    addReconcile,
    addRotateKey,
    addPull,
    addPush,
    addWitness,
];

function addVerify({ command, output, done }: Context): void {
    pinned(command("verify", "check every line of a log: bytes, hashes, chain, signatures, and what was pinned of it"))
        .addOption(new Option("--full", "what is done anyway: check the signature of every record").hideHelp())
        .addOption(
            new Option(
                "--fast",
                "of the signatures check only those of the first and the last record and each change of the key",
            ).conflicts("full"),
        )
        .option("--witness <name=hex>", "who must have signed a checkpoint that is given; may be given again", collect)
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: { full?: boolean; fast?: boolean }) => {
            const { verify } = await import("./verify.js");
            done(await verify(file, options, output));
        });
}

function addShow({ command, output, done }: Context): void {
    pinned(command("show", "print records, after checking the log"))
        .option("--name <name>", "only of this peer, service or relay")
        .option("--action <actions>", "only these, separated by commas; peer_* stands for all that begin so")
        .option("--status <status>", "only success, or only failure")
        .option("--since <time>", "only from this time on: 2026-04-04 (UTC) or 2026-04-04T14:00:00Z")
        .option("--until <time>", "only before this time")
        .option("--correlation <id>", "only of the operation whose correlation_id begins so")
        .option("--json", "print the lines as they are in the log")
        .action(async (file: string, options: object) => {
            const { show } = await import("./show.js");
            done(await show(file, options, output));
        });
}

function addProve({ command, output, done }: Context): void {
    pinned(
        command("prove", "prove to somebody without the log that a record is in it, or that it only grew"),
        "[sequence]",
    )
        .option("--since <size>", "instead of a record: that the log of this many records is its beginning")
        .option(
            "--signing-key <reference>",
            "sign a checkpoint now; default: the largest given, or the note beside the log",
        )
        .option("-o, --output <file>", "where to write; default: standard output")
        .option("--json", "write the proof as JSON; check-proof and witness read the other form")
        .action(async (file: string, sequence: string | undefined, options: object) => {
            const { prove } = await import("./prove.js");
            done(await prove(file, sequence, options, output));
        });
}

function addNote({ command, output, done }: Context): void {
    pinned(command("note", "print the signed note of a checkpoint, to be committed or given to a witness"))
        .option("--signing-key <reference>", "sign one now; default: the largest given, or the note beside the log")
        .option("-o, --output <file>", "where to write; default: standard output")
        .option("--json", "print the checkpoint as JSON")
        .action(async (file: string, options: object) => {
            const { note } = await import("./note.js");
            done(await note(file, options, output));
        });
}

function addCheckProof({ command, output, done }: Context): void {
    command("check-proof", "check a proof of a record; needs neither the log nor any secret")
        .argument("<file>", "as audit prove wrote it (C2SP tlog-proof)")
        .option("--key <hex>", "the public key that signs the log's checkpoints")
        .option("--checkpoint <file|json>", "the checkpoint it must be about")
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: object) => {
            const { checkProof } = await import("./prove.js");
            done(checkProof(file, options, output));
        });
}

function addExport({ command, output, done }: Context): void {
    pinned(command("export", "write the log in another format, after checking every signature"))
        .requiredOption(
            "--format <name>",
            "cps-json: sealed capsules (Capsule Protocol 1.0); csv: who could connect in a period; ocsf; cef",
        )
        .option("--since <time>", "csv, ocsf, cef: only from this time on")
        .option("--until <time>", "csv, ocsf, cef: only before this time")
        .option("-o, --output <file>", "where to write; default: standard output")
        .option("--keyring <folder>", "also write a data directory of the capsule command that holds public keys only")
        .addHelpText("after", EXPORT_HELP)
        .action(async (file: string, options: { format: string }) => {
            const { exportLog } = await import("./export.js");
            done(await exportLog(file, options, output));
        });
}

function addReconcile({ command, output, done }: Context): void {
    pinned(command("reconcile", "replay the log and compare the peers and services it leaves with what there is"))
        .option("--live", "also with the relays' interfaces; on the machine of the relay, as root")
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: object) => {
            const { reconcile } = await import("./reconcile.js");
            done(await reconcile(file, options, output));
        });
}

function addRotateKey({ command, output, done }: Context): void {
    command("rotate-key", "give the log another key, by a record that the old key seals and the new one signs")
        .argument("<file>", "the log, a .jsonl file")
        .option("--signing-key <reference>", "the key in force: file:PATH or env:NAME; default: the stack's own file")
        .option(
            "--to <reference>",
            "the next key; default for a file: a new one in its place, the old one kept beside it",
        )
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: object) => {
            const { rotateKey } = await import("./rotateKey.js");
            done(await rotateKey(file, options, output));
        });
}

function addPull({ command, output, done }: Context): void {
    pinned(command("pull", "restore a log from its mirror, or bring it up to date; never against what is here"))
        .option("--from <file>", "the mirror's copy")
        .option("--from-relay [name]", "the copy that a remote relay of --state keeps")
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: { from?: string; fromRelay?: string | true }) => {
            const { pull } = await import("./pull.js");
            done(await pull(file, options, output));
        });
}

function addPush({ command, output, done }: Context): void {
    pinned(command("push", "bring a mirror up to the log; never against what it holds"))
        .requiredOption("--to <file>", "the mirror, for instance on a mounted disk; made when it is not there")
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: { to: string }) => {
            const { push } = await import("./push.js");
            done(await push(file, options, output));
        });
}

function addWitness({ command, output, done }: Context): void {
    command("witness", "sign a checkpoint, only if it extends the last one that was seen of this log")
        .argument("<file>", "a signed note, or what audit prove --since wrote")
        .requiredOption("--key <hex>", "a public key that signs the log's checkpoints; may be given again", collect)
        .requiredOption("--memory <file>", "what this witness has seen; keep it, and keep it from the log's owner")
        .requiredOption("--name <name>", "the witness's own, for instance witness.example/audit")
        .requiredOption("--signing-key <reference>", "the witness's own key: file:PATH (made once) or env:NAME")
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: { key: string[]; memory: string; name: string; signingKey: string }) => {
            const { witness } = await import("./witness.js");
            done(await witness(file, options, output));
        });
}

/** What a log is compared with, the same for every command that reads one. */
function pinned(command: Command, more?: string): Command {
    command.argument("<file>", "the log, a .jsonl file");
    if (more !== undefined) command.argument(more, "number of the record, from 0");
    return command
        .option("--checkpoint <file|json>", "what the log must begin with: a checkpoint as JSON or as a signed note")
        .option("--state <file>", "what the stack's state pins of it, exported with pulumi stack export")
        .option("--key <hex>", "the public key the log must have begun with; otherwise the one its first record names")
        .option("--genesis <hash>", "the hash its first record must have: the log's name");
}

function collect(value: string, before: string[] = []): string[] {
    return [...before, value];
}

const EXPORT_HELP = `
An export is verified without this software by the independent command of the Python package qp-capsule:
  qp-tunnel audit export --format cps-json audit/prod.jsonl -o capsules.json
  capsule verify --pubkey <public key> capsules.json
A log whose key was rotated, and versions before 1.5.4, which have no --pubkey, need the keys in a data directory. Hand
the command a copy, because it may write a key of its own into it:
  qp-tunnel audit export --format cps-json audit/prod.jsonl -o capsules.json --keyring ./keys
  QUANTUMPIPES_DATA_DIR=$PWD/keys capsule verify --signatures capsules.json
`;
