import type { RecordMark } from "../../../core/audit/record.js";
import { HostError, HostUnreachable } from "../../../core/errors.js";
import { describeRelay } from "../../../core/wireguard/leaf.js";
import { tableName } from "../../../core/names.js";
import { REPAIR } from "../../../core/repair.js";
import { formatMark } from "../../../core/protocol/mark.js";
import { swept } from "../../../core/protocol/removed.js";
import { ABANDON, describeHost, isAbandoned, isSameMachine } from "../../hosts/descriptors.js";
import type { Operation } from "../../audit/log.js";
import { runStep, type Step, type Target } from "../../hosts/host.js";
import { connectionTo } from "../../hosts/connection.js";
import { relayProgram } from "../../hosts/program.js";
import { changeRelay, type Facts } from "../../hosts/facts.js";
import { surroundingConflicts } from "../../hosts/surroundings.js";
import type { Files } from "../../../core/protocol/bundle.js";
import { changesOf, join } from "../changes.js";
import { confirm } from "./confirm.js";
import { comparedBy, sentencesOf, type Wording } from "../effects.js";
import { findRelay, type Found } from "../import/importing.js";
import { withKept } from "../keys/kept.js";
import { emptyReplaced, leave, overlapsLeft } from "./move.js";
import { emptied, emptyLeft, movedOf, type Moved } from "./moved.js";
import { formerPlace, mintId, placed, targetOf, underAudit, verifyRecord, type Announcement } from "./placed.js";
import { RESTORED, restoredDrift, restoredNow, restoredSentence, restoredSince, type Restored } from "./restored.js";
import { filesOf, observedDrift } from "./observed.js";
import { NOTHING_REMOVED, removedFirst, withoutRemovedFirst, type RemovedFirst } from "./removedFirst.js";
import { isTakenOver, SKIPPED } from "./takenOver.js";
import { rogueCutOff } from "../sentences.js";
import { recordedRegistry } from "../wireguard/history.js";
import {
    PartialFailure,
    UNKNOWN,
    type ChangeKind,
    type CheckFailure,
    type Context,
    type Properties,
    type ReadResult,
    type Resource,
    type ResourceSchema,
} from "../resource.js";

/** A change as the parts of a resource see it. `before` is absent when it is created. */
export interface Change {
    before?: { inputs: Properties; outputs: Properties };
    inputs: Properties;
    context: Context;
    /** What the machine said before anything of it was changed. Only in an apply. */
    facts?: Facts;
    /** What updates that did not come to their end took away since this resource was applied last. */
    removed?: RemovedFirst;
}

/** An apply that has begun. */
export interface Running {
    operation: Operation;
    facts: Facts | undefined;
    target: Target;
}

/** What a step sends to the relay. */
export interface Desired {
    values?: Record<string, string | number | undefined>;
    files?: Files;
    /** Handed on to `outputs`, for what is decided while rendering (certificates). Never secret. */
    keep?: Properties;
}

export interface Outcome {
    outputs: Properties;
    problems: string[];
    /** What the apply found on the wire and overwrote, though nobody had seen it before; a sentence each. */
    foreign?: string[];
    /** What else happened, recorded before the outcomes. */
    records?: Announcement[];
}

/**
 * The five resources that live on a relay differ in what they say, send and read; how they are checked, compared,
 * recorded, applied, read and removed is the same and stands here.
 */
