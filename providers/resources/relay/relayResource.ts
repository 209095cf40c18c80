import type { RecordMark } from "../../../core/audit/record.js";
import { HostUnreachable } from "../../../core/errors.js";
import { describeRelay } from "../../../core/wireguard/leaf.js";
import { formatMark } from "../../../core/protocol/mark.js";
import { ABANDON, isAbandoned } from "../../hosts/descriptors.js";
import { runStep } from "../../hosts/host.js";
import { changeRelay } from "../../hosts/facts.js";
import type { Answers } from "../../../core/protocol/steps.js";
import { findRelay } from "../import/importing.js";
import { withKept } from "../keys/kept.js";
import { movedOf } from "./moved.js";
import { placed } from "./placed.js";
import { mintId, targetOf } from "./target.js";
import { verifyRecord } from "./verify.js";
import { underAudit } from "./underAudit.js";
import { RESTORED, restoredSentence, restoredSince } from "./restored.js";
import { driftIn, GONE } from "./observed.js";
import { isTakenOver, SKIPPED } from "./takenOver.js";
import { type Context, type Properties, type ReadResult, type Resource, UNKNOWN } from "../resource.js";
import { type Change } from "./change.js";
import { type RelayResourceParts } from "./parts.js";
import { changesIn, driftChanges, driftSentences, effectsOf, say, warn } from "./compare.js";
import { apply, emptyAndRecord, keptFiles, stepValues, warnOfSurroundings, withRemoved } from "./apply.js";

export function relayResource(parts: RelayResourceParts): Resource {
    return {
        type: parts.type,
        description: parts.description,
        schema: parts.schema,

        check(news, olds) {
            const given = withKept(news, olds);
            const inputs = withoutUnknownMove(parts.complete?.(given, olds) ?? given);
            return Promise.resolve({ inputs, failures: parts.check?.(inputs, olds) ?? [] });
        },

        async diff(_id, oldInputs, oldOutputs, news, context) {
            if (context.refreshing) {
                // The engine hands a refresh's own diff its arguments swapped: what was read comes as the new state.
                for (const sentence of driftSentences(news, oldOutputs)) context.log("warning", sentence);
                return { changes: driftChanges(oldOutputs) };
            }
            await verifyRecord(placed(news).audit, oldOutputs.record as RecordMark | undefined, context);
            const change = await withRemoved(parts, {
                before: { inputs: oldInputs, outputs: oldOutputs },
                inputs: news,
                context,
            });
            warn(parts, change);
            const compared = changesIn(parts, oldInputs, news);
            const changes = {
                ...(parts.adjust?.(change, compared) ?? compared),
                ...driftChanges({ drift: parts.restored?.(change) }),
                ...driftChanges(oldOutputs),
            };
            if (Object.keys(changes).length > 0) say(change, effectsOf(parts, change));
            return { changes };
        },

        async create(inputs, context) {
            const change: Change = { inputs, context };
            if (context.preview) {
                warn(parts, change);
                await parts.foresee?.(change);
                return { id: "", outputs: preview(parts, change) };
            }
            const id = mintId();
            return { id, outputs: await apply(parts, id, change) };
        },

        async update(id, oldInputs, oldOutputs, news, context) {
            const change: Change = { before: { inputs: oldInputs, outputs: oldOutputs }, inputs: news, context };
            if (!context.preview) return apply(parts, id, change);
            await parts.foresee?.(change);
            return preview(parts, await withRemoved(parts, change));
        },

        async read(id, inputs, outputs, context) {
            // Without a state there is nothing but the machine to ask.
            if (Object.keys(outputs).length === 0) return imported(parts, id, context);
            const answer = await runStep(targetOf(inputs, context, { id }), "read", {
                what: parts.step,
                ...stepValues(inputs),
            });
            // An import has nothing to compare with; otherwise what is gone from the machine is drift, not a resource less:
            // the state still knows the keys and the history that the next up needs.
            if (answer.missing !== undefined && outputs.record === undefined) return undefined;
            warnOfSurroundings(inputs, context, answer);
            const restored = await restoredSince(inputs, answer.auditmark);
            const drift =
                answer.missing === undefined
                    ? {
                          ...driftIn(parts, { id, inputs, outputs }, answer),
                          ...(restored === undefined ? {} : { [RESTORED]: restoredSentence(restored) }),
                      }
                    : GONE;
            const observed = answer.missing === undefined ? parts.observed?.(inputs, outputs, answer) : undefined;
            return { id, inputs, outputs: { ...outputs, ...observed, drift } };
        },

        async delete(id, inputs, outputs, context) {
            const target = targetOf(inputs, context, { id });
            const [first] = parts.ending(inputs, outputs);
            if (first === undefined) return;
            const isTaken = await isTakenOver(target, id);
            await underAudit(
                placed(inputs).audit,
                outputs.record as RecordMark | undefined,
                first,
                async (operation) => {
                    const answer = isTaken ? SKIPPED : await remove(parts, id, inputs, context, operation.mark);
                    if (parts.step === "host" && !isTaken)
                        await emptyAndRecord(inputs, movedOf(outputs), target, operation);
                    if (answer === undefined) {
                        const message = `${first.begin ?? first.message}: the host cannot be reached, and it was abandoned as ${ABANDON} says; what is on it stays`;
                        await operation.record({
                            action: "host_abandoned",
                            status: "success",
                            message,
                            details: first.details,
                        });
                        return;
                    }
                    if (answer.skipped !== undefined) {
                        const { relay } = placed(inputs);
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
        },
    };
}

/** undefined: the host cannot be reached and the person said to go on without it. */
async function remove(
    parts: RelayResourceParts,
    id: string,
    inputs: Properties,
    context: Context,
    mark: RecordMark,
): Promise<Answers | undefined> {
    const target = targetOf(inputs, context, { id });
    const values = { ...stepValues(inputs), id, auditMark: formatMark(mark) };
    try {
        return await changeRelay(target, `${parts.step}-delete`, values);
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

export function preview(parts: RelayResourceParts, change: Change): Properties {
    const effects = effectsOf(parts, change);
    // The engine asks for a diff before an update, never before a create.
    if (change.before === undefined) say(change, effects);
    const plan = [...(parts.warnings?.(change) ?? []), ...effects];
    const files = change.before !== undefined && change.before.outputs.files === undefined ? {} : { files: UNKNOWN };
    return { ...parts.previewOutputs(change), ...files, drift: {}, record: UNKNOWN, plan };
}

/** The id on the machine becomes the id in the state: deletes and replacements are told apart by it. */
export async function imported(
    parts: RelayResourceParts,
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
    const drift = parts.drift(inputs, kept, answer);
    return { id: (answer.mark ?? "").trim(), inputs, outputs: { ...kept, record: found.record, drift } };
}
