import type { Adopting, AdoptingChange } from "./terms.js";
import type { Placed } from "../relay/placed.js";
import {
    type Differences,
    differencesOf,
    type LiveInterface,
    type WantedInterface,
} from "../../../core/adoption/differences.js";
import { HostError } from "../../../core/errors.js";
import { liveNetwork } from "../../../core/protocol/network.js";
import type { Operation } from "../../audit/log.js";
import type { Answers } from "../../../core/protocol/steps.js";
import { describeHost, type HostDescriptor, isSameMachine } from "../../hosts/descriptors.js";
import { runStep, type Target } from "../../hosts/host.js";
import { hasUnknown } from "../changes.js";
import { targetOf } from "../relay/target.js";
import type { PropertySchema } from "../resource.js";
import { dumpOf } from "../wireguard/drift.js";

/*
 * An interface that is taken over stays as it is: before the first effect it is compared with the program, by whichever of the
 * relay's resources comes to it first. What would not stay is named, and refused until the program says that this is meant.
 */

export const TERMS_INPUT: Record<string, PropertySchema> = {
    adoption: {
        type: { named: "AdoptionTerms" },
        description: "What an adopted interface is compared with, and the accepted differences.",
        optional: true,
    },
};

/** Whether an apply may come to an interface that was not this relay's. */
export function mayAdopt({
    before,
    inputs,
}: {
    before?: { inputs: Placed } | undefined;
    inputs: Placed & Adopting;
}): boolean {
    if (inputs.adopts === undefined || inputs.adoption === undefined) return false;
    if (before === undefined) return true;
    const [then, now] = [before.inputs, inputs];
    return then.interface !== now.interface || !isSameMachine(then.host, now.host);
}

/**
 * @param wanted what the program wants of the interface, by its name
 * @throws HostError naming every difference that the program does not accept: nothing was changed
 */
export async function compareFirst(
    change: AdoptingChange,
    wanted: (device: string) => WantedInterface,
    { target, operation }: { target: Target; operation?: Operation },
): Promise<void> {
    const { inputs, context } = change;
    const { relay, interface: device, host } = inputs;
    const live = liveInterface(await runStep(target, "adoption", {}), device);
    // Another key is refused by the step itself.
    if (live === undefined || live.publicKey !== inputs.adopts) return;
    const differences = differencesOf(live, wanted(device));
    const { changes, notes, hash } = differences;
    refuse(differences, inputs, device, describeHost(host));
    const log = (level: "info" | "warning", text: string): void =>
        context.log(level, `${relay}: ${text}`, `${relay}: ${device}: ${text}`);
    for (const note of notes) log("info", note);
    for (const one of changes) log("warning", one);
    if (changes.length === 0) return;
    await operation?.record({
        action: "relay_adopt_changes",
        status: "success",
        message: `The program accepts these changes of ${device}: ${changes.join("; ")}`,
        details: { relay, interface: device, accepted: hash, changes },
    });
}

/** Whether a preview reads the interface: on the local machine, if the user is allowed to. */
export function isAskedInPreview({ kind }: HostDescriptor): boolean {
    return kind === "local" && process.geteuid?.() === 0;
}

/** In a preview, where the machine is asked at all. */
export async function compareInPreview(
    change: AdoptingChange,
    wanted: (device: string) => WantedInterface,
): Promise<void> {
    const { inputs, context } = change;
    const { host } = inputs;
    if (!mayAdopt(change) || !isAskedInPreview(host)) return;
    const { seed: _made, machine: _asked, relayId: _minted, moved: _left, hostKey: _shown, ...others } = inputs;
    if (hasUnknown(others)) return;
    try {
        await compareFirst(change, wanted, { target: targetOf(inputs, context) });
    } catch (error) {
        if (error instanceof Different) throw error;
        // A machine that lacks something says so in the update.
        if (!(error instanceof HostError)) throw error;
    }
}

/** The interface does not stay as it is, and the program does not say that this is meant. */
class Different extends HostError {}

const NAMED = 20;

function refuse({ changes, hash }: Differences, { adoption }: Adopting, device: string, where: string): void {
    const { accepts } = adoption ?? {};
    if (changes.length === 0 || accepts === hash) return;
    const more = changes.length > NAMED ? `; and ${changes.length - NAMED} more` : "";
    const stale = accepts === undefined ? "" : ` (adoptChanges accepts other changes: ${accepts})`;
    throw new Different(
        where,
        `${device} would change: ${changes.slice(0, NAMED).join("; ")}${more}${stale}`,
        `nothing was changed; correct the program, or set adoptChanges: "${hash}" on the Relay to accept this`,
    );
}

/** What a relay's machine says of an interface that may be taken over; undefined when there is none. */
export function liveInterface(answer: Answers<"adoption">, device: string): LiveInterface | undefined {
    const dump = dumpOf(answer, device);
    if (dump === undefined) return undefined;
    const { one, all } = liveNetwork.parse(answer[`network.${device}`]);
    return {
        ...dump,
        interface: device,
        mtu: Number(one("mtu")),
        addresses: all("address"),
        routes: all("route"),
        forwards: [
            ...(one("forwarding") === "1" ? [4 as const] : []),
            ...(one("forwarding6") === "1" ? [6 as const] : []),
        ],
    };
}
