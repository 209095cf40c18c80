import type { RecordMark } from "../../../core/audit/record.js";
import { HostError } from "../../../core/errors.js";
import { tableName } from "../../../core/names.js";
import { REPAIR } from "../../../core/repair.js";
import { formatMark } from "../../../core/protocol/mark.js";
import { swept } from "../../../core/protocol/removed.js";
import { describeHost } from "../../hosts/descriptors.js";
import type { Operation } from "../../audit/log.js";
import type { Target } from "../../hosts/host.js";
import { connectionTo } from "../../hosts/connection.js";
import { relayProgram } from "../../hosts/program.js";
import { changeRelay } from "../../hosts/facts.js";
import { surroundingConflicts } from "../../hosts/surroundings.js";
import type { Answers } from "../../../core/protocol/steps.js";
import { confirm } from "./confirm.js";
import { emptyReplaced, leave, overlapsLeft } from "./move.js";
import { emptied, emptyLeft, type Moved, movedOf } from "./moved.js";
import { placed } from "./placed.js";
import { formerPlace, targetOf } from "./target.js";
import { underAudit } from "./underAudit.js";
import { RESTORED, type Restored, restoredNow, restoredSentence } from "./restored.js";
import { filesOf } from "./observed.js";
import { NOTHING_REMOVED, removedFirst, withoutRemovedFirst } from "./removedFirst.js";
import { rogueCutOff } from "../sentences.js";
import { recordedRegistry } from "../wireguard/history.js";
import { type Context, PartialFailure, type Properties } from "../resource.js";
import { type Change } from "./change.js";
import { type RelayResourceParts } from "./parts.js";
import { driftOf } from "./compare.js";

export async function apply(parts: RelayResourceParts, id: string, planned: Change): Promise<Properties> {
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
            await confirm(target, answer, stepValues(inputs).table, operation.mark, (key) => nameInLog(inputs, key));
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
export async function emptyAndRecord(
    inputs: Properties,
    moved: Moved | undefined,
    target: Target,
    operation: Operation,
): Promise<void> {
    const { relay } = placed(inputs);
    for (const { message, details } of await emptyLeft(inputs, moved, target))
        await operation.record({ action: "relay_move", message, details: { relay, ...details } });
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

export function keptFiles(parts: RelayResourceParts, answer: Answers): Properties {
    const files = filesOf(parts.step, answer);
    return files === undefined ? {} : { files };
}

export async function withRemoved(parts: RelayResourceParts, change: Change): Promise<Change> {
    const { inputs, before } = change;
    if (parts.restored === undefined || before === undefined) return change;
    const { audit, relay } = placed(inputs);
    const names = [relay, placed(before.inputs).relay];
    return { ...change, removed: await removedFirst(audit, before.outputs.record as RecordMark | undefined, names) };
}

/** What the relay's program found in none of its records, and removed. */
function sweptIn(answer: Answers): string[] {
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

/** What else on the machine stops the relay's packets: looked at in every apply and refresh. */
export function warnOfSurroundings(inputs: Properties, context: Context, answer: Answers): void {
    const { relay, appName, interface: device } = placed(inputs);
    for (const sentence of surroundingConflicts({ appName, interface: device }, answer))
        context.log("warning", `${relay}: ${sentence}`);
}

export function stepValues(inputs: Properties): { table: string } {
    const { appName, interface: device } = placed(inputs);
    return { table: tableName({ appName, interface: device }) };
}
