import { isOfApprovals } from "../../core/approval/history.js";
import { rfc3339Of } from "../../core/time.js";
import { parseNote, verifyCosignature } from "../../core/audit/note.js";
import type { AuditLine } from "../../core/audit/record.js";
import { isUsablePublicKey } from "../../core/audit/primitives.js";
import { AuditError, InvalidArgument } from "../../core/errors.js";
import { nativePrimitives } from "../../providers/audit/primitives.js";
import { approvalLines, approvalsIn } from "./approvals.js";
import { Exit, type Output, printJson } from "../output.js";
import { type Intact, report, withIntact } from "./intact.js";
import { observedBy, type Onlooker } from "./observedBy.js";
import type { PinOptions } from "./pins.js";

interface Options extends PinOptions {
    fast?: boolean;
    witness?: string[];
    approvers?: string;
    observedBy?: string[];
    json?: boolean;
}

/** `qp-tunnel audit verify`. */
export function verify(file: string, options: Options, output: Output): Promise<number> {
    const mode = options.fast ? "fast" : "full";
    const witnesses = (options.witness ?? []).map(parseWitness);
    let isApproved = options.approvers !== undefined;
    const use = async (log: Intact): Promise<number> => {
        const seen = witnesses.map((witness) => seenBy(witness, log));
        const unseen = seen.find((when) => when instanceof AuditError);
        if (unseen !== undefined) {
            report(unseen, file, options, output);
            return Exit.problem;
        }
        const onlookers = await onlookersOf(log, options);
        if (onlookers instanceof AuditError) {
            report(onlookers, file, options, output);
            return Exit.problem;
        }
        const approvals = isApproved ? approvalsIn(log, options.approvers) : undefined;
        const witnessed = witnesses.map(({ name }, index) => ({ name, time: seen[index] as string }));
        if (options.json) {
            const more = {
                ...(witnesses.length > 0 ? { witnessed } : {}),
                ...(approvals && { approvals }),
                ...(onlookers.length > 0 ? { observed: onlookers } : {}),
            };
            printJson(output, { valid: true, file, ...log.verdict, ...more });
        } else {
            const words = [
                ...witnessed.map(({ name, time }) => `  witnessed  by ${name} at ${time}`),
                ...onlookers.map((other) => `  observed   by ${other.file} at ${other.size} records`),
                ...(approvals === undefined ? [] : approvalLines(approvals)),
            ];
            output.stdout.write(verdictText(file, log, options) + words.map((line) => `${line}\n`).join(""));
        }
        return approvals !== undefined && approvals.problems.length > 0 ? Exit.problem : Exit.fine;
    };
    // A log of which nothing was ever approved is read once.
    const onRecord = ({ line }: { line: AuditLine }): void => void (isApproved ||= isOfApprovals(line));
    return withIntact(file, options, output, use, { mode, onRecord });
}

async function onlookersOf(log: Intact, { observedBy: files = [] }: Options): Promise<Onlooker[] | AuditError> {
    try {
        return await observedBy(files, log);
    } catch (error) {
        if (error instanceof AuditError) return error;
        throw error;
    }
}

interface Witness {
    name: string;
    publicKey: string;
}

function parseWitness(text: string): Witness {
    const [, name, publicKey] = /^([^\s=]+)=(\S+)$/.exec(text) ?? [];
    if (name !== undefined && publicKey !== undefined && isUsablePublicKey(publicKey)) return { name, publicKey };
    throw new InvalidArgument(
        "--witness",
        `${text} is not a witness`,
        "give NAME=HEX: its name and its Ed25519 public key",
    );
}

/** The time at which a witness signed one of the given checkpoints. */
function seenBy(witness: Witness, { pins }: Intact): string | AuditError {
    try {
        const times = pins.checkpoints.flatMap(({ note }) => {
            const seconds =
                note === undefined ? undefined : verifyCosignature(parseNote(note), witness, nativePrimitives);
            return seconds === undefined ? [] : [seconds];
        });
        if (times.length > 0) return rfc3339Of(Math.max(...times));
        return new AuditError(
            "checkpoint",
            `the witness ${witness.name} did not sign the checkpoint`,
            "give the witness's note with --checkpoint",
        );
    } catch (error) {
        if (error instanceof AuditError) return error;
        throw error;
    }
}

function verdictText(file: string, { verdict, pins }: Intact, { fast, checkpoint, state }: Options): string {
    const { log, keys, size, bytes, head, root, first, last, restartedFrom, warnings, interrupted } = verdict;
    const signatures = fast
        ? `the first and the last signature${keys.length > 1 ? ", every change of the key" : ""}`
        : "every signature";
    const fromState = pins.checkpoints.length - (checkpoint === undefined ? 0 : 1);
    const checked = [
        "every line, hash and link",
        signatures,
        ...(checkpoint === undefined ? [] : ["and the checkpoint"]),
        ...(state === undefined
            ? []
            : [`and what the state pins: ${fromState} checkpoints, ${pins.marks.length} records`]),
    ];
    const lines = [
        `${file}: intact, ${size} records in ${bytes} bytes`,
        `  log        ${log.project}/${log.stack}, ${log.genesis}`,
        ...keys.map(({ publicKey, from }, index) =>
            index === 0 ? `  key        ${publicKey}` : `  from ${String(from + 1).padEnd(6)}${publicKey}`,
        ),
        `  time       ${first} to ${last}`,
        `  head       ${head}`,
        `  root       ${root}`,
        `  checked    ${checked.join(", ")}`,
        ...(restartedFrom === undefined ? [] : [`  restarted  after the loss of ${restartedFrom}`]),
        ...warnings.map(({ line, problem }) => `warning: line ${line}: ${problem}`),
        ...interrupted.map(
            ({ line, action }) =>
                `warning: line ${line}: ${action} has no outcome record: the operation was interrupted`,
        ),
        ...(pins.elsewhere > 0 ? [`note: the state also pins ${pins.elsewhere} records in other logs`] : []),
        ...(checkpoint === undefined && state === undefined
            ? ["note: without --checkpoint or --state, missing records at the end cannot be detected"]
            : []),
    ];
    return `${lines.join("\n")}\n`;
}
