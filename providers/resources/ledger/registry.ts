import { isPlaced, readLogged, recordIn } from "../relay/placed.js";
import { nextLedger } from "./allocation.js";
import { readLedger, readRegistry, type RegistryInputs } from "./inputs.js";
import { awaitedChanges, SUPPLIED_INPUT } from "./supplied.js";
import { LEDGER_ACTION, ledgerDetails, newestLedgerRecord, recordedLedger } from "./recorded.js";
import { changesOf, isMap, same } from "../changes.js";
import type { PlannedStep } from "../../../core/approval/step.js";
import { emptyGroups, groupSentences } from "../../../core/access/groups.js";
import type { RecordMark } from "../../../core/audit/record.js";
import type { Ledger } from "../../../core/registry/model.js";
import { Refused } from "../../../core/errors.js";
import { withFormerKeys, withHistory } from "../../../core/registry/outputKeys.js";
import { AuditLog } from "../../audit/log.js";
import { compareLeaves, LEAVES_INPUT } from "../log/anchors.js";
import { KEPT_INPUT, keptIn, withKept } from "../keys/kept.js";
import { mintId, targetOf } from "../relay/target.js";
import { verifyRecord, verifyRelay } from "../relay/verify.js";
import { createStep, deleteStep, sayBase, updateStep } from "../planned.js";
import { underAudit } from "../relay/underAudit.js";
import { type Context, type Properties, type StateResource, UNKNOWN } from "../resource.js";
import { recordedKeys, recordedRegistry } from "../wireguard/history.js";
import { count, listNames } from "../sentences.js";

export interface RegistryOutputs extends Ledger {
    record: RecordMark;
    plan?: string[];
}

/**
 * The ledger of names. Allocates in check, from its own old inputs, so that everything downstream knows addresses in
 * the preview; touches no host and claims nothing about the wire.
 */
