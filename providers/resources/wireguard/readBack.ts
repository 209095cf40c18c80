import { leftSentences, notGone, parseRevocation } from "../../../core/protocol/revocation.js";
import { linesOf } from "../../../core/protocol/table.js";
import type { Answers } from "../../../core/protocol/steps.js";
import { readDrift } from "../../../core/drift.js";
import { fingerprint } from "../../../core/keys/index.js";
import { currentUser } from "../../audit/actor.js";
import { adoptionOf } from "../import/adoption.js";
import type { Outcome } from "../relay/change.js";
import { goneKeys } from "../relay/proof.js";
import { rogueCutOff } from "../sentences.js";
import type { WireGuardChange } from "./change.js";
import { desiredPeers } from "./desired.js";
import { dumpOf, wireDrift } from "./drift.js";
import { epochOutputs, placesOf } from "./epochs.js";
import { cutNames, expiredOn, withoutCut } from "./expiry.js";
import { recordedRegistry } from "./history.js";
import { resolved, type WireGuardInputs } from "./inputs.js";
import type { WireGuardOutputs } from "./outputs.js";
import { formersAfter, overlaps, withKnownFormers } from "./overlap.js";
import { peerChanges } from "./peerChanges.js";
import { registryAfter } from "./registry.js";

/** What the relay has after an apply, as it was read back; whatever is not as it was to be is a problem. */
export async function readBack(
    change: WireGuardChange,
    applied: Answers<"wireguard">,
): Promise<Outcome<WireGuardOutputs>> {
    const answer = withKnownFormers(applied, await formersAfter(change));
    const args = resolved(change.inputs);
    const { interface: device } = change.inputs;
    const admitted = withoutCut(args, answer);
    const gone = goneKeys(change);
    const revocation = parseRevocation(answer.proof);
    const problems = [
        ...wireDrift(admitted, desiredPeers(admitted), answer, device).map(({ sentence }) => sentence),
        ...(revocation === undefined ? [] : leftSentences(revocation, gone)),
    ];
    const known = new Set([
        ...peerChanges(change).flatMap(({ publicKey, oldPublicKey }) => [publicKey, oldPublicKey]),
        ...gone.map(({ publicKey }) => publicKey),
        ...expiredOn(answer).map(({ publicKey }) => publicKey),
        ...Object.values(change.before?.outputs.registry ?? {}).map(({ replaces }) => replaces),
    ]);
    const foreign = linesOf(answer.removed)
        // What a refresh has named is recorded as drift already.
        .filter((key) => !known.has(key) && !hasNamed(change, key))
        .map(rogueCutOff);
    for (const sentence of foreign) change.context.log("warning", `${change.inputs.relay}: ${sentence}`);
    const past = change.before?.outputs.registry ?? (await recordedRegistry(change.inputs));
    const registry = registryAfter(change, past, args, {
        onWire: new Set([...keysOn(answer, args, device), ...notGone(revocation, gone)]),
        cut: cutNames(args, answer),
        replaced: overlaps(answer),
        now: new Date().toISOString(),
        by: currentUser(),
    });
    const records = adoptionOf(change, answer);
    return { outputs: { ...epochOutputs(change.inputs, answer), registry }, problems, foreign, records };
}

/** Public keys that the relay's interfaces know. */
export function keysOn(answer: Answers<"wireguard">, args: WireGuardInputs, device: string): Set<string> {
    const peers = placesOf(args, device).flatMap(({ interface: name }) => dumpOf(answer, name)?.peers ?? []);
    return new Set(peers.map(({ publicKey }) => publicKey));
}

/** Whether a refresh has named that key as one that nobody declared. */
function hasNamed({ before }: WireGuardChange, key: string): boolean {
    if (before === undefined) return false;
    const name = fingerprint(key);
    return readDrift(before.outputs.drift).some((found) => found.kind === "rogue peer" && found.name === name);
}