export interface RelayResourceParts extends Wording {
    type: string;
    description: string;
    schema: ResourceSchema;
    /** The relay's program step; "<step>-delete" removes. */
    step: "host" | "firewall" | "wireguard" | "proxy" | "grants";
    /** Inputs as they count, before they are checked and compared. */
    complete?(inputs: Properties, olds: Properties | undefined): Properties;
    check?(inputs: Properties, olds: Properties | undefined): CheckFailure[];
    /** Leaves out what says the same twice, adds what the calendar asks for, throws to refuse. */
    adjust?(change: Change, changes: Record<string, ChangeKind>): Record<string, ChangeKind>;
    /** What is said whether or not anything changes, as a warning: what the calendar brings, what is weaker than it could be. */
    warnings?(change: Change): string[];
    /** Throws in a preview what can be known there of what an apply refuses. */
    foresee?(change: Change): Promise<void>;
    begin(change: Change): Announcement;
    /** What goes before anything else that can fail. */
    first?(change: Change, running: Running): Promise<void>;
    /** Of what was taken away first, what is to be there all the same, by name with a sentence. */
    restored?(change: Change): Record<string, string>;
    /** Refuses what the machine's facts forbid, before anything is changed. */
    guard?(change: Change, facts: Facts): void;
    desired(change: Change): Promise<Desired>;
    /** Outputs as read back, and in what the wire does not say what was asked. */
    outputs(change: Change, answer: Files, keep: Properties): Outcome | Promise<Outcome>;
    /** What is known before the apply. */
    previewOutputs(change: Change): Properties;
    outcomes(change: Change, outputs: Properties, answer: Files): Announcement[];
    /** Differences between the wire and the state, by name, each with a sentence. */
    drift(inputs: Properties, outputs: Properties, answer: Files): Record<string, string>;
    /** Outputs that a refresh brings up to date. */
    observed?(inputs: Properties, outputs: Properties, answer: Files): Properties;
    /** What a removal is about to do, first of all; with the relay's answer, what it did. */
    ending(inputs: Properties, outputs: Properties, answer?: Files): Announcement[];
    /** Inputs and outputs of a relay that is on a machine and in no state. Absent: it is not imported, but made again. */
    imported?(found: Found, answer: Files): Promise<{ inputs: Properties; outputs: Properties }>;
}

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
): Promise<Files | undefined> {
    const target = targetOf(inputs, context, { id });
    const values = { ...stepValues(inputs), id, auditMark: formatMark(mark) };
    try {
        return await changeRelay(target, `${parts.step}-delete` as Step, values);
    } catch (error) {
        if (error instanceof HostUnreachable && isAbandoned(target.host)) return undefined;
        throw error;
    }
}

async function apply(parts: RelayResourceParts, id: string, planned: Change): Promise<Properties> {
    const change = await withRemoved(parts, planned);
    const { inputs, before, context } = change;
    const target = targetOf(inputs, context, { id, before });
    const { result, record } = await underAudit(
        placed(inputs).audit,
        before?.outputs.record as RecordMark | undefined,
        parts.begin(change),
        async (operation, facts) => {
            const machine = parts.step === "host" ? before?.outputs.machine : before?.inputs.machine;
            const restored = await restoredNow(inputs, facts, target);
            if (restored !== undefined) await recordRestored(change, restored, operation);
            await parts.first?.(change, { operation, facts, target });
            // A relay that moves to a machine where it once was is sent there whole.
            if (restored !== undefined && facts?.machine === machine) refuseRestored(parts, change, restored);
            if (facts !== undefined) parts.guard?.(change, facts);
            const former = formerPlace(before, inputs, context);
            const seen = { facts, machine, resource: id };
            const warnOf = (sentence: string): void => context.log("warning", `${placed(inputs).relay}: ${sentence}`);
            const carried = parts.step === "host" ? await overlapsLeft(former, target, seen, warnOf) : undefined;
            const left = parts.step === "host" ? await leave(former, target, "first", seen) : undefined;
            const { values, files, keep } = await parts.desired(change);
            const was = before === undefined ? undefined : targetOf(before.inputs, context);
            const replaced = parts.step === "wireguard" ? await emptyReplaced(was, target) : undefined;
            const applied = operation.mark.sequence;
            const sent = {
                ...stepValues(inputs),
                ...values,
                id,
                auditMark: formatMark(operation.mark),
                confirm: connectionTo(target.host, target.credentials).remote
                    ? Number(inputs.confirmTimeout ?? 60)
                    : undefined,
            };
            const answer = await changeRelay(target, parts.step, sent, {
                program: relayProgram(),
                ...files,
                ...(carried === undefined ? {} : { carried }),
            });
            await confirm(target, answer, stepValues(inputs).table ?? "", operation.mark, (key) =>
                nameInLog(inputs, key),
            );
            const message =
                left ?? replaced ?? (parts.step === "grants" ? await leave(former, target, "last", seen) : undefined);
            const { relay } = placed(inputs);
            if (message !== undefined) {
                const details = { relay, ...(former === undefined ? {} : emptied(movedOf(inputs), former)) };
                await operation.record({ action: "relay_move", status: "success", message, details });
            }
            if (parts.step === "grants") await emptyAndRecord(inputs, movedOf(inputs), target, operation);
            warnOfSurroundings(change.inputs, context, answer);
            const done: Change = facts === undefined ? change : { ...change, facts };
            const { outputs, problems, foreign = [], records = [] } = await parts.outputs(done, answer, keep ?? {});
            const unplanned = [...sweptIn(answer), ...foreign];
            for (const message of [...Object.values(driftOf(before?.outputs ?? {})), ...unplanned]) {
                await operation.record({
                    action: "drift_overwritten",
                    status: "success",
                    message,
                    details: { relay: placed(inputs).relay },
                });
            }
            if (problems.length > 0) {
                // It is applied, but it is not what was promised: the engine keeps the outputs and tries again next time.
                await operation.failure(
                    new HostError(describeHost(target.host), problems.join("; "), "see the messages above"),
                    {
                        details: { relay: placed(inputs).relay, problems },
                    },
                );
                return { outputs, problems, files: keptFiles(parts, answer), applied };
            }
            const outcomes = withoutRemovedFirst(
                parts.outcomes(done, outputs, answer),
                change.removed ?? NOTHING_REMOVED,
            );
            for (const outcome of [...records, ...outcomes]) await operation.record({ status: "success", ...outcome });
            return { outputs, problems, files: keptFiles(parts, answer), applied };
        },
        target,
    );
    const { applied } = result;
    const outputs = { ...result.outputs, ...result.files, applied, drift: {}, record };
    if (result.problems.length > 0) throw new PartialFailure(id, inputs, outputs, result.problems);
    return outputs;
}