export const registry: StateResource<RegistryOutputs> = {
    type: "Registry",
    description: "The ledger of names: the permanent address of each peer and port of each service.",
    schema: {
        inputs: {
            relay: { type: "string", description: "Name of the relay." },
            audit: { type: { named: "AuditReference" }, description: "The sealed log." },
            host: {
                type: { named: "HostDescriptor" },
                description: "The machine; its own mark is compared with the log first.",
                optional: true,
            },
            relayId: { type: "string", description: "The relay's id, generated once.", optional: true },
            appName: { type: "string", description: "Prefixes every name on the host.", optional: true },
            interface: { type: "string", description: "Name of the WireGuard interface.", optional: true },
            credentials: {
                type: "string",
                description: "A private SSH key, if the program sets one.",
                secret: true,
                optional: true,
            },
            subnet: { type: "string", description: "The tunnel's IPv4 network, CIDR." },
            subnet6: { type: "string", description: "The tunnel's IPv6 network (a ULA), CIDR.", optional: true },
            reserved: { type: { list: "string" }, description: "Addresses that are never allocated.", optional: true },
            peers: { type: { map: "string" }, description: "Peers by name; check fills in addresses." },
            publicKeys: {
                type: { map: "string" },
                description:
                    "Public keys from other resources, by peer. They identify peers; a change of one does not change the registry.",
                optional: true,
            },
            services: {
                type: { map: { named: "RegistryService" } },
                description: "Services by name; check fills in ports.",
            },
            groups: {
                type: { map: "string" },
                description: "Names for sets of peers, with the names of their members.",
                optional: true,
            },
            retired: {
                type: { named: "RetiredNames" },
                description: "Names that are no longer listed, with their reserved addresses and ports. Computed.",
                optional: true,
            },
            refused: {
                type: { list: { named: "RefusedProperty" } },
                description: "What the ledger's history forbids. Computed and never stored: the change is refused.",
                optional: true,
            },
            ...SUPPLIED_INPUT,
            ...LEAVES_INPUT,
            ...KEPT_INPUT,
        },
        outputs: {
            peers: { type: { map: "string" }, description: "Peers by name, with their addresses." },
            services: {
                type: { map: { named: "RegistryService" } },
                description: "Services by name, with their ports.",
            },
            retired: { type: { named: "RetiredNames" }, description: "Names that are no longer listed." },
            groups: { type: { map: "string" }, description: "Groups, with their members.", optional: true },
            record: {
                type: { named: "AuditRecordMark" },
                description: "Sequence, hash and offset of the last audit record of this resource.",
            },
            plan: { type: { list: "string" }, description: "In a preview: one sentence per effect.", optional: true },
        },
    },

    async check(news, olds, context) {
        const given = withKept(news, olds);
        compareLeaves([olds, news], context);
        const wanted = readRegistry(given);
        const { groups = {}, relay } = wanted;
        for (const group of emptyGroups(groups))
            context.log("warning", `${relay}: group ${group} has no members and allows no peer anything`);
        const { ledger, problems, isUnfit } = nextLedger(wanted, await previousLedger(wanted, olds, context), context);
        // What only the state knows to be wrong waits for the diff, which first asks whether log and state agree: on a branch that is
        // behind, the program brings back what was taken away since.
        const refused = isUnfit || problems.length === 0 ? {} : { refused: problems };
        return {
            inputs: { ...given, ...withGroups(ledger, wanted), ...refused },
            failures: isUnfit ? problems : [],
        };
    },

    async diff(_id, oldInputs, oldOutputs, news, context) {
        if (context.refreshing) return { changes: {} };
        const inputs = readRegistry(news);
        const { behind } = await verifyRecord(inputs.audit, recordIn(oldOutputs), context);
        refuse(inputs, behind);
        const changes = changesOf(oldInputs, news, ["subnet", "subnet6", "peers", "services", "groups"]);
        tellGroups(inputs, readLedger(oldInputs).groups, context);
        return { changes: { ...changes, ...awaitedChanges(inputs.supplied) } };
    },

    async create(news, context) {
        const inputs = readRegistry(news);
        refuse(inputs, false);
        if (context.preview) {
            await sayBase(inputs.audit, context);
            tellGroups(inputs, undefined, context);
            return { id: "", outputs: { ...readLedger(inputs), record: UNKNOWN, plan: [] } };
        }
        await verifyPlaces(undefined, inputs, context);
        return { id: mintId(), outputs: await record(inputs, createStep(context, news)) };
    },

    async update(_id, oldInputs, oldOutputs, news, context) {
        if (context.preview) {
            await sayBase(readLogged(news).audit, context);
            return {
                ...readLedger(news),
                record: isUnchanged(oldInputs, news) ? (recordIn(oldOutputs) ?? UNKNOWN) : UNKNOWN,
                plan: [],
            };
        }
        await verifyPlaces(oldInputs, news, context);
        const mark = recordIn(oldOutputs);
        const before = mark === undefined ? undefined : { ledger: readLedger(oldInputs), record: mark };
        return record(readRegistry(news), updateStep(context, news, oldOutputs), before);
    },

    read: (id, inputs, outputs) => Promise.resolve({ id, inputs, outputs }),

    async delete(_id, inputs, outputs, context) {
        const { relay, audit } = readLogged(inputs);
        const mark = recordIn(outputs);
        const log = await AuditLog.open(audit, { expectExisting: mark !== undefined });
        const newest = await newestLedgerRecord(log, relay);
        // A replaced registry was taken over by the one that replaces it.
        if (mark !== undefined && newest !== undefined && newest > mark.sequence) return;
        const ledger = readLedger(inputs);
        const message = `Archived the registry of relay ${relay}: ${contents(ledger)}`;
        const begin = `Archive the registry of relay ${relay}: ${contents(ledger)}`;
        const applying = { step: deleteStep(context, outputs), sentences: () => [] };
        const announcement = { action: "registry_archive", message, begin, details: { relay }, applying };
        await underAudit(audit, mark, announcement, async (operation) => {
            await operation.record({
                action: LEDGER_ACTION,
                status: "success",
                message,
                details: { relay, ledger },
            });
        });
        await log.writeNote();
    },
};

/** The groups of a ledger are those of the program, whatever those of last time were. */
function withGroups({ groups: _former, ...ledger }: Ledger, { groups }: RegistryInputs): Ledger {
    return groups === undefined ? ledger : { ...ledger, groups };
}

/** Whom groups get and lose. */
function groupsTold({ relay, groups }: RegistryInputs, before: Ledger["groups"]): string[] {
    return groupSentences(before ?? {}, groups ?? {}).map((sentence) => `${relay}: ${sentence}`);
}

