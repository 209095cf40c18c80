import { readFileSync } from "node:fs";

import { z } from "zod";

import type { Claimed } from "../../core/audit/reconcile.js";
import type { Checkpoint, RecordMark } from "../../core/audit/record.js";
import type { RelayQuery } from "../../providers/hosts/status.js";
import { driftOf, placeOf, type RelayPlace } from "../relays.js";
import { parseExport, isRelay, stored, type StackResource } from "../state.js";

/** What an exported stack (`pulumi stack export`) contains about logs and relays. Its secrets stay encrypted. */
export interface StackState {
    checkpoints: Checkpoint[];
    /** The last record of each resource. */
    marks: RecordMark[];
    /** By relay: active peers and served services. */
    relays: Record<string, Claimed>;
    /** Where each relay's interface is, to look at it there. */
    places: () => (RelayPlace & Pick<Required<RelayQuery>, "drift">)[];
}

const HASH = z.string().regex(/^[0-9a-f]{64}$/);
const MARK = z.object({ sequence: z.int(), hash: HASH, offset: z.int(), genesis: HASH.exactOptional() });
const CHECKPOINT = z.object({
    genesis: HASH,
    size: z.int().positive(),
    bytes: z.int().positive(),
    head: HASH,
    root: z.base64().length(44),
    note: z.string(),
});
const REGISTRY = z.record(
    z.string(),
    z.object({
        status: z.string(),
        publicKey: z.string(),
        address: z.string(),
        replaces: z.string().exactOptional(),
    }),
);
const SERVICES = z.record(z.string(), z.object({ port: z.int() }));
const SERVED = z.record(z.string(), z.object({ port: z.int(), state: z.string() }));

/** @param file as `pulumi stack export --file` wrote it */
export function readState(file: string): StackState {
    const subject = `--state ${file}`;
    return stateIn(parseExport(readFileSync(file, "utf8"), subject), subject);
}

/** @param subject name of the state in messages */
export function stateIn(resources: StackResource[], subject: string): StackState {
    const tunnels: StackResource[] = [];
    const state: StackState = {
        checkpoints: [],
        marks: [],
        relays: {},
        places: () => tunnels.map((tunnel) => ({ ...placeOf(tunnel, subject), drift: driftOf(tunnel, resources) })),
    };
    for (const resource of resources) {
        const { urn, kind, inputs, outputs } = resource;
        const take = <T>(schema: z.ZodType<T>, value: unknown, what: string): T =>
            stored(schema, value, what, urn, subject);
        if (outputs["record"] !== undefined) state.marks.push(take(MARK, outputs["record"], "the record"));
        const relay = inputs["relay"];
        if (kind === "AuditCheckpoint") state.checkpoints.push(take(CHECKPOINT, outputs, "the checkpoint"));
        if (typeof relay !== "string") continue;
        if (isRelay(resource)) {
            const registry = Object.entries(take(REGISTRY, outputs["registry"], "the registry"));
            const active = registry.filter(([, { status }]) => status === "active");
            claimOf(state, relay).peers = Object.fromEntries(
                active.map(([name, { publicKey, address }]) => [name, { publicKey, address }]),
            );
            claimOf(state, relay).formers = Object.fromEntries(
                active.flatMap(([, { publicKey, replaces }]) =>
                    replaces === undefined ? [] : [[publicKey, replaces]],
                ),
            );
            if (kind === "Script") {
                // A service on a script's machine counts as open when the receipt says so: there is no connection to check it.
                const served = Object.entries(take(SERVED, outputs["served"] ?? {}, "the services"));
                claimOf(state, relay).services = Object.fromEntries(
                    served
                        .filter(([, service]) => service.state === "open")
                        .map(([name, { port }]) => [name, { port }]),
                );
                continue;
            }
            tunnels.push(resource);
        }
        if (kind === "Proxy") {
            const served = Object.entries(take(SERVICES, inputs["services"] ?? {}, "the services"));
            claimOf(state, relay).services = Object.fromEntries(served.map(([name, { port }]) => [name, { port }]));
        }
    }
    return state;
}

function claimOf({ relays }: StackState, relay: string): Claimed {
    return (relays[relay] ??= {});
}