/** Places on other machines that were left are emptied, and that is recorded. */
async function emptyAndRecord(
    inputs: Properties,
    moved: Moved | undefined,
    target: Target,
    operation: Operation,
): Promise<void> {
    const { relay } = placed(inputs);
    for (const { message, details } of await emptyLeft(inputs, moved, target))
        await operation.record({ action: "relay_move", message, details: { relay, ...details } });
}

/** A state of before has none, and a preview does not know of an output that is not there: then it is none. */
function withoutUnknownMove(inputs: Properties): Properties {
    const { moved, ...others } = inputs;
    return moved === UNKNOWN ? others : inputs;
}

/** A machine that went back is named and recorded before anything is done to it. */
async function recordRestored({ inputs, context }: Change, restored: Restored, operation: Operation): Promise<void> {
    const { relay } = placed(inputs);
    const message = restoredSentence(restored);
    context.log("warning", `${relay}: ${message}`);
    const details = { relay, record: restored.mark, newest: restored.last };
    await operation.record({ action: "relay_restored", status: "success", message, details });
}

/**
 * Whatever takes away has been done. The peers' own resource, and what a refresh found, restore; any other change would hide that
 * the machine is an older one.
 */
function refuseRestored(parts: RelayResourceParts, { before, inputs }: Change, restored: Restored): void {
    if (before === undefined || parts.step === "wireguard" || RESTORED in driftOf(before.outputs)) return;
    throw new HostError(
        describeHost(placed(inputs).host),
        `was restored from an older copy (record ${restored.mark} of the log, which has a change under record ${restored.last})`,
        `run ${REPAIR}, which restores what the program says`,
    );
}

function keptFiles(parts: RelayResourceParts, answer: Files): Properties {
    const files = filesOf(parts.step, answer);
    return files === undefined ? {} : { files };
}

async function withRemoved(parts: RelayResourceParts, change: Change): Promise<Change> {
    const { inputs, before } = change;
    if (parts.restored === undefined || before === undefined) return change;
    const { audit, relay } = placed(inputs);
    const names = [relay, placed(before.inputs).relay];
    return { ...change, removed: await removedFirst(audit, before.outputs.record as RecordMark | undefined, names) };
}

/** What the relay's program found in none of its records, and removed. */
function sweptIn(answer: Files): string[] {
    return swept.parse(answer.swept).map((row) => {
        if (row.kind === "peer") return rogueCutOff(row.publicKey);
        if (row.kind === "element")
            return `${row.element} was in the firewall's sets, not in the relay's record, and was removed`;
        return "the proxy served what is not in the relay's record; its own configuration was loaded again";
    });
}

