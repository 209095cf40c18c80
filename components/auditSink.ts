import * as pulumi from "@pulumi/pulumi";

import type { Approvers } from "../core/approval/approvers.js";
import { readApprovers } from "../core/approval/given.js";
import { auditSinkArgs, refuseSupplied, validate } from "../core/arguments/index.js";
import { checkName } from "../core/names.js";
import { registeredSink, Registration } from "./registered.js";

/** Where the sealed log of a stack is, and what seals it. */
export interface AuditSinkArgs {
    /** File of the log, relative to the project. Default: `audit/<stack>.jsonl`. */
    path?: string;
    /**
     * Where the Ed25519 signing key is: `file:` (default: one per project and stack in the user's configuration
     * directory, mode 0600), `file:PATH`, or `env:NAME` with a 32-byte seed in hex or base64. Made only where neither a
     * log nor a checkpoint exists.
     */
    signingKey?: string;
    /** Keep a copy of the log's lines on remote relays. Default: true. */
    mirror?: boolean;
    /** What a preview makes of a log that is merely older than the state: `fail` (default) or `warn`. */
    onBehind?: "fail" | "warn";
    /** Name (hash of the first record) of a log that is truly lost: acknowledges it, once. */
    restartFrom?: string;
    /** Who has to approve an update before it is applied. Default: nothing has to be approved. */
    approvers?: ApproversArgs;
}

/** Who has to sign a plan (`qp-tunnel approve`) before it is applied. */
export interface ApproversArgs {
    /** Text in OpenSSH's allowed_signers form, or principals with their public keys. */
    signers: string | { principal: string; publicKey: string }[];
    /** How many of them, by principal. Default: 1. */
    required?: number;
    /** Where the approvals' files are, relative to the project. Default: `approvals`. */
    folder?: string;
    /**
     * What an update without an approval comes to where the environment variable QPTUNNEL_EMERGENCY gives a reason: `record` (default)
     * applies it and records the reason in each operation, `refuse` refuses it.
     */
    emergency?: "record" | "refuse";
}

/** What the sink tells every resource. */
export interface AuditReference {
    path: string;
    project: string;
    stack: string;
    signingKey?: string;
    mirror: boolean;
    onBehind: "fail" | "warn";
    restartFrom?: string;
    approvers?: Approvers;
}

/** The sealed log: every operation of every relay of the stack is a line in it. */
export class AuditSink extends pulumi.ComponentResource {
    /** @internal */
    readonly reference: AuditReference;

    constructor(name: string, args: AuditSinkArgs = {}, options?: pulumi.ComponentResourceOptions) {
        checkName(name, `audit sink ${name}`);
        const reference = auditReference(args, `audit sink ${name}`);
        const registration = new Registration(registeredSink(reference));
        super("qptunnel:index:AuditSink", name, registration.inputs, options);
        registration.of(this);
        this.reference = reference;
        this.registerOutputs({ path: this.reference.path, ...registration.outputs });
    }
}

/** @throws InvalidArgument naming every fault */
export function auditReference(args: AuditSinkArgs, subject: string): AuditReference {
    refuseSupplied("log", args, subject);
    const { path, signingKey, restartFrom, approvers, ...rest } = validate(auditSinkArgs, args, subject);
    const stack = pulumi.getStack();
    return {
        path: path ?? `audit/${stack}.jsonl`,
        project: pulumi.getProject(),
        stack,
        ...rest,
        // Bare "file:" is the default file, which only the machine that writes the log can name.
        ...(signingKey === "file:" ? {} : { signingKey }),
        ...(restartFrom === undefined ? {} : { restartFrom }),
        ...(approvers === undefined ? {} : { approvers: readApprovers(approvers, `${subject}.approvers`) }),
    };
}
