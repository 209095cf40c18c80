/** Records in the forms that collectors of security events read. */
import type { LogIdentity } from "./capsule.js";
import type { AuditLine } from "./record.js";

/** Version of the Open Cybersecurity Schema Framework whose classes are used. */
const OCSF = "1.3.0";

/**
 * One record as an OCSF event: Entity Management (3004) for peers, keys and services, API Activity (6003) for everything
 * else. The record's place in its chain travels along, so that an event can be looked up in the log.
 */
export function ocsfEvent(line: AuditLine, log: LogIdentity, product: { name: string; version: string }): object {
    const { activity, entity } = classify(line);
    const failed = line.status === "failure";
    const classUid = entity === undefined ? 6003 : 3004;
    return {
        class_uid: classUid,
        category_uid: Math.floor(classUid / 1000),
        activity_id: activity,
        type_uid: classUid * 100 + activity,
        time: Date.parse(line.timestamp),
        severity_id: failed ? 3 : 1,
        status_id: failed ? 2 : 1,
        status: failed ? "Failure" : "Success",
        message: line.message,
        actor: { user: { name: line.user } },
        ...(entity === undefined
            ? {
                  api: { operation: line.action, service: { name: product.name } },
                  // The class requires it; the log has the person, not the device.
                  src_endpoint: { name: "unknown" },
              }
            : { entity: { type: entity, name: nameOf(line), data: line.details } }),
        metadata: {
            version: OCSF,
            uid: line.capsule.id,
            sequence: line.capsule.sequence,
            correlation_uid: line.correlation_id,
            log_name: `${log.project}/${log.stack}`,
            original_time: line.timestamp,
            product: { name: product.name, vendor_name: product.name, version: product.version },
        },
        unmapped: { action: line.action, hash: line.capsule.hash, genesis: log.genesis, details: line.details },
    };
}

/** One record as a line of ArcSight's Common Event Format, version 0. */
export function cefLine(line: AuditLine, log: LogIdentity, product: { name: string; version: string }): string {
    const severity = line.status === "failure" ? 7 : 3;
    const header = ["CEF:0", product.name, product.name, product.version, line.action, line.message, String(severity)];
    const extension = {
        rt: String(Date.parse(line.timestamp)),
        suser: line.user,
        outcome: line.status,
        externalId: String(line.capsule.sequence),
        cs1Label: "log",
        cs1: `${log.project}/${log.stack}`,
        cs2Label: "hash",
        cs2: line.capsule.hash,
        cs3Label: "correlation",
        cs3: line.correlation_id,
        cs4Label: "name",
        cs4: nameOf(line),
        msg: line.message,
    };
    const fields = Object.entries(extension).map(([key, value]) => `${key}=${escapeValue(value)}`);
    return `${header.map((part, index) => (index === 0 ? part : escapeHeader(part))).join("|")}|${fields.join(" ")}`;
}

/** What a record is about: a peer, a service, or the relay as a whole. */
function nameOf({ details }: AuditLine): string {
    const { name, relay } = details;
    return typeof name === "string" ? name : typeof relay === "string" ? relay : "";
}

/** Activities of class 3004 (1 create, 3 update, 4 delete, 99 other) and of 6003 (the same numbers). */
function classify({ action }: AuditLine): { activity: number; entity?: string } {
    const known: Record<string, { activity: number; entity: string }> = {
        peer_add: { activity: 1, entity: "VPN peer" },
        peer_update: { activity: 3, entity: "VPN peer" },
        peer_rename: { activity: 3, entity: "VPN peer" },
        key_rotate: { activity: 3, entity: "VPN peer" },
        psk_rotate: { activity: 3, entity: "VPN peer" },
        peer_remove: { activity: 4, entity: "VPN peer" },
        service_open: { activity: 1, entity: "VPN service" },
        service_close: { activity: 4, entity: "VPN service" },
        log_key_rotated: { activity: 3, entity: "signing key" },
    };
    return Object.hasOwn(known, action) ? (known[action] as { activity: number; entity: string }) : { activity: 99 };
}

function escapeHeader(text: string): string {
    return text.replace(/[\\|]/g, "\\$&").replace(/[\r\n]/g, " ");
}

function escapeValue(text: string): string {
    return text.replace(/[\\=]/g, "\\$&").replace(/\r?\n/g, "\\n");
}
