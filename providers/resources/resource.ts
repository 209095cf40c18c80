/**
 * What every managed resource implements, in plain values. The plugin host (providers/plugin) translates
 * between this and the engine's protocol: secrets are unwrapped on the way in and marked again on the way
 * out, a value the engine does not know yet is `UNKNOWN`.
 */
import type { Fault } from "../../core/fault.js";
import type { ValueType } from "./valueType.js";

/** Stands for a value that is not known yet. Only seen in a preview: in check, diff and preview create/update. */
export const UNKNOWN: unique symbol = Symbol("unknown");
export type Unknown = typeof UNKNOWN;

/** Property values after unmarshalling: JSON, plus UNKNOWN anywhere in the tree. */
export type Properties = Record<string, unknown>;

export type Severity = "debug" | "info" | "warning" | "error";

/** What an operation may know about its surroundings. The only way to reach the engine. */
export interface Context {
    readonly urn: string;
    /** Logical name of the resource and of project and stack, from the URN. */
    readonly name: string;
    readonly project: string;
    readonly stack: string;
    /** True in create and update when the engine only previews. Then nothing may be touched. */
    readonly preview: boolean;
    /** True in the diff that a refresh makes right after its read of the same URN: its arguments are swapped. */
    readonly refreshing: boolean;
    /** Aborted when the engine cancels. */
    readonly signal: AbortSignal;
    /**
     * A line for the person, attached to this resource (preview's Info column, Diagnostics). The same line is shown once in a run
     * of the engine, whichever resources say it.
     *
     * @param topic what it is about, where others say that in other words; default: the line itself
     */
    log(severity: Severity, message: string, topic?: string): void;
}

export interface CheckResult {
    inputs: Properties;
    failures: Fault[];
}

export type ChangeKind = "add" | "delete" | "update";

/** Changed property paths; empty means nothing to do. No resource ever asks for replacement. */
export interface DiffResult {
    changes: Record<string, ChangeKind>;
}

export interface ReadResult {
    id: string;
    inputs: Properties;
    outputs: Properties;
}

export interface Resource {
    /** Last part of the type token, e.g. "WireGuard" of qptunnel:index:WireGuard. */
    readonly type: string;
    /** One sentence for the schema. */
    readonly description: string;
    /** Type and description of each input and output, for getSchema. */
    readonly schema: ResourceSchema;

    /** Validate, fill in computed inputs. `olds` is undefined when there is no previous state. No I/O but the audit log. */
    check(news: Properties, olds: Properties | undefined, context: Context): Promise<CheckResult>;
    diff(
        id: string,
        oldInputs: Properties,
        oldOutputs: Properties,
        news: Properties,
        context: Context,
    ): Promise<DiffResult>;
    create(inputs: Properties, context: Context): Promise<{ id: string; outputs: Properties }>;
    /** undefined: it is not there any more (never for "unreachable", which is an error). */
    read(id: string, inputs: Properties, outputs: Properties, context: Context): Promise<ReadResult | undefined>;
    update(
        id: string,
        oldInputs: Properties,
        oldOutputs: Properties,
        news: Properties,
        context: Context,
    ): Promise<Properties>;
    delete(id: string, inputs: Properties, outputs: Properties, context: Context): Promise<void>;
}

/** A resource by what its outputs are: components read them by these names, as these types. */
export interface Produces<Outputs> extends Resource {
    /** Never there: for the compiler alone. */
    readonly of?: Outputs;
}

/** What a resource puts out; a preview does not know some of it. */
export type Produced<Outputs> = { [Name in keyof Outputs]: Outputs[Name] | Unknown };

/** A resource that lives in the state, or in the log, whose every operation puts out just these. */
export interface StateResource<Outputs> extends Produces<Outputs> {
    create(...asked: Parameters<Resource["create"]>): Promise<{ id: string; outputs: Produced<Outputs> }>;
    update(...asked: Parameters<Resource["update"]>): Promise<Produced<Outputs>>;
}

export interface PropertySchema {
    type: ValueType;
    description: string;
    secret?: true;
    /** Only for inputs: may be left out. */
    optional?: true;
}

export interface ResourceSchema {
    inputs: Record<string, PropertySchema>;
    outputs: Record<string, PropertySchema>;
}

/**
 * Thrown by create or update when part of it happened: the engine keeps `outputs`, reports the reasons
 * and plans an update next time.
 */
export class PartialFailure extends Error {
    constructor(
        readonly id: string,
        readonly inputs: Properties,
        readonly outputs: Properties,
        readonly reasons: string[],
        options?: ErrorOptions,
    ) {
        super(reasons.join("; "), options);
        this.name = "PartialFailure";
    }
}
