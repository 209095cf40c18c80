import { runStep, type Target } from "../../hosts/host.js";
import { driftIn, GONE } from "./observed.js";
import type { PlacedInputs, PlacedOutputs } from "./placed.js";
import type { RecordMark } from "../../../core/audit/record.js";
import type { PlannedStep } from "../../../core/approval/step.js";
import { readDrift, storeDrift } from "../../../core/drift.js";
import { HostUnreachable } from "../../../core/errors.js";
import { describeRelay } from "../../../core/wireguard/leaf.js";
import { formatMark } from "../../../core/protocol/mark.js";
import { ABANDON, isAbandoned } from "../../hosts/descriptors.js";
import { changeRelay } from "../../hosts/facts.js";
import type { Answers, Part } from "../../../core/protocol/steps.js";
import { findRelay } from "../import/importing.js";
import { withKept } from "../keys/kept.js";
import { movedOf } from "./moved.js";
import { mintId, targetOf } from "./target.js";
import { verifyRecord } from "./verify.js";
import { createStep, deleteStep, sayBase, updateStep } from "../planned.js";
import { underAudit } from "./underAudit.js";
import { restoredFrom, restoredSince } from "./restored.js";
import { isTakenOver, SKIPPED } from "./takenOver.js";
import {
    type Context,
    type DiffResult,
    type Produces,
    type Properties,
    type ReadResult,
    UNKNOWN,
} from "../resource.js";
import type { Change } from "./change.js";
import type { RelayResourceParts } from "./parts.js";
import { changesIn, driftChanges, driftSentences, effectsOf, logSentences, warn } from "./compare.js";
import { apply, emptyAndRecord, keptFiles, stepValues, warnOfSurroundings, withRemoved } from "./apply.js";

/** A resource on a relay: its inputs and outputs are read once, here, and typed from then on. */
export function relayResource<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
): Produces<O> {
    const stateOf = (inputs: Properties, outputs: Properties): { inputs: I; outputs: O } => ({
        inputs: parts.parse(inputs),
        outputs: parts.parseOutputs(outputs),
    });
    return {
        type: parts.type,
        description: parts.description,
        schema: parts.schema,

        async check(news, olds) {
            const given = withKept(news, olds);
            const inputs = withoutUnknownMove(parts.complete?.(given, olds) ?? given);
            const unfit = parts.unfit?.(inputs) ?? [];
            const failures = parts.check?.(parts.parse(inputs), olds) ?? [];
            return { inputs, failures: [...unfit, ...failures] };
        },

        async diff(_id, oldInputs, oldOutputs, news, context) {
            const before = stateOf(oldInputs, oldOutputs);
            const inputs = parts.parse(news);
            return context.refreshing
                ? reportDrift(inputs, before.outputs, context)
                : planned(parts, { before, inputs, context });
        },

        async create(news, context) {
            const change: Change<I, O> = { inputs: parts.parse(news), context };
            if (context.preview) {
                warn(parts, change);
                await sayBase(change.inputs.audit, context);
                await parts.foresee?.(change);
                return { id: "", outputs: preview(parts, change) };
            }
            const id = mintId();
            return { id, outputs: await apply(parts, id, change, createStep(context, news)) };
        },

        async update(id, oldInputs, oldOutputs, news, context) {
            const change = { before: stateOf(oldInputs, oldOutputs), inputs: parts.parse(news), context };
            if (!context.preview) return apply(parts, id, change, updateStep(context, news, oldOutputs));
            await sayBase(change.inputs.audit, context);
            await parts.foresee?.(change);
            return preview(parts, await withRemoved(parts, change));
        },

        read(id, inputs, outputs, context) {
            // Without a state there is nothing but the machine to ask.
            if (Object.keys(outputs).length === 0) return imported(parts, id, context);
            return refreshed(parts, { id, ...stateOf(inputs, outputs) }, context);
        },

        delete: (id, inputs, outputs, context) =>
            removed(parts, { id, ...stateOf(inputs, outputs) }, context, deleteStep(context, outputs)),
    };
}

/** The engine hands a refresh's own diff its arguments swapped: what was read comes as the state. */
function reportDrift(inputs: PlacedInputs, outputs: PlacedOutputs, context: Context): DiffResult {
    const drift = readDrift(outputs.drift);
    for (const sentence of driftSentences(inputs, drift)) context.log("warning", sentence);
    return { changes: driftChanges(drift) };
}

/** What an update would change, with a sentence for each effect. */
async function planned<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    asked: Change<I, O> & { before: { inputs: I; outputs: O } },
): Promise<DiffResult> {
    const { before, inputs, context } = asked;
    await verifyRecord(inputs.audit, before.outputs.record, context);
    const change = await withRemoved(parts, asked);
    warn(parts, change);
    const compared = changesIn(parts, before.inputs, inputs);
    const changes = {
        ...(parts.adjust?.(change, compared) ?? compared),
        ...driftChanges(parts.restored?.(change) ?? []),
        ...driftChanges(readDrift(before.outputs.drift)),
    };
    if (Object.keys(changes).length > 0) logSentences(change, effectsOf(parts, change));
    return { changes };
}

