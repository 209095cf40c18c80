import { conforms, fields, listOf, optional, type Shape, text } from "../shape.js";
import { hostShape, type PlacedInputs, type PlacedOutputs } from "./placed.js";
import { tableName } from "../../../core/names.js";
import { AuditLog } from "../../audit/log.js";
import {
    describeHost,
    type HostDescriptor,
    isInstance,
    isSameMachine,
    mayBeSameMachine,
    pinned,
} from "../../hosts/descriptors.js";
import { changeRelay } from "../../hosts/facts.js";
import type { Target } from "../../hosts/host.js";
import { leftSentence } from "./move.js";
import { hasSameNames, mintId } from "./target.js";
import type { Properties } from "../resource.js";

/**
 * That a relay's Host went to another place. The resources that follow it compare this: an update that was refused on its way, and
 * the way back after it, are changes for them, even where they have never left.
 */
export interface Moved {
    /** Another one with each move. */
    id: string;
    /** Places on other machines that were left since, to be emptied at the end of an update, or at the latest with the relay. */
    left: Left[];
}

interface Left {
    host: HostDescriptor;
    appName: string;
    interface: string;
    machine: string;
    hostKey?: string;
}

const movedShape: Shape<Moved> = fields<Moved>({
    id: text,
    left: listOf(
        fields<Left>({
            host: hostShape,
            appName: text,
            interface: text,
            machine: text,
            hostKey: optional(text),
        }),
    ),
});

export function movedOf({ moved }: Properties): Moved | undefined {
    return conforms(movedShape, moved) ? moved : undefined;
}

/**
 * What Host remembers after it is set up where its inputs say.
 *
 * @param machine identity of the machine there
 */
export function movedAfter(
    before: { inputs: PlacedInputs; outputs: PlacedOutputs } | undefined,
    inputs: PlacedInputs,
    machine: unknown,
): { moved?: Moved } {
    if (before === undefined) return {};
    const known = movedOf(before.outputs);
    const then = leftOf(before.inputs, before.outputs.machine);
    const now = leftOf(inputs, machine);
    const isRenamed = !hasSameNames(then, now);
    const isOther = !isOneMachine(then, now);
    // A different route to the same machine is not a move.
    if (!isRenamed && !isOther) return known === undefined ? {} : { moved: known };
    const left = [...(known?.left ?? []), ...(isOther ? [then] : [])];
    // Where the relay is nothing is emptied, whichever way leads there.
    return {
        moved: { id: mintId(), left: left.filter((each) => !hasSameNames(each, now) || !isOneMachine(each, now)) },
    };
}

function leftOf(inputs: PlacedInputs, machine: unknown): Left {
    const { host, appName, interface: device, hostKey } = inputs;
    return {
        host,
        appName,
        interface: device,
        machine: String(machine),
        ...(typeof hostKey === "string" ? { hostKey } : {}),
    };
}

/** By its id, where two ways may lead to one machine. */
function isOneMachine(one: Left, other: Left): boolean {
    return (
        isSameMachine(one.host, other.host) || (mayBeSameMachine(one.host, other.host) && one.machine === other.machine)
    );
}

/** What a record says of a place that was emptied, so that it is not done again. */
export function emptied(moved: Moved | undefined, place: Target): Record<string, string> {
    return {
        place: `${describeHost(place.host)} ${place.names.appName}-${place.names.interface}`,
        ...(moved === undefined ? {} : { move: moved.id }),
    };
}

/**
 * Empties what was left on other machines and is not yet known to be empty. The log shows it: it is written by the update that did it, and
 * read by later ones.
 *
 * @param target where the relay is now, with the same owner and credentials
 * @returns a sentence and what to record for each
 */
export async function emptyLeft(
    inputs: PlacedInputs,
    moved: Moved | undefined,
    target: Target,
): Promise<{ message: string; details: Record<string, string> }[]> {
    const done: { message: string; details: Record<string, string> }[] = [];
    for (const each of moved?.left ?? []) {
        const { host, appName, interface: device, hostKey } = each;
        // A cloud machine is deleted by its own resource.
        if (host.kind === "script" || isInstance(host)) continue;
        const place: Target = {
            ...target,
            host: pinned(host, hostKey),
            names: { appName, interface: device },
        };
        const details = emptied(moved, place);
        const log = await AuditLog.open(inputs.audit, {});
        const known = await log.findDetails(
            ({ action, details: recorded }) =>
                action === "relay_move" && recorded.place === details.place && recorded.move === details.move,
        );
        if (known !== undefined) continue;
        await changeRelay(place, "remove", { table: tableName(place.names) });
        done.push({ message: leftSentence(place), details });
    }
    return done;
}
