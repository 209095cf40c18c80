import { auditShape } from "../relay/placed.js";
import { fields, flag, number, optional, previewed, read } from "../shape.js";
import { sinceArchived } from "../../../core/audit/renames.js";
import type { Fault } from "../../../core/fault.js";
import { AuditLog, type AuditRef } from "../../audit/log.js";
import type { Evidence, Loss } from "./loss.js";
import type { Context, Properties, PropertySchema, Unknown } from "../resource.js";

/*
 * A state that was lost, all of it or some keys, while its relay goes on: generated and derived keys would be new, and configurations
 * in use would stop working. The log remembers the relay, so the preview refuses until the program says that this is meant.
 */

export const LOST_INPUTS: Record<string, PropertySchema> = {
    audit: { type: { named: "AuditReference" }, description: "The sealed log.", optional: true },
    loses: {
        type: { named: "StateOnlyKeys" },
        description: "What is only in the state: `relayKey` (whether), `peers` (how many).",
        optional: true,
    },
    missing: {
        type: { named: "MissingKeys" },
        description: "Generated keys that the state may have lost. Compared with the log and never stored.",
        optional: true,
    },
    replaceLostKeys: {
        type: "string",
        description: "Hash of a record of what was lost: confirms that its keys were lost and new ones are generated.",
        optional: true,
    },
};

/**
 * Refuses to make new secrets for a relay that the log says is there.
 *
 * @param isNew the state does not have the relay's seed: all that it should have is lost
 */
export async function lostKeyFailures(news: Properties, isNew: boolean, context: Context): Promise<Fault[]> {
    const { relay, replaceLostKeys: confirmed } = news;
    if (news.audit === undefined) return [];
    const audit = read(auditShape, news.audit, "audit");
    const loss = isNew ? await lostRelay(news, audit) : await lostSome(news, audit);
    if (loss === undefined) return [];
    const { record, what, isOne, says, made, stops, asks, isOnRelay } = loss;
    if (confirmed === record.hash) {
        const whose = isNew ? "its keys" : what;
        const until = stops.length === 0 ? [] : [`${listed(stops)} until the new one is in use`];
        context.log(
            "warning",
            `${String(relay)}: ${whose} ${isOne ? "was" : "were"} lost with the state: ${made} generated; ${listed([...until, ...asks])}`,
        );
        return [];
    }
    const found = `the state does not have ${what}, and the log (line ${record.sequence}) says that ${says}: ${listed([`${made} generated`, ...stops, ...asks])}`;
    const stale = confirmed === undefined ? "" : " (replaceLostKeys refers to another record)";
    const copy = isOnRelay ? "or copy the keys from the relay (docs/adopting.md), " : "";
    const fix = `restore the state, ${copy}or set replaceLostKeys: "${record.hash}" to generate new ones`;
    return [{ path: `relay ${String(relay)}`, problem: `${found}${stale}`, fix }];
}

function listed(clauses: string[]): string {
    return clauses.length < 2 ? clauses.join("") : `${clauses.slice(0, -1).join(", ")}, and ${clauses.at(-1)}`;
}

/** The state lost all of the relay's own. */
async function lostRelay(news: Properties, audit: AuditRef): Promise<Loss | undefined> {
    const effect = effectOf(news);
    if (effect === undefined) return undefined;
    const record = await lastApply(audit, String(news.relay));
    if (record === undefined) return undefined;
    const { made, stops } = effect;
    const [what, says] = ["the keys of this relay", "the relay exists"];
    return { record, what, isOne: false, says, made, stops: [stops], asks: [], isOnRelay: true };
}

/** The state has the relay, and not all of its keys. Loaded where there is something to look for. */
async function lostSome(news: Properties, audit: AuditRef): Promise<Loss | undefined> {
    if (news.missing === undefined || news.missing === null) return undefined;
    const { missingKeys } = await import("./missingKeys.js");
    return missingKeys(news, audit);
}

const losesShape = fields<{ relayKey?: boolean; peers?: number | Unknown }>({
    relayKey: optional(flag),
    peers: optional(previewed(number)),
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
                : `the ${typeof peers === "number" ? `${peers} ` : ""}configurations that depend on them stop working`,
    };
}

/** The newest record that says who was connected; undefined when there is none, or the relay was removed since. */
async function lastApply(audit: AuditRef, relay: string): Promise<Evidence | undefined> {
    const log = await AuditLog.open(audit, {});
    for await (const { action, status, capsule } of sinceArchived(log.entries("newest"), relay))
        if (status === "success" && (action === "peers_apply" || action === "peer_add")) return capsule;
    return undefined;
}