function tellGroups(inputs: RegistryInputs, before: Ledger["groups"], context: Context): void {
    for (const sentence of groupsTold(inputs, before)) context.log("info", sentence);
}

/** Whether an update has nothing to record, as far as a preview knows. */
function isUnchanged(olds: Properties, news: Properties): boolean {
    const isAwaited = Object.keys(awaitedChanges(readRegistry(news).supplied)).length > 0;
    return !isAwaited && same(readLedger(olds), readLedger(news));
}

/** Which name had which address, port and key, and which keys are no longer in use. */
async function previousLedger(
    news: RegistryInputs,
    olds: Properties | undefined,
    context: Context,
): Promise<Ledger | undefined> {
    const past = olds ?? keptIn(news);
    const ledger = past === undefined ? await archived(news, context) : readLedger(past);
    if (ledger === undefined) return undefined;
    if (isMap(past?.publicKeys)) return withFormerKeys(ledger, past.publicKeys);
    // The state does not have them: it is lost, or older than this input. The log has every key that was ever on the wire.
    const active = Object.entries(await recordedRegistry(news)).filter(([, { status }]) => status === "active");
    const known = Object.fromEntries(active.map(([name, { publicKey }]) => [name, publicKey]));
    return withHistory(withFormerKeys(ledger, known), await recordedKeys(news));
}

/**
 * It writes before anything else of an update does: the relay's own mark is compared first. A relay that moves has it at the place that
 * it leaves.
 */
async function verifyPlaces(olds: Properties | undefined, news: Properties, context: Context): Promise<void> {
    const before = olds !== undefined && isPlaced(olds) ? { before: { inputs: olds } } : {};
    for (const inputs of olds === undefined ? [news] : [news, olds]) {
        if (!isPlaced(inputs) || inputs.host.kind === "script") continue;
        if (await verifyRelay(inputs.audit, targetOf(inputs, context, before))) return;
    }
}

/** @throws Refused when check found something that the ledger's history forbids */
function refuse({ refused = [] }: RegistryInputs, behind: boolean): void {
    if (refused.length === 0) return;
    const changed = {
        problem: "was changed in the state since this branch was created",
        fix: "rebase the branch first",
    };
    throw new Refused(behind ? refused.map(({ path }) => ({ path, ...changed })) : refused);
}

async function record(
    inputs: RegistryInputs,
    step: PlannedStep,
    before?: { ledger: Ledger; record: RecordMark },
): Promise<RegistryOutputs> {
    const ledger = readLedger(inputs);
    const { relay, audit } = inputs;
    const message = `The registry of relay ${relay} lists ${contents(ledger)}`;
    const { record: mark } = await underAudit(
        audit,
        before?.record,
        {
            action: LEDGER_ACTION,
            message,
            begin: `Record the registry of relay ${relay}`,
            details: { relay },
            applying: { step, sentences: () => groupsTold(inputs, before?.ledger.groups) },
        },
        async (operation) => {
            // Only now is it known that the log still has the record that the state remembers.
            const details = await ledgerDetails(await AuditLog.open(audit), relay, ledger, before);
            await operation.record({ status: "success", action: LEDGER_ACTION, message, details });
        },
    );
    return { ...ledger, record: mark };
}

function contents({ peers, services }: Ledger): string {
    return `${count(Object.keys(peers).length, "peer")} and ${count(Object.keys(services).length, "service")}`;
}

/**
 * Without old inputs (replaced, tainted, or the state was lost) the ledger in the log keeps all addresses. On a first deployment there is none, and nothing is said.
 */
async function archived({ relay, audit }: RegistryInputs, context: Context): Promise<Ledger | undefined> {
    const ledger = await recordedLedger(await AuditLog.open(audit, {}), relay);
    if (ledger === undefined) return undefined;
    const names = [...Object.keys(ledger.peers), ...Object.keys(ledger.retired.peers)];
    context.log(
        "warning",
        `${relay}: the state has no registry; addresses and ports are taken over from the log (${listNames(names)})`,
    );
    // Who was listed then is listed now, or retired by what the program says now.
    return ledger;
}
