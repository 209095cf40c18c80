import { z } from "zod";

import type { Primitives } from "../audit/primitives.js";
import { parseLogSentence } from "../audit/logSentence.js";
import { sanitizeText } from "../audit/sanitize.js";
import { differsIn, type StoredDrift } from "../drift.js";
import { InvalidArgument } from "../errors.js";
import { unpacked } from "../packed/index.js";
import { type Approvers, approversIn } from "./approvers.js";
import { parseBase } from "./baseSentence.js";
import { type HiddenValue, hiddenIn, isOurs } from "./hidden.js";
import type { ApprovedLog, Statement } from "./statement.js";
import { type ApprovedStep, comparedInputs, stepName, type StepOperation, stepText } from "./step.js";

/** A preview as a statement to be signed. */
export interface PlanToApprove {
    statement: Statement;
    /** Values that the preview did not show and that are not the library's own: an approval would be for any of them. */
    unseen: HiddenValue[];
    /** Who has to approve by what the program says. */
    approvers?: Approvers;
}

/**
 * @param text of `pulumi preview --json`, or of `pulumi destroy --preview-only --json`
 * @param subject name of the text in an error
 * @param log as it is now, for a plan that says nothing of it
 * @throws InvalidArgument when it is not a preview of relays, or one that failed
 */
export function planToApprove(
    text: string,
    subject: string,
    { sha3 }: Pick<Primitives, "sha3">,
    log?: ApprovedLog,
): PlanToApprove {
    const { steps, diagnostics } = parsePreview(text, subject);
    const failure = diagnostics.find(({ severity }) => severity === "error");
    if (failure !== undefined)
        throw new InvalidArgument(subject, "the preview failed", `fix the reported problem: ${failure.message.trim()}`);
    const planned = lastOfEach(steps.flatMap(plannedStep));
    const [first] = planned;
    if (first === undefined)
        throw new InvalidArgument(subject, "nothing changes on a relay", "there is nothing to approve");
    const [, stack = "", project = ""] = /^urn:pulumi:([^:]*)::([^:]*)::/.exec(first.urn) ?? [];
    const hidden = planned.flatMap((step) => step.values.map(({ kind, path }) => ({ kind, path, urn: step.urn })));
    return {
        statement: {
            project,
            stack,
            plan: sha3(text),
            logs: logsOf(steps, diagnostics, subject, log),
            relays: relaysOf(steps),
            sentences: sentencesOf(diagnostics),
            steps: planned.map((step) => approved(step, sha3)),
        },
        unseen: hidden.filter((value) => !isOurs(value, keyOwners(planned))),
        ...approversOf(planned),
    };
}

const VALUES = z.record(z.string(), z.unknown());
const STATE = z.object({ custom: z.boolean().default(true), inputs: VALUES.default({}), outputs: VALUES.default({}) });
const STEP = z.object({
    op: z.string(),
    urn: z.string().startsWith("urn:pulumi:"),
    oldState: STATE.nullish(),
    newState: STATE.nullish(),
});
const DIAGNOSTIC = z.object({
    urn: z.string().default(""),
    message: z.string().default(""),
    severity: z.string().default("info"),
});
const PREVIEW = z.object({ steps: z.array(STEP).nullish(), diagnostics: z.array(DIAGNOSTIC).nullish() });

type Step = z.infer<typeof STEP>;
type Diagnostic = z.infer<typeof DIAGNOSTIC>;

function parsePreview(text: string, subject: string): { steps: Step[]; diagnostics: Diagnostic[] } {
    const how = "write it with pulumi preview --json > plan.json";
    let json: unknown;
    try {
        json = JSON.parse(text);
    } catch (cause) {
        throw new InvalidArgument(subject, "it is not JSON", how, { cause });
    }
    const { success, data } = PREVIEW.safeParse(json);
    if (!success) throw new InvalidArgument(subject, "it is not a preview of Pulumi", how);
    return { steps: data.steps ?? [], diagnostics: data.diagnostics ?? [] };
}

/** Steps of the engine that call a resource of ours. */
const OPERATIONS: Record<string, StepOperation> = {
    create: "create",
    "create-replacement": "create",
    update: "update",
    delete: "delete",
    "delete-replaced": "delete",
};

/** A refresh shows what it found as an update as well, before the update that is planned on it. */
function lastOfEach(planned: readonly Planned[]): Planned[] {
    return [...new Map(planned.map((step) => [stepName(step), step])).values()];
}

interface Planned {
    urn: string;
    kind: string;
    operation: StepOperation;
    inputs?: Record<string, unknown>;
    outputs?: Record<string, unknown>;
    audit: unknown;
    values: { kind: string; path: HiddenValue["path"]; isUnknown: boolean }[];
}

