import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

import type { PlannedStep } from "../../../core/approval/step.js";
import type { RecordMark } from "../../../core/audit/record.js";
import { HostError, HostUnreachable } from "../../../core/errors.js";
import type { Requests } from "../../../core/protocol/steps.js";
import { describeHost, isOtherInstance } from "../../hosts/descriptors.js";
import { runStep, type Target } from "../../hosts/host.js";
import { HostKeyMismatch, pinnedFingerprint } from "../../hosts/sshLog.js";
import { compareLeaves, compareMark, LEAVES_INPUT } from "../log/anchors.js";
import { KEPT_INPUT, keptIn, withKept } from "./kept.js";
import { atItsOwnAddress } from "../relay/move.js";
import { type PlacedInputs, readPlaced, recordIn } from "../relay/placed.js";
import { targetOf } from "../relay/target.js";
import { verifyRecord } from "../relay/verify.js";
import { createStep, sayBase, updateStep } from "../planned.js";
import { underAudit } from "../relay/underAudit.js";
import {
    type ChangeKind,
    type Context,
    type Produced,
    type Properties,
    type StateResource,
    UNKNOWN,
} from "../resource.js";
import { PLACED_INPUTS, PLACED_OUTPUTS } from "../schemas.js";
import { previewed, read, text } from "../shape.js";

export interface HostKeyOutputs {
    hostKey: string;
    /** The machine's id at its provider. */
    instance?: string;
    record: RecordMark;
    plan?: string[];
}

/**
 * The SSH host key of a machine that the program made. The machine booted with one that its user-data brought, which
 * every process on it can read; over the first connection, pinned to that one, it gets its own.
 */
export const hostKey: StateResource<HostKeyOutputs> = {
    type: "HostKey",
    description:
        "The SSH host key of a machine that the program creates; it replaces the one that the machine booted with.",
    schema: {
        inputs: {
            ...PLACED_INPUTS,
            publicKey: { type: "string", description: "The new host key, as in authorized_keys." },
            privateKey: { type: "string", description: "Its private key, in OpenSSH format.", secret: true },
            ...LEAVES_INPUT,
            ...KEPT_INPUT,
        },
        outputs: {
            hostKey: { type: "string", description: "The machine's host key, which every later connection pins." },
            instance: { type: "string", description: "The machine's id at its provider." },
            record: PLACED_OUTPUTS["record"]!,
            plan: PLACED_OUTPUTS["plan"]!,
        },
    },

    check(news, olds, context) {
        compareLeaves([olds, news], context);
        return Promise.resolve({ inputs: withKept(news, olds), failures: [] });
    },

    async diff(_id, oldInputs, oldOutputs, news, context) {
        if (context.refreshing) return { changes: {} };
        const inputs = readPlaced(news);
        await verifyRecord(inputs.audit, recordIn(oldOutputs), context);
        const changes: Record<string, ChangeKind> = {
            ...(isOther(readPlaced(oldInputs), inputs) ? { host: "update" } : {}),
            ...(oldOutputs.hostKey === news.publicKey ? {} : { publicKey: "update" }),
        };
        if (Object.keys(changes).length > 0) context.log("info", sentence(inputs));
        return { changes };
    },

    async create(news, context) {
        const inputs = readPlaced(news);
        if (context.preview) {
            await sayBase(inputs.audit, context);
            context.log("info", sentence(inputs));
            return { id: "", outputs: planned(inputs) };
        }
        const { relay, host } = inputs;
        // A replacement finds its key in place: what the machine booted with is not believed again.
        const old = keptIn(inputs);
        const isSame = old !== undefined && (old["instance"] ?? idOf(host)) === idOf(host);
        if (isSame) await compareWith(inputs, old, context);
        const known = isSame ? [String(old["hostKey"])].filter((key) => key !== inputs.publicKey) : [bootKey(inputs)];
        return {
            id: `${relay}-${randomBytes(8).toString("hex")}`,
            outputs: await apply(inputs, known, context, createStep(context, news)),
        };
    },

    async read(id, inputs, outputs) {
        return Object.keys(outputs).length === 0 ? undefined : { id, inputs, outputs };
    },

    async update(_id, oldInputs, oldOutputs, news, context) {
        const [before, inputs] = [readPlaced(oldInputs), readPlaced(news)];
        if (context.preview) {
            await sayBase(inputs.audit, context);
            return planned(inputs);
        }
        await compareWith(before, oldOutputs, context);
        const known = isOther(before, inputs) ? bootKey(inputs) : String(oldOutputs.hostKey);
        return apply(inputs, [known], context, updateStep(context, news, oldOutputs), recordIn(oldOutputs));
    },

    // It goes with its machine.
    async delete() {},
};

