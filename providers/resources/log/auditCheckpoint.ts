import { renderLogSentence } from "../../../core/audit/logSentence.js";
import type { Checkpoint } from "../../../core/audit/record.js";
import { FormerNames } from "../../../core/audit/renames.js";
import { AuditLog, type AuditRef } from "../../audit/log.js";
import { compareLeaves, compareMark, LEAVES_INPUT } from "./anchors.js";
import { compareAllDue } from "./beforeRecord.js";
import { changesOf } from "../changes.js";
import { isPlaced, readLogged } from "../relay/placed.js";
import { fields, flag, number, optional, read, type Shape, text } from "../shape.js";
import { createStep, updateStep } from "../planned.js";
import { mintId, targetOf } from "../relay/target.js";
import { approverChanges, sayApprovers, setApprovers, warnOfEmergency } from "./approvers.js";
import { warnBehind } from "../relay/verify.js";
import { PLACED_INPUTS } from "../schemas.js";
import { type Context, type Produced, type Properties, type StateResource, UNKNOWN } from "../resource.js";

/**
 * Pins the log in the stack's state: size, head hash and Merkle root as of this update. A log that lost, changed or
 * replaced anything of it fails the preview.
 */
export const auditCheckpoint: StateResource<Checkpoint> = {
    type: "AuditCheckpoint",
    description: "Size, head hash and Merkle root of the sealed log as of this update.",
    schema: {
        inputs: {
            ...PLACED_INPUTS,
            hostKey: { type: "string", description: "The SSH host key, from Host.", optional: true },
            records: {
                type: { map: "string" },
                description: "Hash of the last record of each of the relay's resources.",
            },
            ...LEAVES_INPUT,
        },
        outputs: {
            genesis: { type: "string", description: "Hash of the log's first record, which identifies the log." },
            size: { type: "integer", description: "Number of records." },
            bytes: { type: "integer", description: "Length in bytes." },
            head: { type: "string", description: "Hash of the last record." },
            root: { type: "string", description: "Merkle root (RFC 6962) over all lines, base64." },
            note: { type: "string", description: "Signed note (C2SP) of origin, size and root." },
        },
    },

    check: (news) => Promise.resolve({ inputs: news, failures: [] }),

    async diff(_id, oldInputs, oldOutputs, news, context) {
        // A refresh's own diff comes with its arguments swapped; what was read has been verified by the read.
        if (context.refreshing) return { changes: {} };
        const audit = readLogged(news).audit;
        const changes = { ...changesOf(oldInputs, news, ["records"]), ...approverChanges(oldInputs, news) };
        await verify(audit, oldOutputs, context, "diff");
        // An update follows a change: it says what it pinned, or in a preview what this found.
        if (Object.keys(changes).length === 0) await sayVerified(audit, oldOutputs, context);
        await warnUnwritable(audit, context);
        return { changes };
    },

    async create(inputs, context) {
        if (context.preview) {
            await warnUnwritable(readLogged(inputs).audit, context);
            await sayApprovers(undefined, inputs, context);
            return { id: "", outputs: UNPINNED };
        }
        await setApprovers(undefined, inputs, createStep(context, inputs));
        await warnOfEmergency(readLogged(inputs).audit, 0, context);
        await recordPin(inputs, context);
        return { id: mintId(), outputs: await pin(inputs, context) };
    },

    async update(_id, oldInputs, oldOutputs, news, context) {
        const audit = readLogged(news).audit;
        if (context.preview) {
            await sayVerified(audit, oldOutputs, context);
            await sayApprovers(oldInputs, news, context);
            return UNPINNED;
        }
        await verify(audit, oldOutputs, context);
        await setApprovers(oldInputs, news, updateStep(context, news, oldOutputs));
        await warnOfEmergency(audit, typeof oldOutputs.bytes === "number" ? oldOutputs.bytes : 0, context);
        return pin(news, context, oldOutputs);
    },

    async read(id, inputs, outputs, context) {
        await verify(readLogged(inputs).audit, outputs, context);
        const { RelayGone } = await import("../../hosts/mirror.js");
        try {
            return { id, inputs, outputs: { ...(await pin(inputs, context, outputs)) } };
        } catch (error) {
            // What is gone is drift, which the other resources name; the next update sends the mirror again.
            if (!(error instanceof RelayGone)) throw error;
            context.log("warning", `${String(inputs.relay)}: the log's mirror is gone with the relay; ${error.fix}`);
            return { id, inputs, outputs };
        }
    },

    // The log stays; the resources that are deleted after this one verify their own records in it. It goes first, so here every
    // machine's own mark is compared before any of them writes.
    async delete(_id, inputs, outputs, context) {
        await verify(readLogged(inputs).audit, outputs, context);
        compareLeaves([inputs], context);
        await compareAllDue(readLogged(inputs).audit.path);
        if (isPlaced(inputs) && inputs.host.kind !== "script")
            await compareMark(inputs.audit, targetOf(inputs, context));
        await sayVerified(readLogged(inputs).audit, outputs, context);
    },
};