function plannedStep({ op, urn, oldState, newState }: Step): Planned[] {
    const operation = Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op] : undefined;
    const kind = kindOf(urn);
    const state = operation === "delete" ? oldState : newState;
    if (operation === undefined || kind === undefined || !state?.custom) return [];
    // A replacement is created without the state of what it replaces.
    const outputs = operation === "create" ? undefined : oldState?.outputs;
    const inputs = operation === "delete" ? undefined : unpacked(kind, state.inputs);
    const values = inputs === undefined ? [] : hiddenIn(comparedInputs(inputs)).map((each) => ({ kind, ...each }));
    return [
        {
            urn,
            kind,
            operation,
            ...(inputs === undefined ? {} : { inputs }),
            ...(outputs === undefined ? {} : { outputs }),
            audit: state.inputs["audit"],
            values,
        },
    ];
}

function approved(step: Planned, sha3: Primitives["sha3"]): ApprovedStep {
    const { urn, operation, values } = step;
    const hidden = values.map(({ path }) => path);
    const open = values.some(({ isUnknown }) => isUnknown);
    return { urn, operation, digest: sha3(stepText(step, hidden)), hidden, open };
}

/** The same for every resource; of a removal the state's. */
function approversOf(planned: readonly Planned[]): { approvers?: Approvers } {
    for (const { audit } of planned) {
        const { approvers } = (audit ?? {}) as { approvers?: Record<string, unknown> };
        const known = approvers === undefined ? undefined : approversIn(approvers);
        const { folder } = approvers ?? {};
        if (known !== undefined) return { approvers: { ...known, ...(typeof folder === "string" ? { folder } : {}) } };
    }
    return {};
}

/** Peers and relays whose keys this very plan makes. */
function keyOwners(planned: readonly Planned[]): Set<string> {
    const ownerOf: Record<string, string> = { KeyPair: "owner", WireGuard: "relay" };
    return new Set(
        planned.flatMap(({ kind, inputs }) => {
            const owner = Object.hasOwn(ownerOf, kind) ? inputs?.[ownerOf[kind] ?? ""] : undefined;
            return typeof owner === "string" ? [owner] : [];
        }),
    );
}

function kindOf(urn: string): string | undefined {
    return /(?:::|\$)qptunnel:index:([A-Za-z]+)::[^:]*$/.exec(urn)?.[1];
}

/** By path: as the preview says, or as the state pins it, whichever is longer. */
function logsOf(
    steps: readonly Step[],
    diagnostics: readonly Diagnostic[],
    subject: string,
    now: ApprovedLog | undefined,
): ApprovedLog[] {
    const said = diagnostics.flatMap(({ message }) => parseBase(message.trim()) ?? []);
    const pinned = steps.flatMap(({ urn, oldState }) =>
        kindOf(urn) === "AuditCheckpoint" && oldState ? pinIn(oldState) : [],
    );
    const logs = new Map<string, ApprovedLog>();
    for (const log of [...said, ...pinned, ...(now === undefined ? [] : [now])])
        if (log.size >= (logs.get(log.path)?.size ?? 0)) logs.set(log.path, log);
    if (logs.size > 0) return [...logs.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    throw new InvalidArgument(
        subject,
        "does not say how long the log is",
        "set `approvers` of the AuditSink before the preview, or give the log with --log",
    );
}

function pinIn({ inputs, outputs }: NonNullable<Step["oldState"]>): ApprovedLog[] {
    const { path } = (inputs["audit"] ?? {}) as { path?: unknown };
    const { genesis, size, head } = outputs;
    if (typeof path !== "string" || typeof size !== "number") return [];
    return [{ path, genesis: String(genesis), size, head: String(head) }];
}

/** The newest record under which any resource of a relay changed its machine; not of a machine that is known to have gone back. */
function relaysOf(steps: readonly Step[]): Statement["relays"] {
    const generations = new Map<string, number>();
    const restored = new Set(
        steps
            .filter(({ oldState }) => differsIn(oldState?.outputs["drift"] as StoredDrift | undefined, "restored"))
            .map(({ oldState }) => oldState?.inputs["relay"]),
    );
    for (const { urn, oldState } of steps) {
        const { relay } = oldState?.inputs ?? {};
        const { applied } = oldState?.outputs ?? {};
        if (kindOf(urn) === undefined || typeof relay !== "string" || typeof applied !== "number") continue;
        if (restored.has(relay)) continue;
        generations.set(relay, Math.max(applied, generations.get(relay) ?? 0));
    }
    return [...generations]
        .map(([relay, generation]) => ({ relay, generation }))
        .sort((a, b) => (a.relay < b.relay ? -1 : 1));
}

/** What our resources say will happen, each once, as it is shown. */
function sentencesOf(diagnostics: readonly Diagnostic[]): string[] {
    const told = diagnostics
        .filter(({ urn, severity }) => kindOf(urn) !== undefined && severity.startsWith("info"))
        .map(({ message }) => message.trim())
        .filter((text) => text !== "" && parseBase(text) === undefined && parseLogSentence(text) === undefined);
    return [...new Set(told.map(sanitizeText))];
}