/** It writes before any other resource of its relay: the mark of the machine that the relay is on is compared first. */
async function compareWith(inputs: PlacedInputs, { hostKey: key }: Properties, context: Context): Promise<void> {
    await compareMark(inputs.audit, atItsOwnAddress(pinning(targetOf(inputs, context), String(key))));
}

/** A new cloud machine boots, gets its address and runs cloud-init before a login is possible. */
const PATIENCE_MS = 10 * 60_000;
const PAUSE_MS = 1000;
/** In which sshd reads its new key. */
const RELOAD_MS = 20_000;

/** @param known keys that the machine may still show, besides the one that it is to have */
async function apply(
    inputs: PlacedInputs,
    known: string[],
    context: Context,
    step: PlannedStep,
    previous?: RecordMark,
): Promise<HostKeyOutputs> {
    const { relay, host } = inputs;
    const target = targetOf(inputs, context);
    const publicKey = String(inputs.publicKey);
    const where = describeHost(host);
    const details = { relay, instance: idOf(host), host_key: pinnedFingerprint(publicKey) };
    const applying = { step, sentences: () => [sentence(inputs)] };
    const announcement = {
        action: "host_key_rotate",
        message: `Replace the SSH host key of ${where}`,
        details,
        applying,
    };
    const { record } = await underAudit(inputs.audit, previous, announcement, async (operation) => {
        const files = { private: String(inputs.privateKey), public: `${publicKey}\n` };
        await patiently(context, PATIENCE_MS, isNotThereYet, () => install(target, [...known, publicKey], files));
        // Only a new connection shows what the machine shows now.
        await patiently(context, RELOAD_MS, isNotReloaded, () => runStep(pinning(target, publicKey), "facts", {}));
        await operation.success({ message: `${where} has an SSH host key of its own`, details });
    });
    return { hostKey: publicKey, ...(details.instance === undefined ? {} : { instance: details.instance }), record };
}

async function install(target: Target, pins: string[], files: Requests<"hostkey">): Promise<void> {
    const instance = idOf(target.host);
    for (const [index, pin] of pins.entries()) {
        try {
            const answer = await runStep(pinning(target, pin), "hostkey", { instance }, files);
            if (answer.other === undefined) return;
            throw new HostUnreachable(
                describeHost(target.host),
                `machine ${answer.other.trim()} answers at this address, not ${instance ?? ""}`,
                "wait until the address points to the new machine, then apply again",
            );
        } catch (error) {
            if (!(error instanceof HostKeyMismatch) || index === pins.length - 1) throw error;
        }
    }
}

function pinning(target: Target, key: string): Target {
    const { host } = target;
    return host.kind === "ssh" ? { ...target, host: { ...host, hostKey: key } } : target;
}

async function patiently<T>(
    { signal }: Context,
    patience: number,
    isWorthWaiting: (error: unknown) => boolean,
    attempt: () => Promise<T>,
): Promise<T> {
    const deadline = Date.now() + patience;
    for (;;) {
        try {
            return await attempt();
        } catch (error) {
            if (!isWorthWaiting(error) || Date.now() > deadline) throw error;
            if (signal.aborted) {
                throw new HostError("the wait for the machine", "was cancelled", "apply again", { cause: error });
            }
            await pause(PAUSE_MS);
        }
    }
}

function isNotThereYet(error: unknown): boolean {
    return error instanceof HostUnreachable;
}

function isNotReloaded(error: unknown): boolean {
    return error instanceof HostUnreachable || error instanceof HostKeyMismatch;
}

function planned(inputs: PlacedInputs): Produced<HostKeyOutputs> {
    return { hostKey: read(previewed(text), inputs.publicKey, "publicKey"), record: UNKNOWN, plan: [sentence(inputs)] };
}

function sentence(inputs: PlacedInputs): string {
    return `${inputs.relay}: the SSH host key in the machine's user-data is used for one connection, which replaces it`;
}

/** What the machine's user-data gave it. */
function bootKey(inputs: PlacedInputs): string {
    return inputs.host.kind === "ssh" ? (inputs.host.hostKey ?? "") : "";
}

function isOther(oldInputs: PlacedInputs, news: PlacedInputs): boolean {
    return isOtherInstance(oldInputs.host, news.host);
}

function idOf(host: Target["host"]): string | undefined {
    return host.kind === "ssh" ? host.instance?.id : undefined;
}
