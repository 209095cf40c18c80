import type { RecordMark } from "../../core/audit/record.js";
import type { Ledger } from "../../core/model.js";
import { allocate, type PeerRequest, type ServiceRequest } from "../../core/registry.js";
import { AuditLog, type AuditRef } from "../audit/log.js";
import { changesOf, same } from "./changes.js";
import { mintId, underAudit, verifyRecord } from "./placed.js";
import { UNKNOWN, type Context, type Properties, type Resource } from "./resource.js";
import { count, listNames } from "./words.js";

const ACTION = "registry_update";

/**
 * The ledger of names. Allocates in check, from its own old inputs, so that everything downstream knows addresses in
 * the preview; touches no host and claims nothing about the wire.
 */
export const registry: Resource = {
    type: "Registry",
    description: "The ledger of names: address of each peer, port of each service, by name and for ever.",
    schema: {
        inputs: {
            relay: { type: "string", description: "Name of the relay." },
            audit: { type: "object", description: "The sealed log." },
            subnet: { type: "string", description: "The tunnel's IPv4 network, CIDR." },
            subnet6: { type: "string", description: "The tunnel's IPv6 network (a ULA), CIDR.", optional: true },
            reserved: { type: "array", description: "Addresses nobody gets.", optional: true },
            peers: { type: "object", description: "Peers by name; check fills in addresses." },
            services: { type: "object", description: "Services by name; check fills in ports." },
            retired: {
                type: "object",
                description: "Names that are no longer listed, with what is reserved for them. Computed.",
                optional: true,
            },
        },
        outputs: {
            peers: { type: "object", description: "Peers by name, with their addresses." },
            services: { type: "object", description: "Services by name, with their ports." },
            retired: { type: "object", description: "Names that are no longer listed." },
            record: {
                type: "object",
                description: "Sequence, hash and offset of the last audit record of this resource.",
            },
            plan: { type: "array", description: "In a preview: one sentence per effect.", optional: true },
        },
    },

    async check(news, olds, context) {
        const previous = olds === undefined ? await archived(news, context) : ledgerOf(olds);
        const { ledger, problems, renamed, expired } = allocate(
            {
                subnet: news.subnet as string,
                subnet6: news.subnet6 as string | undefined,
                reservedAddresses: (news.reserved ?? []) as string[],
                peers: news.peers as Record<string, PeerRequest>,
                services: news.services as Record<string, ServiceRequest>,
            },
            previous,
            new Date(),
        );
        const late = expired.filter(({ was }) => was === "new");
        if (late.length > 0) {
            const names = listNames(late.map(({ name, expires }) => `${name} (${expires})`));
            context.log("warning", `${String(news.relay)}: ${names} expired before being connected and stays out`);
        }
        for (const { from, to } of renamed)
            context.log("info", `${String(news.relay)}: ${to} has the key of ${from} and keeps the address`);
        return {
            inputs: { ...news, ...(ledger as unknown as Properties) },
            failures: problems.map(({ path, reason }) => ({ path, reason })),
        };
    },

    async diff(_id, oldInputs, oldOutputs, news, context) {
        if (context.refreshing) return { changes: {} };
        await verifyRecord(news.audit as AuditRef, oldOutputs.record as RecordMark | undefined, context);
        return { changes: changesOf(oldInputs, news, ["subnet", "subnet6", "peers", "services"]) };
    },

    async create(inputs, context) {
        if (context.preview) return { id: "", outputs: { ...ledgerOf(inputs), record: UNKNOWN, plan: [] } };
        return { id: mintId(), outputs: await record(inputs, undefined) };
    },

    async update(_id, oldInputs, oldOutputs, news, context) {
        if (context.preview) {
            return {
                ...ledgerOf(news),
                record: same(ledgerOf(oldInputs), ledgerOf(news)) ? oldOutputs.record : UNKNOWN,
                plan: [],
            };
        }
        return record(news, oldOutputs.record as RecordMark | undefined);
    },

    read: (id, inputs, outputs) => Promise.resolve({ id, inputs, outputs }),

    async delete(_id, inputs, outputs) {
        const audit = inputs.audit as AuditRef;
        const mark = outputs.record as RecordMark | undefined;
        const log = await AuditLog.open(audit, { expectExisting: mark !== undefined });
        const newest = await newestSequence(log, String(inputs.relay));
        // A replaced registry was taken over by the one that replaces it.
        if (mark !== undefined && newest !== undefined && newest > mark.sequence) return;
        const ledger = ledgerOf(inputs);
        const message = `Archived the registry of relay ${String(inputs.relay)}: ${contents(ledger)}`;
        const announcement = { action: "registry_archive", message, details: { relay: inputs.relay } };
        await underAudit(audit, mark, announcement, async (operation) => {
            await operation.record({
                action: ACTION,
                status: "success",
                message,
                details: { relay: inputs.relay, ledger },
            });
        });
        await log.writeNote();
    },
};

function ledgerOf(inputs: Properties): Ledger {
    const { peers, services, retired } = inputs as unknown as Ledger;
    return { peers, services, retired };
}

async function record(inputs: Properties, previous: RecordMark | undefined): Promise<Properties> {
    const ledger = ledgerOf(inputs);
    const relay = String(inputs.relay);
    const message = `The registry of relay ${relay} lists ${contents(ledger)}`;
    const { record: mark } = await underAudit(
        inputs.audit as AuditRef,
        previous,
        { action: ACTION, message, details: { relay } },
        async (operation) => {
            await operation.record({ status: "success", action: ACTION, message, details: { relay, ledger } });
        },
    );
    return { ...ledger, record: mark };
}

async function newestSequence(log: AuditLog, relay: string): Promise<number | undefined> {
    for await (const { action, details, capsule } of log.entries("newest")) {
        if (action === ACTION && details.relay === relay) return capsule.sequence;
    }
    return undefined;
}

function contents({ peers, services }: Ledger): string {
    return `${count(Object.keys(peers).length, "peer")} and ${count(Object.keys(services).length, "service")}`;
}

/**
 * Without old inputs (replaced, tainted, or the state was lost) the newest ledger in the log keeps everybody's
 * address. On a first deployment there is none, and nothing is said.
 */
async function archived(news: Properties, context: Context): Promise<Ledger | undefined> {
    const relay = String(news.relay);
    const log = await AuditLog.open(news.audit as AuditRef, {});
    const details = await log.findDetails(
        ({ action, details: { relay: of, ledger } }) => action === ACTION && of === relay && ledger !== undefined,
    );
    if (details === undefined) return undefined;
    const ledger = details.ledger as Ledger;
    const names = [...Object.keys(ledger.peers), ...Object.keys(ledger.retired.peers)];
    context.log(
        "warning",
        `${relay}: the state has no registry; addresses and ports are taken over from the log (${listNames(names)})`,
    );
    // Who was listed then is listed now, or retired by what the program says now.
    return ledger;
}
