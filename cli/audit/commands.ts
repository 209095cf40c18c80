import { type Command, Option } from "commander";

import { EXIT_CODES, type Output } from "../output.js";

/** Adds `qp-tunnel audit …`. Each subcommand is loaded when it is called. */
export function auditCommands(program: Command, output: Output, done: (code: number) => void): void {
    const audit = program
        .command("audit")
        .description("verify, search, prove, export and mirror a sealed audit log")
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
    addObserve,
];

function addVerify({ command, output, done }: Context): void {
    pinned(
        command("verify", "verify every line of a log: bytes, hashes, chain, signatures, and everything that pins it"),
    )
        .addOption(new Option("--full", "check the signature of every record (the default)").hideHelp())
        .addOption(
            new Option(
                "--fast",
                "check only the signatures of the first and last record and of each key rotation",
            ).conflicts("full"),
        )
        .option("--witness <name=hex>", "witness that must have signed a given checkpoint; repeatable", collect)
        .option("--approvers <file>", "the only keys that may have approved updates, in OpenSSH's allowed_signers form")
        .option(
            "--observed-by <file>",
            "another log: this one must extend what that has recorded of it; repeatable",
            collect,
        )
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: { full?: boolean; fast?: boolean }) => {
            const { verify } = await import("./verify.js");
            done(await verify(file, options, output));
        });
}

function addShow({ command, output, done }: Context): void {
    pinned(command("show", "print records, after verifying the log"))
        .option("--name <name>", "only records about this peer, service or relay")
        .option(
            "--action <actions>",
            "only these actions, separated by commas; peer_* matches every action with that prefix",
        )
        .option("--status <status>", "success or failure")
        .option("--since <time>", "only records from this time on: 2026-04-04 (UTC) or 2026-04-04T14:00:00Z")
        .option("--until <time>", "only records before this time")
        .option("--correlation <id>", "only records of the operation whose correlation_id starts with this")
        .option("--json", "print the log's lines unchanged")
        .action(async (file: string, options: object) => {
            const { show } = await import("./show.js");
            done(await show(file, options, output));
        });
}

function addProve({ command, output, done }: Context): void {
    pinned(
        command("prove", "prove, to a recipient without the log, that a record is in it or that it only grew"),
        "[sequence]",
    )
        .option("--since <size>", "instead of a record: prove that the log extends its first SIZE records")
        .option(
            "--signing-key <reference>",
            "sign a checkpoint now; default: use the largest one given, or the note next to the log",
        )
        .option("-o, --output <file>", "output file; default: standard output")
        .option("--json", "write the proof as JSON; check-proof and witness read the default format")
        .action(async (file: string, sequence: string | undefined, options: object) => {
            const { prove } = await import("./prove.js");
            done(await prove(file, sequence, options, output));
        });
}

function addNote({ command, output, done }: Context): void {
    pinned(command("note", "print the signed note of a checkpoint, to commit it or send it to a witness"))
        .option(
            "--signing-key <reference>",
            "sign one now; default: use the largest one given, or the note next to the log",
        )
        .option("-o, --output <file>", "output file; default: standard output")
        .option("--json", "print the checkpoint as JSON")
        .action(async (file: string, options: object) => {
            const { note } = await import("./note.js");
            done(await note(file, options, output));
        });
}

function addCheckProof({ command, output, done }: Context): void {
    command("check-proof", "check a proof of a record; needs neither the log nor a secret")
        .argument("<file>", "the output of audit prove (C2SP tlog-proof)")
        .option("--key <hex>", "the public key that signs the log's checkpoints")
        .option("--checkpoint <file|json>", "the checkpoint that the proof must refer to")
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: object) => {
            const { checkProof } = await import("./prove.js");
            done(checkProof(file, options, output));
        });
}

function addExport({ command, output, done }: Context): void {
    pinned(command("export", "export the log in another format, after checking every signature"))
        .requiredOption(
            "--format <name>",
            "cps-json: sealed capsules (Capsule Protocol 1.0); csv: the peers that could connect in a period; ocsf; cef",
        )
        .option("--since <time>", "csv, ocsf, cef: only records from this time on")
        .option("--until <time>", "csv, ocsf, cef: only records before this time")
        .option("-o, --output <file>", "output file; default: standard output")
        .option("--keyring <folder>", "also write a data directory for the capsule command, with public keys only")
        .addHelpText("after", EXPORT_HELP)
        .action(async (file: string, options: { format: string }) => {
            const { exportLog } = await import("./export.js");
            done(await exportLog(file, options, output));
        });
}

