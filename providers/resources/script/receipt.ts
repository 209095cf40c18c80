import type { ReceiptMark, ScriptInputs } from "./inputs.js";
import { ownerOf } from "../../../core/protocol/owner.js";
import { faultOf, HostError, TunnelError } from "../../../core/errors.js";
import type { Fault } from "../../../core/fault.js";
import { parsePublicKey } from "../../../core/keys/index.js";
import { isGenuine, parseReceipt, type Receipt } from "../../hosts/receipt.js";
import type { Context, Properties } from "../resource.js";

const SUBJECT = "host.receipt";

/** The receipt that the program gives, if it does. */
export function receiptOf(inputs: { receipt?: unknown }): Receipt | undefined {
    return typeof inputs.receipt === "string" ? parseReceipt(inputs.receipt, SUBJECT) : undefined;
}

/** What is wrong with what the program says came back from the relay. */
export function* receiptFailures(
    inputs: ScriptInputs,
    olds: Properties | undefined,
    context: Context,
): Generator<Fault> {
    const { relayPublicKey } = inputs;
    if (typeof relayPublicKey === "string") {
        const failure = failureOf("host.relayPublicKey", () => parsePublicKey(relayPublicKey, "host.relayPublicKey"));
        if (failure !== undefined) yield failure;
    }
    const failure = failureOf(SUBJECT, () => receiptOf(inputs));
    if (failure !== undefined) yield failure;
    const receipt = failure === undefined ? receiptOf(inputs) : undefined;
    if (receipt === undefined) return;
    const wrong = foreignReceipt(receipt, inputs, context);
    if (wrong !== undefined) yield { path: SUBJECT, ...wrong };
    if (typeof relayPublicKey === "string" && relayPublicKey !== receipt.publicKey) {
        yield {
            path: "host.relayPublicKey",
            problem: `the relay's key in the receipt is ${receipt.publicKey}`,
            fix: "remove relayPublicKey, or find out which relay the receipt is from",
        };
    }
    const before = olds === undefined ? undefined : receiptOf(olds);
    if (before !== undefined && isOlder(receipt, before)) {
        yield {
            path: SUBJECT,
            problem: `it is of ${receipt.edition}, older than the previous one of ${before.edition}`,
            fix: "give the newest",
        };
    }
}

/** @throws HostError for a receipt that no script of this relay printed */
export function genuineReceipt(
    inputs: ScriptInputs,
    before: ReceiptMark | undefined,
    context: Context,
): Receipt | undefined {
    const receipt = receiptOf(inputs);
    if (receipt === undefined) return undefined;
    const wrong =
        foreignReceipt(receipt, inputs, context) ??
        (before !== undefined && isOlder(receipt, before)
            ? { problem: "it is older than one that was given before", fix: "give the newest" }
            : undefined);
    if (wrong === undefined) return receipt;
    throw new HostError(SUBJECT, wrong.problem, wrong.fix);
}

export function markOf({ edition, generation, machine, publicKey, script }: Receipt): ReceiptMark {
    return { edition, generation, machine, publicKey, script };
}

/** Why a receipt is not one of this relay; undefined when it is, as far as can be told without the seed. */
function foreignReceipt(receipt: Receipt, inputs: ScriptInputs, context: Context): Omit<Fault, "path"> | undefined {
    const owner = ownerOf(context, inputs.relay);
    const isOfIt = typeof inputs.seed === "string" ? isGenuine(receipt, inputs.seed) : undefined;
    // Under whatever name: only a script of this relay knows its code.
    if (isOfIt !== true && receipt.owner !== owner)
        return { problem: `it is of ${receipt.owner}, this is ${owner}`, fix: "give the receipt of this relay" };
    if (isOfIt === false) {
        return {
            problem: "it is not from a script of this relay, or it was changed",
            fix: "paste the whole receipt again, or run the newest script for a new one",
        };
    }
    return undefined;
}

/** A relay that was set up from scratch starts its count at one. */
function isOlder(a: Omit<ReceiptMark, "script">, b: Omit<ReceiptMark, "script">): boolean {
    const earlier = a.publicKey === b.publicKey && a.generation < b.generation;
    return a.edition < b.edition || (a.edition === b.edition && earlier);
}

function failureOf(path: string, check: () => unknown): Fault | undefined {
    try {
        check();
        return undefined;
    } catch (error) {
        if (!(error instanceof TunnelError)) throw error;
        return faultOf(error, path);
    }
}
