import { z } from "zod";

import { InvalidArgument } from "../errors.js";

/** What `pulumi preview --json` plans and says, as far as it is about this library. */
export interface Plan {
    resources: PlannedResource[];
    messages: Message[];
    /** Whether it has all resources; without --show-sames the engine leaves out those that do not change. */
    complete: boolean;
}

/** A resource of this library as it is and as it is to be. */
export interface PlannedResource {
    /** "WireGuard" of qptunnel:index:WireGuard. */
    kind: string;
    /** "Relay" or "ManagedPeer": the type of its parent; empty without one. */
    parent: string;
    /** Absent: it is created. */
    before?: State;
    /** Absent: it is deleted. */
    after?: State;
}

export interface State {
    inputs: Record<string, unknown>;
    outputs: Record<string, unknown>;
}

export interface Message {
    severity: "info" | "warning" | "error";
    /** Of the resource of this library that says it; absent: the program, the engine or another provider. */
    kind?: string;
    text: string;
}

/**
 * @param subject name of the text in an error
 * @throws InvalidArgument when it is not a preview
 */
export function parsePlan(text: string, subject: string): Plan {
    let json: unknown;
    try {
        json = JSON.parse(text);
    } catch (cause) {
        throw new InvalidArgument(subject, "it is not JSON", HOW_TO_WRITE, { cause });
    }
    const { success, data } = DIGEST.safeParse(json);
    if (success && isSavedPlan(json))
        throw new InvalidArgument(subject, "it is a saved plan, which has the differences alone", HOW_TO_WRITE);
    // Every preview has a step for the stack, and one that failed before that has said why.
    if (!success || data.steps.length + data.diagnostics.length === 0)
        throw new InvalidArgument(subject, "it is not a preview of Pulumi", HOW_TO_WRITE);
    const { steps, diagnostics, changeSummary } = data;
    const shown = steps.filter(({ op }) => op === "same").length;
    return {
        resources: resourcesOf(steps),
        messages: diagnostics.flatMap(messageOf),
        complete: shown >= (changeSummary?.same ?? 0),
    };
}

/** What `pulumi preview --save-plan` writes. */
function isSavedPlan(json: unknown): boolean {
    return typeof json === "object" && json !== null && "resourcePlans" in json;
}

/** For the commands that a reader is given. */
export const HOW_TO_WRITE = "write it with pulumi preview --json --show-sames > plan.json";

const VALUES = z.record(z.string(), z.unknown());
const STATE = z.object({ inputs: VALUES.default({}), outputs: VALUES.default({}) });
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
const DIGEST = z.object({
    steps: z
        .array(STEP)
        .nullish()
        .transform((steps) => steps ?? []),
    diagnostics: z
        .array(DIAGNOSTIC)
        .nullish()
        .transform((all) => all ?? []),
    changeSummary: z.object({ same: z.number().default(0) }).nullish(),
});

const PREFIX = "qptunnel:index:";
const URN = /^urn:pulumi:.+?::.+?::(.+?)::.+$/s;

/** A replacement has several steps: it is one change from the oldest state to the newest. */
function resourcesOf(steps: z.infer<typeof STEP>[]): PlannedResource[] {
    const resources = new Map<string, PlannedResource>();
    for (const { op, urn, oldState, newState } of steps) {
        const types = typesIn(urn);
        const kind = types.at(-1) ?? "";
        if (!kind.startsWith(PREFIX)) continue;
        const resource: PlannedResource = resources.get(urn) ?? {
            kind: kind.slice(PREFIX.length),
            parent: (types.at(-2) ?? "").replace(/^.*:/s, ""),
        };
        if (oldState && !op.startsWith("create")) resource.before ??= oldState;
        if (newState && !op.startsWith("delete")) resource.after = newState;
        resources.set(urn, resource);
    }
    return [...resources.values()];
}

/** Resources by their relay, without those on the machines of managed peers. */
export function byRelay(resources: readonly PlannedResource[]): [string, PlannedResource[]][] {
    const relays = new Map<string, PlannedResource[]>();
    for (const resource of resources) {
        const relay = (resource.after ?? resource.before)?.inputs["relay"];
        if (typeof relay !== "string" || resource.parent === "ManagedPeer") continue;
        relays.set(relay, [...(relays.get(relay) ?? []), resource]);
    }
    return [...relays].sort(([a], [b]) => (a < b ? -1 : 1));
}

function messageOf({ urn, message, severity }: z.infer<typeof DIAGNOSTIC>): Message[] {
    const kind = typesIn(urn).at(-1) ?? "";
    const isOurs = kind.startsWith(PREFIX);
    const level = severity === "warning" || severity === "error" ? severity : "info";
    const text = message.replace(/^(?:warning|error): /, "").trim();
    // What a program prints is not about relays.
    if (text === "" || (level === "info" && !isOurs)) return [];
    return [{ severity: level, text, ...(isOurs ? { kind: kind.slice(PREFIX.length) } : {}) }];
}

function typesIn(urn: string): string[] {
    return URN.exec(urn)?.[1]?.split("$") ?? [];
}
