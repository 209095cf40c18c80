import { randomBytes } from "node:crypto";

import { known } from "../shape.js";
import type { Placed, PlacedInputs } from "./placed.js";
import { leafName } from "../../../core/wireguard/leaf.js";
import type { RelayNames } from "../../../core/registry/model.js";
import { ownerOf } from "../../../core/protocol/owner.js";
import { isSameMachine, pinned } from "../../hosts/descriptors.js";
import type { Target } from "../../hosts/host.js";
import { keptNames } from "../keys/kept.js";
import type { Context } from "../resource.js";

/**
 * The relay that inputs are about, and what shows it to be this one on its machine.
 *
 * @param claim the resource that acts, and what its state has of the relay: it may have been called otherwise
 */
export function targetOf(
    inputs: PlacedInputs,
    context: Context,
    claim: { id?: string | undefined; before?: { inputs: PlacedInputs } | undefined } = {},
): Target {
    const { relay, relayId, host, appName, interface: device, credentials, hostKey } = inputs;
    const then = { ...(claim.before?.inputs ?? inputs), ...(claim.before === undefined ? formerId(inputs) : {}) };
    return {
        host: pinned(host, known(hostKey)),
        names: { appName, interface: device },
        owner: ownerOf(context, relay),
        ...(typeof relayId === "string" ? { relayId } : {}),
        claim: {
            ...(claim.id === undefined ? {} : { resource: claim.id }),
            owner: labelOf(then),
            ...(typeof then.relayId === "string" ? { relayId: then.relayId } : {}),
        },
        ...(typeof credentials === "string" ? { credentials } : {}),
    };
}

/** The id of a managed peer that is replaced and renamed at once: it ends with the peer's name. */
function formerId(inputs: PlacedInputs): Pick<Placed, "relayId"> {
    const { relayId } = inputs;
    const peer = keptNames(inputs)?.peer;
    if (peer === undefined || typeof relayId !== "string") return {};
    return { relayId: leafName(relayId.split("/")[0] ?? "", peer) };
}

/** project/stack/relay, as the program that gave these inputs had it. */
export function labelOf({ audit, relay }: Pick<Placed, "audit" | "relay">): string {
    return ownerOf(audit, relay);
}

/** Whether a relay has the same names on its machine: what everything of it is called there. */
export function hasSameNames(then: RelayNames, now: RelayNames): boolean {
    return then.appName === now.appName && then.interface === now.interface;
}

/** Where a relay was, when that is another place than where it is now: another machine, or other names on the same. */
export function formerPlace(
    before: { inputs: PlacedInputs } | undefined,
    inputs: PlacedInputs,
    context: Context,
): Target | undefined {
    if (before === undefined) return undefined;
    const [then, now] = [before.inputs, inputs];
    const moved = !isSameMachine(then.host, now.host) || !hasSameNames(then, now);
    return moved ? targetOf(before.inputs, context) : undefined;
}

/** Random, so that nothing about a key or an address can be read from it; also the mark on the relay. */
export function mintId(): string {
    return randomBytes(8).toString("hex");
}