const UNPINNED: Produced<Checkpoint> = {
    genesis: UNKNOWN,
    size: UNKNOWN,
    bytes: UNKNOWN,
    head: UNKNOWN,
    root: UNKNOWN,
    note: UNKNOWN,
};

const checkpointShape: Shape<Checkpoint> = fields<Checkpoint>({
    genesis: text,
    size: number,
    bytes: number,
    head: text,
    root: text,
    note: text,
});

/** A diff has no effect, so it may go on with a log that is merely behind; what has an effect never does. */
async function verify(
    audit: AuditRef,
    outputs: Properties,
    context: Context,
    by: "diff" | "effect" = "effect",
): Promise<void> {
    const log = await AuditLog.open(audit, { expectExisting: true });
    const behind = (warning: string): void => warnBehind(audit, warning, context);
    const warnings = await log.verifyCheckpoint(read(checkpointShape, outputs), by === "diff" ? { behind } : {});
    for (const warning of warnings) context.log("warning", warning);
}

/** A log that passed; one that is behind was let pass only. */
async function sayVerified(audit: AuditRef, { size: pinned }: Properties, context: Context): Promise<void> {
    const status = await (await AuditLog.open(audit, { expectExisting: true })).status();
    if (status === undefined || (typeof pinned === "number" && status.size < pinned)) return;
    context.log("info", renderLogSentence({ size: status.size, head: status.head, outcome: "verified" }));
}

/** A preview needs no key, an update does: a missing key is reported before. */
async function warnUnwritable(audit: AuditRef, context: Context): Promise<void> {
    const refusal = await (await AuditLog.open(audit, { expectExisting: true })).unwritable();
    if (refusal !== undefined) context.log("warning", `${refusal.message}. An update on this machine will be refused`);
}

/**
 * A checkpoint that is made for a log that had one is worth a warning and a record: between the lost checkpoint and
 * this one nothing but the resources' own records vouched for the log.
 */
async function recordPin(inputs: Properties, context: Context): Promise<void> {
    const log = await AuditLog.open(readLogged(inputs).audit, {});
    const relay = String(inputs.relay);
    const names = new FormerNames(relay);
    const earlier = await log.findDetails((line) => names.isOfIt(line) && line.action === PIN);
    const message = `Relay ${relay} pins the log in its state${earlier === undefined ? "" : " again"}`;
    if (earlier !== undefined) {
        context.log(
            "warning",
            `${relay}: the log had a checkpoint that the state does not have; its current content is accepted and recorded`,
        );
    }
    await log.append({ action: PIN, status: "success", message, details: { relay, anew: earlier !== undefined } });
}

const PIN = "checkpoint_create";

/** @param before the checkpoint that the state has; the mirror was brought up to date with it */
async function pin(inputs: Properties, context: Context, before: Properties = {}): Promise<Checkpoint> {
    const log = await AuditLog.open(readLogged(inputs).audit, { expectExisting: true });
    const checkpoint = await log.checkpoint();
    await mirror(log, inputs, context, typeof before.bytes === "number" ? before.bytes : undefined);
    context.log("info", renderLogSentence({ size: checkpoint.size, head: checkpoint.head, outcome: "pinned" }));
    return { ...checkpoint };
}

const mirrorShape: Shape<{ mirror?: boolean }> = fields<{ mirror?: boolean }>({ mirror: optional(flag) });

/** The lines themselves, on the relay: before the checkpoint that pins them returns. */
async function mirror(log: AuditLog, inputs: Properties, context: Context, expected?: number): Promise<void> {
    if (!isPlaced(inputs) || inputs.host.kind !== "ssh") return;
    const { audit } = inputs;
    const { mirror: isWanted = true } = read(mirrorShape, audit, "audit");
    if (!isWanted) return;
    const { relayMirror } = await import("../../hosts/mirror.js");
    const { pushToMirror } = await import("../../audit/mirror.js");
    await pushToMirror(log.path, audit.path, relayMirror(targetOf(inputs, context)), expected);
}
