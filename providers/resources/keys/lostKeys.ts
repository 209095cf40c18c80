import { auditShape } from "../relay/placed.js";
import { fields, flag, number, optional, read } from "../shape.js";
import { FormerNames } from "../../../core/audit/renames.js";
import type { Fault } from "../../../core/fault.js";
import { AuditLog, type AuditRef } from "../../audit/log.js";
import type { Context, Properties, PropertySchema } from "../resource.js";

/*
 * A state that was lost while its relay goes on: all generated and derived keys would be new, and configurations in
 * use would stop working. The log remembers the relay, so the preview refuses until the program says that this is meant.
 */

export const LOST_INPUTS: Record<string, PropertySchema> = {
    audit: { type: { named: "AuditReference" }, description: "The sealed log.", optional: true },
    loses: {
        type: { named: "StateOnlyKeys" },
        description: "What is only in the state: `relayKey` (whether), `peers` (how many).",
        optional: true,
    },
    replaceLostKeys: {
        type: "string",
        description: "Hash of the relay's last record: confirms that its keys were lost and new ones are generated.",
        optional: true,
    },
};

/** Refuses to make new secrets for a relay that the log says is there. */
export async function lostKeyFailures(news: Properties, context: Context): Promise<Fault[]> {
    const { audit, relay, replaceLostKeys: confirmed } = news;
    const effect = effectOf(news);
    if (audit === undefined || effect === undefined) return [];
    const last = await lastApply(read(auditShape, audit, "audit"), String(relay));
    if (last === undefined) return [];
    if (confirmed === last.hash) {
        context.log(
            "warning",
            `${String(relay)}: its keys were lost with the state: ${effect.made} generated; ${effect.stops} until the new one is in use`,
        );
        return [];
    }
    const found = `the state does not have the keys of this relay, and the log (line ${last.sequence}) says that the relay exists: ${effect.made} generated, and ${effect.stops}`;
    const stale = confirmed === undefined ? "" : " (replaceLostKeys refers to another record)";
    const fix = `restore the state, or copy the keys from the relay (docs/adopting.md), or set replaceLostKeys: "${last.hash}" to generate new ones`;
    return [{ path: `relay ${String(relay)}`, problem: `${found}${stale}`, fix }];
}

const losesShape = fields<{ relayKey?: boolean; peers?: number }>({
    relayKey: optional(flag),
    peers: optional(number),
});

/** What becomes of the configurations in use; undefined when none of them depends on what was lost. */
function effectOf({ loses }: Properties): { made: string; stops: string } | undefined {
    const { relayKey, peers } = read(losesShape, loses ?? {}, "loses");
    if (relayKey === true)
        return {
            made: "a new relay key and new preshared keys are",
            stops: "every configuration in use stops working",
        };
    if (peers === undefined || peers === 0) return undefined;
    return {
        made: "new preshared keys (and generated key pairs) are",
        stops:
            peers === 1
                ? "the one configuration that depends on them stops working"
                : `the ${peers} configurations that depend on them stop working`,
    };
}

/** The newest record that says who was connected; undefined when there is none, or the relay was removed since. */
async function lastApply(audit: AuditRef, relay: string): Promise<{ sequence: number; hash: string } | undefined> {
    const log = await AuditLog.open(audit, {});
    const names = new FormerNames(relay);
    for await (const line of log.entries("newest")) {
        const { action, status, capsule } = line;
        if (!names.isOfIt(line)) continue;
        if (action === "registry_archive_begin") return undefined;
        if (status === "success" && (action === "peers_apply" || action === "peer_add")) return capsule;
    }
    return undefined;
}
