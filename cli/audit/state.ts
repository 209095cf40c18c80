import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { z } from "zod";

import type { Claimed } from "../../core/audit/reconcile.js";
import type { Checkpoint, RecordMark } from "../../core/audit/record.js";
import { InvalidArgument } from "../../core/errors.js";

/** What an exported stack (`pulumi stack export`) says of logs and relays. Secrets in it stay encrypted and unread. */
export interface StackState {
    checkpoints: Checkpoint[];
    /** The last record of each resource. */
    marks: RecordMark[];
    /** By relay: active peers and served services. */
    relays: Record<string, Claimed>;
    /** Where each relay's interface is, to look at it there. */
    interfaces: { relay: string; project: string; stack: string; inputs: Record<string, unknown> }[];
    /** What clients of a relay's services trust, PEM. */
    authorities: { relay: string; appName: string; certificate: string }[];
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
const OBJECT = z.record(z.string(), z.unknown());
const EXPORT = z.object({
    deployment: z.object({
        resources: z
            .array(
                z.object({
                    urn: z.string(),
                    type: z.string(),
                    inputs: OBJECT.default({}),
                    outputs: OBJECT.default({}),
                }),
            )
            .default([]),
    }),
});
const REGISTRY = z.record(z.string(), z.object({ status: z.string(), publicKey: z.string(), address: z.string() }));
const SERVICES = z.record(z.string(), z.object({ port: z.int() }));
const AUTHORITY = z.object({
    relay: z.string(),
    appName: z.string(),
    certificate: z.string().includes("BEGIN CERTIFICATE"),
});
const SERVED = z.record(z.string(), z.object({ port: z.int(), state: z.string() }));

/** @param file as `pulumi stack export --file` wrote it */
export function readState(file: string): StackState {
    return stateIn(readFileSync(file, "utf8"), `--state ${file}`);
}

/** Of the stack that is selected in this folder. */
export function currentState(): StackState {
    const { error, status, stdout, stderr } = spawnSync("pulumi", ["stack", "export"], {
        encoding: "utf8",
        maxBuffer: 1 << 30,
    });
    if (error !== undefined || status !== 0) {
        throw new InvalidArgument(
            "stack",
            `pulumi stack export: ${error?.message ?? stderr.trim().split("\n").at(-1)}`,
            "run this in the project's folder with a stack selected, or give --state FILE",
        );
    }
    return stateIn(stdout, "pulumi stack export");
}

function stateIn(text: string, subject: string): StackState {
    const parsed = EXPORT.safeParse(parseJson(text, subject));
    if (!parsed.success) {
        throw new InvalidArgument(
            subject,
            "it is no exported stack",
            "write it with pulumi stack export --file state.json",
        );
    }
    const state: StackState = { checkpoints: [], marks: [], relays: {}, interfaces: [], authorities: [] };
    for (const { urn, type, inputs, outputs } of parsed.data.deployment.resources) {
        if (!type.startsWith(PREFIX)) continue;
        const take = <T>(schema: z.ZodType<T>, value: unknown, what: string): T => {
            const result = schema.safeParse(value);
            if (result.success) return result.data;
            throw new InvalidArgument(subject, `${what} of ${urn} is not as it was stored`, "export the stack again");
        };
        if (outputs["record"] !== undefined) state.marks.push(take(MARK, outputs["record"], "the record"));
        const kind = type.slice(PREFIX.length);
        const relay = inputs["relay"];
        if (kind === "AuditCheckpoint") state.checkpoints.push(take(CHECKPOINT, outputs, "the checkpoint"));
        if (typeof relay !== "string") continue;
        if (kind === "CertificateAuthority") {
            state.authorities.push(take(AUTHORITY, { ...inputs, ...outputs }, "the certificate"));
        }
        if (kind === "WireGuard" || kind === "Script") {
            const registry = Object.entries(take(REGISTRY, outputs["registry"], "the registry"));
            const active = registry.filter(([, { status }]) => status === "active");
            claimOf(state, relay).peers = Object.fromEntries(
                active.map(([name, { publicKey, address }]) => [name, { publicKey, address }]),
            );
            if (kind === "Script") {
                // What a script opens is open when its receipt says so, and nothing connects to its machine.
                const served = Object.entries(take(SERVED, outputs["served"] ?? {}, "the services"));
                claimOf(state, relay).services = Object.fromEntries(
                    served
                        .filter(([, service]) => service.state === "open")
                        .map(([name, { port }]) => [name, { port }]),
                );
                continue;
            }
            const [, , stack = "", project = ""] = /^urn:(pulumi):([^:]+)::([^:]+)::/.exec(urn) ?? [];
            state.interfaces.push({ relay, project, stack, inputs });
        }
        if (kind === "Proxy") {
            const served = Object.entries(take(SERVICES, inputs["services"] ?? {}, "the services"));
            claimOf(state, relay).services = Object.fromEntries(served.map(([name, { port }]) => [name, { port }]));
        }
    }
    return state;
}

const PREFIX = "qptunnel:index:";

function claimOf({ relays }: StackState, relay: string): Claimed {
    return (relays[relay] ??= {});
}

function parseJson(text: string, subject: string): unknown {
    try {
        return JSON.parse(text);
    } catch (error) {
        throw new InvalidArgument(subject, "it is not JSON", "write it with pulumi stack export --file state.json", {
            cause: error,
        });
    }
}
