/** What is about to happen to one resource, so that a preview and the update that follows it come to the same text. */

/** Where a value is inside of a resource's inputs. */
export type ValuePath = (string | number)[];

export type StepOperation = "create" | "update" | "delete";

/** A step as it is planned, or about to be applied. */
export interface PlannedStep {
    urn: string;
    operation: StepOperation;
    /** As the resource is told them, in the unpacked form (core/packed). A removal has none. */
    inputs?: Record<string, unknown>;
    /** What the state has of the resource, where it has anything. */
    outputs?: Record<string, unknown>;
}

/** What an approval has of a step. */
export interface ApprovedStep {
    urn: string;
    operation: StepOperation;
    /** SHA3-256 of {@link stepText}. */
    digest: string;
    /** Inputs whose values the preview did not show: not known yet, or secret. They are not compared. */
    hidden: ValuePath[];
    /** Whether some of them were not known, so that what the step says may become more exact. */
    open: boolean;
}

/** By which a step is called in records and messages. */
export function stepName({ urn, operation }: Pick<ApprovedStep, "urn" | "operation">): string {
    return `${operation} ${urn}`;
}

/** "the update of WireGuard relay-wireguard" */
export function describeStep({ urn, operation }: Pick<ApprovedStep, "urn" | "operation">): string {
    const [, type = "", name = ""] = /^urn:pulumi:[^:]*::[^:]*::(.*)::(.*)$/s.exec(urn) ?? [];
    const noun = { create: "creation", update: "update", delete: "removal" }[operation];
    return `the ${noun} of ${type.replace(/^.*:/s, "")} ${name}`;
}

/**
 * Everything that a step's approval is about, in one spelling: what the resource will be, and the record and the differences
 * that the state has of it, by which it is known that nothing happened to it since.
 *
 * @param hidden inputs whose values do not count
 */
export function stepText(step: PlannedStep, hidden: readonly ValuePath[]): string {
    const { urn, operation, inputs, outputs = {} } = step;
    const { record, drift } = outputs as { record?: { hash?: unknown }; drift?: unknown };
    return stableText({
        urn,
        operation,
        ...(inputs === undefined ? {} : { inputs: without(comparedInputs(inputs), hidden) }),
        record: record?.hash ?? null,
        drift: drift ?? {},
    });
}

/** What one resource reads off the machine for another, or writes in this very update: no preview knows it. */
const DERIVED = new Set(["moved", "reached", "records"]);

export function comparedInputs(inputs: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(inputs).filter(([key]) => !DERIVED.has(key)));
}

/** JSON with sorted members, without those that are undefined. Members of lists keep their order. */
export function stableText(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map((each) => stableText(each ?? null)).join(",")}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
    const members = Object.entries(value).filter(([, each]) => each !== undefined);
    members.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, each]) => `${JSON.stringify(key)}:${stableText(each)}`).join(",")}}`;
}

/** A copy in which the values at some places are left open. What was not known may turn out to be nothing. */
function without(inputs: Record<string, unknown>, hidden: readonly ValuePath[]): unknown {
    if (hidden.length === 0) return inputs;
    const copy: unknown = structuredClone(inputs);
    for (const path of hidden) leaveOpen(copy, path);
    return copy;
}

function leaveOpen(root: unknown, path: ValuePath): void {
    let holder = root;
    for (const step of path.slice(0, -1)) holder = memberOf(holder, step);
    const last = path.at(-1);
    if (last === undefined || typeof holder !== "object" || holder === null) return;
    Object.defineProperty(holder, last, { value: OPEN, enumerable: true, configurable: true, writable: true });
}

function memberOf(holder: unknown, step: string | number): unknown {
    if (typeof holder !== "object" || holder === null || !Object.hasOwn(holder, step)) return undefined;
    return (holder as Record<string | number, unknown>)[step];
}

const OPEN = { hidden: true };