/** Who is called what, as the log has it: most resources are told no peers. */
async function nameInLog(inputs: Properties, publicKey: string): Promise<string | undefined> {
    const registry = await recordedRegistry(inputs);
    return Object.keys(registry).find((name) => registry[name]?.publicKey === publicKey);
}

function preview(parts: RelayResourceParts, change: Change): Properties {
    const effects = effectsOf(parts, change);
    // The engine asks for a diff before an update, never before a create.
    if (change.before === undefined) say(change, effects);
    const plan = [...(parts.warnings?.(change) ?? []), ...effects];
    const files = change.before !== undefined && change.before.outputs.files === undefined ? {} : { files: UNKNOWN };
    return { ...parts.previewOutputs(change), ...files, drift: {}, record: UNKNOWN, plan };
}

/** The id on the machine becomes the id in the state: deletes and replacements are told apart by it. */
async function imported(parts: RelayResourceParts, id: string, context: Context): Promise<ReadResult | undefined> {
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

/** All that a relay's answer says of one resource. What somebody put into the relay's record of it under another id is not this one. */
export function driftIn(
    parts: RelayResourceParts,
    { id, inputs, outputs }: { id?: string | undefined; inputs: Properties; outputs: Properties },
    answer: Files,
): Record<string, string> {
    const mark = answer.mark?.trim();
    return {
        ...(id !== undefined && mark !== undefined && mark !== id ? ANOTHER : {}),
        ...parts.drift(inputs, outputs, answer),
        ...observedDrift(parts.step, outputs, answer),
        ...restoredDrift(outputs, answer),
    };
}

const ANOTHER = {
    records: `the relay's records of it bear another id: another stack or an older state changed it; ${REPAIR} takes it over`,
};

export const GONE = {
    records: `the relay's own records of it are gone: the machine was rebuilt or they were removed; ${REPAIR} creates it again`,
};

/** Where it is counts for each of them; how it is reached and recorded does not. */
function changesIn(parts: RelayResourceParts, olds: Properties, news: Properties): Record<string, ChangeKind> {
    const changes = changesOf(
        olds,
        news,
        comparedBy(parts).filter((input) => input !== "host"),
    );
    const moved = olds.host !== undefined && !isSameMachine(placed(olds).host, placed(news).host);
    return moved ? { host: "update", ...changes } : changes;
}

/** What else on the machine stops the relay's packets: looked at in every apply and refresh. */
function warnOfSurroundings(inputs: Properties, context: Context, answer: Files): void {
    const { relay, appName, interface: device } = placed(inputs);
    for (const sentence of surroundingConflicts({ appName, interface: device }, answer))
        context.log("warning", `${relay}: ${sentence}`);
}

function warn(parts: RelayResourceParts, change: Change): void {
    for (const warning of parts.warnings?.(change) ?? []) change.context.log("warning", warning);
}

function say(change: Change, sentences: string[]): void {
    for (const sentence of sentences) change.context.log("info", sentence);
}

function stepValues(inputs: Properties): Record<string, string> {
    const { appName, interface: device } = placed(inputs);
    return { table: tableName({ appName, interface: device }) };
}

/** Everything that an apply means, a sentence each. */
function effectsOf(parts: RelayResourceParts, change: Change): string[] {
    return [
        ...driftSentences(change.inputs, change.before?.outputs ?? {}),
        ...driftSentences(change.inputs, { drift: parts.restored?.(change) }),
        ...sentencesOf(parts, change),
    ];
}

function driftSentences(inputs: Properties, outputs: Properties): string[] {
    return Object.values(driftOf(outputs)).map((sentence) => `${placed(inputs).relay}: ${sentence}`);
}

function driftOf(outputs: Properties): Record<string, string> {
    return (outputs.drift ?? {}) as Record<string, string>;
}

function driftChanges(outputs: Properties): Record<string, ChangeKind> {
    return Object.fromEntries(Object.keys(driftOf(outputs)).map((name) => [join("drift", name), "delete" as const]));
}
