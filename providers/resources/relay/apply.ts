import type { PlacedInputs, PlacedOutputs } from "./placed.js";
import { differsIn, readDrift } from "../../../core/drift.js";
import { HostError } from "../../../core/errors.js";
import type { PlannedStep } from "../../../core/approval/step.js";
import { tableName } from "../../../core/names.js";
import { REPAIR } from "../../../core/repair.js";
import { formatMark } from "../../../core/protocol/mark.js";
import { swept } from "../../../core/protocol/removed.js";
import { describeHost } from "../../hosts/descriptors.js";
import type { Operation } from "../../audit/log.js";
import type { Target } from "../../hosts/host.js";
import { connectionTo } from "../../hosts/connection.js";
import { changeRelay } from "../../hosts/facts.js";
import { surroundingConflicts } from "../../hosts/surroundings.js";
import type { Answers, Part, PartAnswers } from "../../../core/protocol/steps.js";
import { effectsOf } from "./compare.js";
import { confirm } from "./confirm.js";
import { emptyReplaced, leave, overlapsLeft, type Seen } from "./move.js";
import { emptied, emptyLeft, type Moved, movedOf } from "./moved.js";
import { formerPlace, targetOf } from "./target.js";
import { underAudit } from "./underAudit.js";
import { type Restored, restoredNow, restoredSentence } from "./restored.js";
import { filesOf } from "./observed.js";
import { NOTHING_REMOVED, removedFirst, withoutRemovedFirst } from "./removedFirst.js";
import { rogueCutOff } from "../sentences.js";
import { recordedRegistry } from "../wireguard/history.js";
import { type Context, PartialFailure, type Properties } from "../resource.js";
import type { Change, Running } from "./change.js";
import type { RelayResourceParts } from "./parts.js";

/** An apply that has begun, with what is known of the machine. */
interface Applying<I extends PlacedInputs, O extends PlacedOutputs> {
    parts: RelayResourceParts<I, O>;
    id: string;
    change: Change<I, O>;
    running: Running;
    /** Where the relay was, when that is another place than where it is now. */
    former: Target | undefined;
    seen: Seen;
}

interface Applied<O> {
    outputs: O;
    problems: string[];
    files: { files?: string };
    /** Sequence of the record that the machine bears. */
    applied: number;
}

/** @param step of the engine's plan that it is */
export async function apply<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    id: string,
    planned: Change<I, O>,
    step: PlannedStep,
): Promise<Properties> {
    const change = await withRemoved(parts, planned);
    const { inputs, before, context } = change;
    const target = targetOf(inputs, context, { id, before });
    const machine = parts.step === "host" ? before?.outputs.machine : before?.inputs.machine;
    const { result, record } = await underAudit(
        inputs.audit,
        before?.outputs.record,
        { ...parts.begin(change), applying: { step, sentences: () => effectsOf(parts, change) } },
        (operation, facts) => {
            const former = formerPlace(before, inputs, context);
            const seen = { facts, machine, resource: id };
            return applyAt({ parts, id, change, running: { operation, facts, target }, former, seen });
        },
        target,
    );
    const outputs = { ...result.outputs, ...result.files, applied: result.applied, drift: {}, record };
    if (result.problems.length > 0) throw new PartialFailure(id, inputs, outputs, result.problems);
    return outputs;
}

async function applyAt<I extends PlacedInputs, O extends PlacedOutputs>(here: Applying<I, O>): Promise<Applied<O>> {
    const { parts, change, running, former, seen } = here;
    const { operation, facts, target } = running;
    const { inputs, context } = change;
    const restored = await restoredNow(inputs, facts, target);
    if (restored !== undefined) await recordRestored(change, restored, operation);
    await parts.first?.(change, running);
    // A relay that moves to a machine where it once was is sent there whole.
    if (restored !== undefined && facts?.machine === seen.machine) refuseRestored(parts, change, restored);
    if (facts !== undefined) parts.guard?.(change, facts);
    const warnOf = (sentence: string): void => context.log("warning", `${inputs.relay}: ${sentence}`);
    const carried = parts.step === "host" ? await overlapsLeft(former, target, seen, warnOf) : undefined;
    const left = parts.step === "host" ? await leave(former, target, "first", seen) : undefined;
    const sent = await send(here, carried);
    const { answer, replaced } = sent;
    const message =
        left ?? replaced ?? (parts.step === "grants" ? await leave(former, target, "last", seen) : undefined);
    const moved = movedOf(inputs);
    if (message !== undefined) {
        const details = { relay: inputs.relay, ...(former === undefined ? {} : emptied(moved, former)) };
        await operation.record({ action: "relay_move", status: "success", message, details });
    }
    if (parts.step === "grants") await emptyAndRecord(inputs, moved, target, operation);
    warnOfSurroundings(inputs, context, answer);
    return recordOutcome(here, sent);
}

interface Sent {
    answer: Answers<Part>;
    keep: Properties;
    replaced: string | undefined;
    /** Sequence of the record that the machine bears from now on. */
    applied: number;
}

