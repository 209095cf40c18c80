import { isObject } from "../audit/entry.js";
import { type AllowedSigner, isInForce, parseAllowedSigners } from "./allowedSigners.js";
import {
    parseSshSignature,
    type SshCrypto,
    sshFingerprint,
    sshSignatureBody,
    verifySshSignature,
} from "./sshSignature.js";
import { toBase64 } from "./sshWire.js";

/** What approvals are signed for: a signature for anything else, such as a commit, approves nothing. */
export const NAMESPACE = "approval@pulumi-qp-tunnel";

/** Where approvals are by default, in the project. */
export const APPROVALS_FOLDER = "approvals";

/** Who approves updates, as every resource is told and the log records it. */
export interface Approvers {
    /** Lines in OpenSSH's allowed_signers form. */
    signers: string[];
    /** How many of them, by principal. */
    required: number;
    /** Where approvals are, relative to the project. Default: `approvals`. */
    folder?: string;
    /** Default: an emergency is recorded. */
    emergency?: "record" | "refuse";
}

/** Who approved, with which key. */
export interface Approver {
    principal: string;
    /** "SHA256:…" */
    key: string;
    /** Base64 of the signature, without its armour. */
    signature: string;
}

/**
 * Who of the approvers signed a text, each principal once, by name.
 *
 * @param signatures armoured
 * @param time of the check, in milliseconds
 * @returns also why signatures do not count
 */
export function approversOf(
    text: string,
    signatures: readonly string[],
    { signers }: Pick<Approvers, "signers">,
    time: number,
    crypto: SshCrypto,
): { approvers: Approver[]; faults: string[] } {
    const allowed = parseAllowedSigners(signers.join("\n"), "approvers").map(({ signer }) => signer);
    const message = new TextEncoder().encode(text);
    const found = new Map<string, Approver>();
    const faults: string[] = [];
    for (const signature of signatures) {
        const result = approverOf(message, signature, allowed, time, crypto);
        if (typeof result === "string") faults.push(result);
        else if (!found.has(result.principal)) found.set(result.principal, result);
    }
    return { approvers: [...found.values()].sort((a, b) => (a.principal < b.principal ? -1 : 1)), faults };
}

function approverOf(
    message: Uint8Array,
    armoured: string,
    allowed: readonly AllowedSigner[],
    time: number,
    crypto: SshCrypto,
): Approver | string {
    try {
        const signature = parseSshSignature(armoured);
        const key = sshFingerprint(signature.blob, crypto);
        const named = allowed.filter(({ blob }) => toBase64(blob) === toBase64(signature.blob));
        if (named.length === 0) return `the key ${key} is not an approver's`;
        const signer = named.find((each) => isInForce(each, NAMESPACE, time));
        if (signer === undefined) return `the key ${key} is not valid now, or not for approvals`;
        if (!verifySshSignature(signature, NAMESPACE, message, crypto))
            return `the signature of ${signer.principal} is not of this approval`;
        return { principal: signer.principal, key, signature: sshSignatureBody(armoured) };
    } catch (error) {
        if (error instanceof RangeError) return `a signature cannot be read: ${error.message}`;
        throw error;
    }
}

/** Whether two say the same of who approves. Where approvals are does not matter. */
export function sameApprovers(one: Approvers | undefined, other: Approvers | undefined): boolean {
    const rules = (approvers: Approvers | undefined): string => JSON.stringify(detailsOfApprovers(approvers));
    return rules(one) === rules(other);
}

/** What a record says of them; without approvers, that there are none any more. */
export function detailsOfApprovers(approvers: Approvers | undefined): {
    required: number;
    signers: string[];
    emergency: "record" | "refuse";
} {
    const { signers = [], required = 0, emergency = "record" } = approvers ?? {};
    return { required, signers: [...signers].sort(), emergency };
}

/** The inverse; undefined where a record says that there are none. */
export function approversIn(details: Record<string, unknown>): Approvers | undefined {
    const { required, signers, emergency } = details;
    if (typeof required !== "number" || required < 1 || !Array.isArray(signers)) return undefined;
    return { required, signers: signers.map(String), emergency: emergency === "refuse" ? "refuse" : "record" };
}

/** "alice@example.com", or "2 of alice@example.com, bob@example.com" */
export function describeApprovers({ signers, required }: Approvers): string {
    const principals = [...new Set(signers.map((line) => line.split(" ")[0]))].sort();
    return principals.length === 1 ? String(principals[0]) : `${required} of ${principals.join(", ")}`;
}

/** What a record has of who approved it. */
export function isApproverList(value: unknown): value is Approver[] {
    return (
        Array.isArray(value) &&
        value.every(
            (each) =>
                isObject(each) && ["principal", "key", "signature"].every((name) => typeof each[name] === "string"),
        )
    );
}
