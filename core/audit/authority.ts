import { isObject } from "./entry.js";

/** On whose word an operation was done, as the Capsule Protocol has it. Part of a record's details where it is not the default. */
export interface Authority {
    type: "human_approved" | "escalated";
    /** Principals of the approvers, separated by commas. */
    approver: string | null;
    /** Which approval: `sha3-256:` and the hash of the approved statement. */
    policy_reference: string | null;
    /** Each approver with the key that signed; in the record of the approval also the signature. */
    chain: Record<string, string>[];
    /** Why it was done without an approval. */
    escalation_reason: string | null;
}

/** Of every operation that needs no approval. */
const AUTONOMOUS = {
    type: "autonomous",
    approver: null,
    policy_reference: null,
    chain: [],
    escalation_reason: null,
};

/** A capsule's authority: what the details say, or that nothing had to be approved. */
export function capsuleAuthority({ authority }: Record<string, unknown>): object {
    return isAuthority(authority) ? authority : AUTONOMOUS;
}

export function isAuthority(value: unknown): value is Authority {
    return isObject(value) && (value["type"] === "human_approved" || value["type"] === "escalated");
}

const PREFIX = "sha3-256:";

/** How records refer to an approval. */
export function approvalReference(digest: string): string {
    return `${PREFIX}${digest}`;
}

/** The approval under which a record was written; undefined where none is named. */
export function approvalOf({ authority }: Record<string, unknown>): string | undefined {
    if (!isAuthority(authority) || authority.type !== "human_approved") return undefined;
    const { policy_reference: reference } = authority;
    return typeof reference === "string" && reference.startsWith(PREFIX) ? reference.slice(PREFIX.length) : undefined;
}