/** What the state has of a resource. */
interface State<I, O> {
    id: string;
    inputs: I;
    outputs: O;
}

async function refreshed<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    state: State<I, O>,
    context: Context,
): Promise<ReadResult | undefined> {
    const { id, inputs, outputs } = state;
    const values = { what: parts.step, ...stepValues(inputs) };
    const answer = await runStep(targetOf(inputs, context, { id }), "read", values);
    // An import has nothing to compare with; otherwise what is gone from the machine is drift, not a resource less:
    // the state still knows the keys and the history that the next `pulumi up` needs.
    if (answer.missing !== undefined && outputs.record === undefined) return undefined;
    warnOfSurroundings(inputs, context, answer);
    const restored = await restoredSince(inputs, answer.auditmark);
    if (answer.missing !== undefined) return { id, inputs, outputs: { ...outputs, drift: storeDrift(GONE) } };
    const drift = storeDrift([...driftIn(parts, state, answer), ...restoredFrom(restored)]);
    return { id, inputs, outputs: { ...outputs, ...parts.observed?.(inputs, outputs, answer), drift } };
}

async function removed<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    { id, inputs, outputs }: State<I, O>,
    context: Context,
    step: PlannedStep,
): Promise<void> {
    const target = targetOf(inputs, context, { id });
    const [first] = parts.ending(inputs, outputs);
    if (first === undefined) return;
    const isTaken = await isTakenOver(target, id);
    const { relay, audit } = inputs;
    await underAudit(
        audit,
        outputs.record,
        { ...first, applying: { step, sentences: () => [] } },
        async (operation) => {
            const answer = isTaken ? SKIPPED : await remove(parts.step, id, { inputs, target, mark: operation.mark });
            if (parts.step === "host" && !isTaken) await emptyAndRecord(inputs, movedOf(outputs), target, operation);
            if (answer === undefined) {
                const message = `${first.begin ?? first.message}: the host cannot be reached and was abandoned, as ${ABANDON} requests; everything on it stays`;
                const { details } = first;
                await operation.record({ action: "host_abandoned", status: "success", message, details });
                return;
            }
            if (answer.skipped !== undefined) {
                await operation.record({
                    action: "resource_replaced",
                    message: `${parts.type} of ${describeRelay(relay)} was replaced: nothing on its machine was removed`,
                    details: { relay, resource: parts.type, instead_of: first.action },
                });
                return;
            }
            for (const outcome of parts.ending(inputs, outputs, answer))
                await operation.record({ status: "success", ...outcome });
        },
        isTaken ? undefined : target,
    );
}

/** undefined: the host cannot be reached and the person said to go on without it. */
async function remove(
    step: Part,
    id: string,
    { inputs, target, mark }: { inputs: PlacedInputs; target: Target; mark: RecordMark },
): Promise<Answers | undefined> {
    const values = { ...stepValues(inputs), id, auditMark: formatMark(mark) };
    try {
        return await changeRelay(target, `${step}-delete`, values);
    } catch (error) {
        if (error instanceof HostUnreachable && isAbandoned(target.host)) return undefined;
        throw error;
    }
}

/** A state of before has none, and a preview does not know of an output that is not there: then it is none. */
function withoutUnknownMove(inputs: Properties): Properties {
    const { moved, ...others } = inputs;
    return moved === UNKNOWN ? others : inputs;
}

function preview<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    change: Change<I, O>,
): Properties {
    const effects = effectsOf(parts, change);
    // The engine asks for a diff before an update, never before a create.
    if (change.before === undefined) logSentences(change, effects);
    const plan = [...(parts.warnings?.(change) ?? []), ...effects];
    const files = change.before !== undefined && change.before.outputs.files === undefined ? {} : { files: UNKNOWN };
    return { ...parts.previewOutputs(change), ...files, drift: {}, record: UNKNOWN, plan };
}

/** The id on the machine becomes the id in the state: deletes and replacements are told apart by it. */
async function imported<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    id: string,
    context: Context,
): Promise<ReadResult | undefined> {
    const found = await findRelay(id, context);
    if (found === undefined || parts.imported === undefined) return undefined;
    const values = { what: parts.step, record: 1, ...stepValues(found.placed) };
    const answer = await runStep(found.target, "read", values);
    if (answer.missing !== undefined) return undefined;
    const { inputs, outputs } = await parts.imported(found, answer);
    const kept = { ...outputs, ...keptFiles(parts, answer) };
    const drift = storeDrift(parts.drift(parts.parse(inputs), parts.parseOutputs(kept), answer));
    return { id: (answer.mark ?? "").trim(), inputs, outputs: { ...kept, record: found.record, drift } };
}