/** Sends the step to the relay, and confirms it. */
async function send<I extends PlacedInputs, O extends PlacedOutputs>(
    { parts, id, change, running }: Applying<I, O>,
    carried: string | undefined,
): Promise<Sent> {
    const { inputs, before, context } = change;
    const { operation, target } = running;
    const { values, files, keep = {} } = await parts.desired(change);
    const was = before === undefined ? undefined : targetOf(before.inputs, context);
    const replaced = parts.step === "wireguard" ? await emptyReplaced(was, target) : undefined;
    // Records that follow the begin move the operation's mark: the machine bears the one that it is sent.
    const { mark } = operation;
    const { remote } = connectionTo(target.host, target.credentials);
    const sent = {
        ...stepValues(inputs),
        ...values,
        id,
        auditMark: formatMark(mark),
        confirm: remote ? (inputs.confirmTimeout ?? 60) : undefined,
    };
    const answer = await changeRelay(target, parts.step, sent, {
        ...files,
        ...(carried === undefined ? {} : { carried }),
    });
    const { table } = stepValues(inputs);
    await confirm(target, answer, table, mark, (key) => nameInLog(inputs, key));
    return { answer, keep, replaced, applied: mark.sequence };
}

/** Records what the apply overwrote, and what it did or did not bring about. */
async function recordOutcome<I extends PlacedInputs, O extends PlacedOutputs>(
    { parts, change, running }: Applying<I, O>,
    { answer, keep, applied: sequence }: Sent,
): Promise<Applied<O>> {
    const { operation, facts, target } = running;
    const { relay } = change.inputs;
    const done: Change<I, O> = facts === undefined ? change : { ...change, facts };
    const { outputs, problems, foreign = [], records = [] } = await parts.outputs(done, answer, keep);
    const overwritten = [
        ...readDrift(change.before?.outputs.drift).map(({ sentence }) => sentence),
        ...sweptIn(answer),
        ...foreign,
    ];
    for (const message of overwritten)
        await operation.record({ action: "drift_overwritten", status: "success", message, details: { relay } });
    const applied = { outputs, problems, files: keptFiles(parts, answer), applied: sequence };
    if (problems.length > 0) {
        // It is applied, but it is not what was promised: the engine keeps the outputs and tries again next time.
        const failure = new HostError(describeHost(target.host), problems.join("; "), "see the messages above");
        await operation.failure(failure, { details: { relay, problems } });
        return applied;
    }
    const removed = change.removed ?? NOTHING_REMOVED;
    const outcomes = withoutRemovedFirst(parts.outcomes(done, outputs, answer), removed);
    for (const outcome of [...records, ...outcomes]) await operation.record({ status: "success", ...outcome });
    return applied;
}

/** Places on other machines that were left are emptied, and that is recorded. */
export async function emptyAndRecord(
    inputs: PlacedInputs,
    moved: Moved | undefined,
    target: Target,
    operation: Operation,
): Promise<void> {
    const { relay } = inputs;
    for (const { message, details } of await emptyLeft(inputs, moved, target))
        await operation.record({ action: "relay_move", message, details: { relay, ...details } });
}

/** A machine that went back is named and recorded before anything is done to it. */
async function recordRestored(
    { inputs, context }: Pick<Change, "inputs" | "context">,
    restored: Restored,
    operation: Operation,
): Promise<void> {
    const { relay } = inputs;
    const message = restoredSentence(restored);
    context.log("warning", `${relay}: ${message}`);
    const details = { relay, record: restored.mark, newest: restored.last };
    await operation.record({ action: "relay_restored", status: "success", message, details });
}

/**
 * Whatever takes away has been done. The peers' own resource, and what a refresh found, restore; any other change would hide that
 * the machine is an older one.
 */
function refuseRestored<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    { before, inputs }: Change<I, O>,
    restored: Restored,
): void {
    if (before === undefined || parts.step === "wireguard" || differsIn(before.outputs.drift, "restored")) return;
    throw new HostError(
        describeHost(inputs.host),
        `was restored from an older copy (of record ${restored.mark} of the log, whose last change is record ${restored.last})`,
        `run ${REPAIR}, which restores what the program says`,
    );
}

export function keptFiles<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    answer: PartAnswers<Part>,
): { files?: string } {
    const files = filesOf(parts.step, answer);
    return files === undefined ? {} : { files };
}

export async function withRemoved<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    change: Change<I, O>,
): Promise<Change<I, O>> {
    const { inputs, before } = change;
    if (parts.restored === undefined || before === undefined) return change;
    const { audit, relay } = inputs;
    const names = [relay, before.inputs.relay];
    return { ...change, removed: await removedFirst(audit, before.outputs.record, names) };
}

/** What the relay's program found in none of its records, and removed. */
function sweptIn(answer: Answers<Part>): string[] {
    return swept.parse(answer.swept).map((row) => {
        if (row.kind === "peer") return rogueCutOff(row.publicKey);
        if (row.kind === "element")
            return `${row.element} was in the firewall's sets but not in the relay's record, and was removed`;
        return "the proxy served something that is not in the relay's record; its configuration was loaded again";
    });
}

/** Who is called what, as the log has it: most resources are told no peers. */
async function nameInLog(inputs: PlacedInputs, publicKey: string): Promise<string | undefined> {
    const registry = await recordedRegistry(inputs);
    return Object.keys(registry).find((name) => registry[name]?.publicKey === publicKey);
}

/** What else on the machine stops the relay's packets: looked at in every apply and refresh. */
export function warnOfSurroundings(inputs: PlacedInputs, context: Context, answer: PartAnswers<Part>): void {
    const { relay, appName, interface: device } = inputs;
    for (const sentence of surroundingConflicts({ appName, interface: device }, answer))
        context.log("warning", `${relay}: ${sentence}`);
}

export function stepValues(inputs: PlacedInputs): { table: string } {
    const { appName, interface: device } = inputs;
    return { table: tableName({ appName, interface: device }) };
}
