import { setTimeout as pause } from "node:timers/promises";

import { HostError } from "../../../core/errors.js";
import { leafName } from "../../../core/wireguard/leaf.js";
import { isOwn } from "../../../core/relayIdentity.js";
import { AuditLog, type AuditRef } from "../../audit/log.js";
import { factsOf } from "../../hosts/facts.js";
import { describeHost, type HostDescriptor } from "../../hosts/descriptors.js";
import { claimantOf, type Target } from "../../hosts/host.js";
import { compareBeforeRecord } from "./beforeRecord.js";
import { isMap } from "../changes.js";
import { readLogged } from "../relay/placed.js";
import { read, text } from "../shape.js";
import { targetOf } from "../relay/target.js";
import { verifyFacts } from "../relay/verify.js";
import { type Context, type Properties, type PropertySchema, UNKNOWN } from "../resource.js";

export const LEAVES_INPUT: Record<string, PropertySchema> = {
    leaves: {
        type: { list: { named: "ManagedMachine" } },
        description: "Machines of managed peers; their own marks are compared with the log before anything is written.",
        optional: true,
    },
};

/** A managed peer's machine, as a relay's own resources are told of it. */
interface LeafPlace {
    peer: string;
    host: HostDescriptor;
    interface: string;
    credentials?: string;
}

/** Has the marks of managed peers' machines compared before the next record: those that the state has, and those of the program. */
export function compareLeaves(versions: (Properties | undefined)[], context: Context): void {
    for (const inputs of versions.filter((each) => each !== undefined)) {
        const { audit } = readLogged(inputs);
        for (const target of leafTargets(inputs, context)) {
            const { owner, host, names } = target;
            const key = [owner, describeHost(host), names.appName, names.interface].join(" ");
            compareBeforeRecord(audit.path, key, () => compareInTime(audit, target));
        }
    }
}

function leafTargets(inputs: Properties, context: Context): Target[] {
    const { leaves } = inputs;
    if (!Array.isArray(leaves)) return [];
    const { relay, relayId, audit } = readLogged(inputs);
    const appName = read(text, inputs.appName, "appName");
    return leaves.filter(isLeafPlace).map(({ peer, host, interface: device, credentials }) => {
        const place = {
            relay: leafName(relay, peer),
            ...(typeof relayId === "string" ? { relayId: leafName(relayId, peer) } : {}),
            ...{ appName, audit, host, interface: device },
            ...(credentials === undefined ? {} : { credentials }),
        };
        return targetOf(place, context);
    });
}

/** What is not known yet is not there yet; with trustOnFirstUse there is no key to recognise it by. */
function isLeafPlace(leaf: unknown): leaf is LeafPlace {
    if (!isMap(leaf) || !isMap(leaf.host) || Object.values({ ...leaf, ...leaf.host }).includes(UNKNOWN)) return false;
    return leaf.host.kind !== "ssh" || leaf.host.hostKey !== undefined;
}

/** A machine that does not answer at once is compared by its own resources: nothing that is taken away waits for it. */
async function compareInTime(audit: AuditRef, target: Target): Promise<void> {
    await Promise.race([compareMark(audit, target), pause(PATIENCE_MS, undefined, { ref: false })]);
}

const PATIENCE_MS = 3000;

/**
 * That the log has the record under which a relay on this machine was changed last. Nothing is compared where there is none, where it
 * belongs to another relay, and where the machine does not answer.
 *
 * @throws AuditError when the log lacks it
 */
export async function compareMark(audit: AuditRef, target: Target): Promise<void> {
    const facts = await factsOf(target).catch((error: unknown) => {
        if (error instanceof HostError) return undefined;
        throw error;
    });
    if (facts?.auditMark === undefined || !isOwn({ ...facts, label: facts.owner }, claimantOf(target))) return;
    // It is known to be ours by now: a resource that is not told the id must not take it for a different relay.
    const { relayId = facts.relayId } = target;
    const known = relayId === undefined ? target : { ...target, relayId };
    await verifyFacts(await AuditLog.open(audit, {}), facts, known);
}