function addReconcile({ command, output, done }: Context): void {
    pinned(command("reconcile", "replay the log and compare its peers and services with the state"))
        .option("--live", "also compare with the relays' interfaces; on the relay's machine, as root")
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: object) => {
            const { reconcile } = await import("./reconcile.js");
            done(await reconcile(file, options, output));
        });
}

function addRotateKey({ command, output, done }: Context): void {
    command("rotate-key", "replace the log's signing key, with a record that the old key seals and the new one signs")
        .argument("<file>", "the log, a .jsonl file")
        .option("--signing-key <reference>", "the current key: file:PATH or env:NAME; default: the stack's own file")
        .option("--to <reference>", "the new key; default for a file: replace it and keep the old one next to it")
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: object) => {
            const { rotateKey } = await import("./rotateKey.js");
            done(await rotateKey(file, options, output));
        });
}

function addPull({ command, output, done }: Context): void {
    pinned(command("pull", "restore a log from its mirror, or append what is missing; never overwrites records"))
        .option("--from <file>", "the mirror's copy")
        .option("--from-relay [name]", "the copy on a remote relay of --state")
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: { from?: string; fromRelay?: string | true }) => {
            const { pull } = await import("./pull.js");
            done(await pull(file, options, output));
        });
}

function addPush({ command, output, done }: Context): void {
    pinned(command("push", "append missing records to a mirror; never overwrites its records"))
        .requiredOption("--to <file>", "the mirror, for instance on a mounted disk; created if it does not exist")
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: { to: string }) => {
            const { push } = await import("./push.js");
            done(await push(file, options, output));
        });
}

function addWitness({ command, output, done }: Context): void {
    command("witness", "sign a checkpoint, only if it extends the last one seen of this log")
        .argument("<file>", "a signed note, or the output of audit prove --since")
        .requiredOption("--key <hex>", "a public key that signs the log's checkpoints; repeatable", collect)
        .requiredOption(
            "--memory <file>",
            "the checkpoints that this witness has seen; keep the file out of the log owner's reach",
        )
        .requiredOption("--name <name>", "the witness's name, for instance witness.example/audit")
        .requiredOption(
            "--signing-key <reference>",
            "the witness's own key: file:PATH (created on first use) or env:NAME",
        )
        .option("--json", "print the result as JSON")
        .action(async (file: string, options: { key: string[]; memory: string; name: string; signingKey: string }) => {
            const { witness } = await import("./witness.js");
            done(await witness(file, options, output));
        });
}

function addObserve({ command, output, done }: Context): void {
    command("observe", "record another log's checkpoint in this log, only if it extends the last one recorded")
        .argument("<file>", "the log, a .jsonl file")
        .argument(
            "<checkpoint>",
            "an offer of the other log's owner, a signed note, or the output of audit prove --since",
        )
        .option("--key <hex>", "a public key of the other log, trusted from now on; repeatable", collect)
        .option("--replaces <origin>", "the other owner's log was lost and began again: the name of the lost one")
        .option("--signing-key <reference>", "this log's key: file:PATH or env:NAME; default: the stack's own file")
        .option("--json", "print the result as JSON")
        .action(async (file: string, checkpoint: string, options: object) => {
            const { observe } = await import("./observe.js");
            done(await observe(file, checkpoint, options, output));
        });
}

/** Options that say what a log is compared with; every command that reads one has them. */
function pinned(command: Command, more?: string): Command {
    command.argument("<file>", "the log, a .jsonl file");
    if (more !== undefined) command.argument(more, "sequence number of the record, from 0");
    return command
        .option("--checkpoint <file|json>", "a checkpoint that the log must extend, as JSON or as a signed note")
        .option("--state <file>", "the stack's state with its pins, from pulumi stack export")
        .option("--key <hex>", "the log's first public key; default: the one in its first record")
        .option("--genesis <hash>", "the hash of the log's first record");
}

function collect(value: string, before: string[] = []): string[] {
    return [...before, value];
}

const EXPORT_HELP = `
The independent command of the Python package qp-capsule verifies an export without this software:
  qp-tunnel audit export --format cps-json audit/prod.jsonl -o capsules.json
  capsule verify --pubkey <public key> capsules.json
A log with rotated keys, and versions before 1.5.4, which lack --pubkey, need the keys in a data directory. Use
a copy of it, because the command may write a key of its own into it:
  qp-tunnel audit export --format cps-json audit/prod.jsonl -o capsules.json --keyring ./keys
  QUANTUMPIPES_DATA_DIR=$PWD/keys capsule verify --signatures capsules.json
`;
