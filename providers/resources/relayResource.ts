import type { RecordMark } from "../../core/audit/record.js";
import { HostError, HostUnreachable } from "../../core/errors.js";
import { tableName } from "../../core/names.js";
import { ABANDON, describeHost, isAbandoned, isSameMachine } from "../hosts/descriptors.js";
import { runStep, type Step } from "../hosts/host.js";
import { connectionTo } from "../hosts/connection.js";
import { relayProgram } from "../hosts/program.js";
import { changeRelay, type Facts } from "../hosts/facts.js";
import type { Files } from "../hosts/bundle.js";
import { changesOf, join } from "./changes.js";
import { confirm } from "./confirm.js";
import { findRelay, type Found } from "./importing.js";
import { leave } from "./move.js";
import {
    formatMark,
    formerPlace,
    mintId,
    placed,
    targetOf,
    underAudit,
    verifyRecord,
    type Announcement,
} from "./placed.js";
import { recordedRegistry } from "./wireguardHistory.js";
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
} from "./resource.js";

/** A change as the parts of a resource see it. `before` is absent when it is created. */
export interface Change {
    before?: { inputs: Properties; outputs: Properties };
    inputs: Properties;
    context: Context;
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
export interface RelayResourceParts {
    type: string;
    description: string;
    schema: ResourceSchema;
    /** The relay's program step; "<step>-delete" removes. */
    step: "host" | "firewall" | "wireguard" | "proxy" | "grants";
    /** Inputs whose change is a change. */
    compared: readonly string[];
    /** Inputs as they count, before they are checked and compared. */
    complete?(inputs: Properties): Properties;
    check?(inputs: Properties, olds: Properties | undefined): CheckFailure[];
    /** Leaves out what says the same twice, adds what the calendar asks for, throws to refuse. */
    adjust?(change: Change, changes: Record<string, ChangeKind>): Record<string, ChangeKind>;
    /** One sentence an effect, each starting with the relay's name. */
    sentences(change: Change, changes: Record<string, ChangeKind>): string[];
    /** What is said whether or not anything changes, as a warning: what the calendar brings, what is weaker than it could be. */
    warnings?(change: Change): string[];
    begin(change: Change): Announcement;
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
    ending(inputs: Properties, outputs: Properties): Announcement[];
    /** Inputs and outputs of a relay that is on a machine and in no state. Absent: it is not imported, but made again. */
    imported?(found: Found, answer: Files): Promise<{ inputs: Properties; outputs: Properties }>;
}

export function relayResource(parts: RelayResourceParts): Resource {
    return {
        type: parts.type,
        description: parts.description,
        schema: parts.schema,

        check(news, olds) {
            const inputs = parts.complete?.(news) ?? news;
            return Promise.resolve({ inputs, failures: parts.check?.(inputs, olds) ?? [] });
        },

        async diff(_id, oldInputs, oldOutputs, news, context) {
            if (context.refreshing) {
                // The engine hands a refresh's own diff its arguments swapped: what was read comes as the new state.
                for (const sentence of driftSentences(news, oldOutputs)) context.log("warning", sentence);
                return { changes: driftChanges(oldOutputs) };
            }
            await verifyRecord(placed(news).audit, oldOutputs.record as RecordMark | undefined, context);
            const change: Change = { before: { inputs: oldInputs, outputs: oldOutputs }, inputs: news, context };
            warn(parts, change);
            const compared = changesIn(parts, oldInputs, news);
            const changes = { ...(parts.adjust?.(change, compared) ?? compared), ...driftChanges(oldOutputs) };
            if (Object.keys(changes).length > 0)
                say(change, [...driftSentences(news, oldOutputs), ...sentencesOf(parts, change, changes)]);
            return { changes };
        },

        async create(inputs, context) {
            const change: Change = { inputs, context };
            if (context.preview) {
                warn(parts, change);
                return { id: "", outputs: preview(parts, change) };
            }
            const id = mintId();
            return { id, outputs: await apply(parts, id, change) };
        },

        async update(id, oldInputs, oldOutputs, news, context) {
            const change: Change = { before: { inputs: oldInputs, outputs: oldOutputs }, inputs: news, context };
            return context.preview ? preview(parts, change) : apply(parts, id, change);
        },

        async read(id, inputs, outputs, context) {
            // Without a state there is nothing but the machine to ask.
            if (Object.keys(outputs).length === 0) return imported(parts, id, context);
            const answer = await runStep(targetOf(inputs, context), "read", {
                what: parts.step,
                ...stepValues(inputs),
            });
            // An import has nothing to compare with; otherwise what is gone from the machine is drift, not a resource less:
            // the state still knows the keys and the history that the next up needs.
            if (answer.missing !== undefined && outputs.record === undefined) return undefined;
            const drift = answer.missing === undefined ? parts.drift(inputs, outputs, answer) : GONE;
            const observed = answer.missing === undefined ? parts.observed?.(inputs, outputs, answer) : undefined;
            return { id, inputs, outputs: { ...outputs, ...observed, drift } };
        },

        async delete(id, inputs, outputs, context) {
            const target = targetOf(inputs, context);
            const announcements = parts.ending(inputs, outputs);
            const [first] = announcements;
            if (first === undefined) return;
            await underAudit(
                placed(inputs).audit,
                outputs.record as RecordMark | undefined,
                first,
                async (operation) => {
                    const answer = await remove(parts, id, inputs, context, operation.mark);
                    if (answer === undefined) {
                        const message = `${first.message}: the host cannot be reached, and it was abandoned as ${ABANDON} says`;
                        await operation.record({
                            action: "host_abandoned",
                            status: "success",
                            message,
                            details: first.details,
                        });
                        return;
                    }
                    if (answer.skipped !== undefined) {
                        await operation.success({
                            message: `${first.message}: nothing to do, it was replaced`,
                            details: first.details,
                        });
                        return;
                    }
                    for (const outcome of announcements) await operation.record({ status: "success", ...outcome });
                },
                target,
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
    const target = targetOf(inputs, context);
    const values = { ...stepValues(inputs), id, auditMark: formatMark(mark) };
    try {
        return await changeRelay(target, `${parts.step}-delete` as Step, values);
    } catch (error) {
        if (error instanceof HostUnreachable && isAbandoned(target.host)) return undefined;
        throw error;
    }
}

async function apply(parts: RelayResourceParts, id: string, change: Change): Promise<Properties> {
    const { inputs, before, context } = change;
    const target = targetOf(inputs, context);
    const { result, record } = await underAudit(
        placed(inputs).audit,
        before?.outputs.record as RecordMark | undefined,
        parts.begin(change),
        async (operation, facts) => {
            if (facts !== undefined) parts.guard?.(change, facts);
            const former = formerPlace(before, inputs, context);
            const left = parts.step === "host" ? await leave(former, target, "first") : undefined;
            const { values, files, keep } = await parts.desired(change);
            const sent = {
                ...stepValues(inputs),
                ...values,
                id,
                auditMark: formatMark(operation.mark),
                confirm: connectionTo(target.host, target.credentials).remote
                    ? Number(inputs.confirmTimeout ?? 60)
                    : undefined,
            };
            const answer = await changeRelay(target, parts.step, sent, { program: relayProgram(), ...files });
            await confirm(target, answer, stepValues(inputs).table ?? "", operation.mark, (key) =>
                nameInLog(inputs, key),
            );
            const moved = left ?? (parts.step === "grants" ? await leave(former, target, "last") : undefined);
            if (moved !== undefined) {
                const details = { relay: placed(inputs).relay };
                await operation.record({ action: "relay_move", status: "success", message: moved, details });
            }
            const { outputs, problems, foreign = [], records = [] } = await parts.outputs(change, answer, keep ?? {});
            for (const message of [...Object.values(driftOf(before?.outputs ?? {})), ...foreign]) {
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
                return { outputs, problems };
            }
            for (const outcome of [...records, ...parts.outcomes(change, outputs, answer)])
                await operation.record({ status: "success", ...outcome });
            return { outputs, problems };
        },
        target,
    );
    const outputs = { ...result.outputs, drift: {}, record };
    if (result.problems.length > 0) throw new PartialFailure(id, inputs, outputs, result.problems);
    return outputs;
}

/** Who is called what, as the log has it: most resources are told no peers. */
async function nameInLog(inputs: Properties, publicKey: string): Promise<string | undefined> {
    const registry = await recordedRegistry(inputs);
    return Object.keys(registry).find((name) => registry[name]?.publicKey === publicKey);
}

function preview(parts: RelayResourceParts, change: Change): Properties {
    const changes = changesIn(parts, change.before?.inputs ?? {}, change.inputs);
    const effects = [
        ...driftSentences(change.inputs, change.before?.outputs ?? {}),
        ...parts.sentences(change, changes),
    ];
    // The engine asks for a diff before an update, never before a create.
    if (change.before === undefined) say(change, effects);
    const plan = [...(parts.warnings?.(change) ?? []), ...effects];
    return { ...parts.previewOutputs(change), drift: {}, record: UNKNOWN, plan };
}

/** The id on the machine becomes the id in the state: deletes and replacements are told apart by it. */
async function imported(parts: RelayResourceParts, id: string, context: Context): Promise<ReadResult | undefined> {
    const found = await findRelay(id, context);
    if (found === undefined || parts.imported === undefined) return undefined;
    const values = { what: parts.step, record: 1, ...stepValues(found.placed) };
    const answer = await runStep(found.target, "read", values);
    if (answer.missing !== undefined) return undefined;
    const { inputs, outputs } = await parts.imported(found, answer);
    const drift = parts.drift(inputs, outputs, answer);
    return { id: (answer.mark ?? "").trim(), inputs, outputs: { ...outputs, record: found.record, drift } };
}

const GONE = {
    records:
        "the relay's own records of it are gone: the machine was rebuilt or they were removed; the next up makes it again",
};

/** Where it is counts for each of them; how it is reached and recorded does not. */
function changesIn(parts: RelayResourceParts, olds: Properties, news: Properties): Record<string, ChangeKind> {
    const changes = changesOf(olds, news, ["appName", "interface", ...parts.compared]);
    const moved = olds.host !== undefined && !isSameMachine(placed(olds).host, placed(news).host);
    return moved ? { host: "update", ...changes } : changes;
}

/** Of a relay that moves Host says what that means for everybody; that its parts are loaded again is no news. */
function sentencesOf(parts: RelayResourceParts, change: Change, changes: Record<string, ChangeKind>): string[] {
    const moves = formerPlace(change.before, change.inputs, change.context) !== undefined;
    return moves && parts.step !== "host" ? [] : parts.sentences(change, changes);
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

function driftSentences(inputs: Properties, outputs: Properties): string[] {
    return Object.values(driftOf(outputs)).map((sentence) => `${placed(inputs).relay}: ${sentence}`);
}

function driftOf(outputs: Properties): Record<string, string> {
    return (outputs.drift ?? {}) as Record<string, string>;
}

function driftChanges(outputs: Properties): Record<string, ChangeKind> {
    return Object.fromEntries(Object.keys(driftOf(outputs)).map((name) => [join("drift", name), "delete" as const]));
}
