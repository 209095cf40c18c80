/**
 * A record as a Capsule (Capsule Protocol Specification 1.0) and back. The line of the log leaves out what every record
 * of one log shares; it is taken from the log's first line, so the file alone says what was signed.
 */
import { capsuleAuthority } from "./authority.js";
import { CAPSULE_DECIMALS, canonicalJson } from "./canonical.js";
import type { AuditEntry, AuditLine, LogOrigin, Seal } from "./record.js";

/** Version of the line format and of this mapping. */
export const FORMAT = "qp-tunnel-audit/1";

/** What every record of a log is bound to. */
export interface LogIdentity extends LogOrigin {
    /** Ed25519 public key, 64 lowercase hex characters. */
    publicKey: string;
    /** Hash of the genesis record, the log's name; null while that record itself is sealed. */
    genesis: string | null;
}

/** Where a record stands in its chain. */
export type Place = Pick<Seal, "id" | "sequence" | "previous_hash">;

/** A capsule's content: what is hashed. */
type CapsuleContent = ReturnType<typeof capsuleContent>;

export function capsuleContent(entry: AuditEntry, place: Place, log: LogIdentity) {
    const failed = entry.status === "failure";
    return {
        id: place.id,
        type: "system",
        domain: "qp-tunnel",
        parent_id: null,
        sequence: place.sequence,
        previous_hash: place.previous_hash,
        spec_version: "1.0",
        trigger: {
            type: "user_request",
            source: "pulumi",
            timestamp: capsuleTimestamp(entry.timestamp),
            request: entry.action,
            correlation_id: entry.correlation_id,
            user_id: entry.user,
        },
        context: {
            agent_id: `${log.project}/${log.stack}`,
            session_id: null,
            environment: {
                format: FORMAT,
                genesis: log.genesis,
                project: log.project,
                stack: log.stack,
                public_key: log.publicKey,
            },
        },
        reasoning: NO_REASONING,
        authority: capsuleAuthority(entry.details),
        execution: {
            tool_calls: [
                {
                    tool: entry.action,
                    arguments: entry.details,
                    result: null,
                    success: !failed,
                    duration_ms: 0,
                    error: failed ? entry.message : null,
                },
            ],
            duration_ms: 0,
            resources_used: {},
        },
        outcome: {
            status: entry.status,
            result: null,
            summary: entry.message,
            error: failed ? entry.message : null,
            side_effects: [],
            metrics: {},
        },
    };
}

/** What the specification asks of an agent, and a person's command has not got. */
const NO_REASONING = {
    analysis: "",
    options: [],
    options_considered: [],
    selected_option: "",
    reasoning: "",
    confidence: 0,
    model: null,
    prompt_hash: null,
};

/** The inverse of {@link capsuleContent}. */
export function entryOfCapsule(content: CapsuleContent): { entry: AuditEntry; place: Place; log: LogIdentity } {
    const { trigger, outcome, execution, context } = content;
    const { genesis, project, stack, public_key } = context.environment;
    return {
        entry: {
            timestamp: trigger.timestamp.replace(/\+00:00$/, "Z"),
            action: trigger.request,
            status: outcome.status,
            message: outcome.summary,
            user: trigger.user_id,
            details: execution.tool_calls[0]?.arguments ?? {},
            correlation_id: trigger.correlation_id,
        },
        place: { id: content.id, sequence: content.sequence, previous_hash: content.previous_hash },
        log: { project, stack, publicKey: public_key, genesis },
    };
}

/** The exact text that is hashed. */
export function canonicalCapsule(entry: AuditEntry, place: Place, log: LogIdentity): string {
    return canonicalJson(capsuleContent(entry, place, log), CAPSULE_DECIMALS);
}

/** One record as a sealed capsule for other verifiers: its content and the five seal fields of the specification. */
export function capsuleDocument(line: AuditLine, log: LogIdentity): string {
    const { hash, signature, signed_by } = line.capsule;
    const seal = {
        hash,
        signature,
        signature_pq: "",
        signed_at: capsuleTimestamp(line.timestamp),
        signed_by,
    };
    return `${canonicalCapsule(line, line.capsule, log).slice(0, -1)},${JSON.stringify(seal).slice(1)}`;
}

/** The specification writes UTC as an offset. */
function capsuleTimestamp(timestamp: string): string {
    return timestamp.replace(/Z$/, "+00:00");
}
