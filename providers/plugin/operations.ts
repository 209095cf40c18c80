import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";

import { faultOf, InvalidArgument, TunnelError } from "../../core/errors.js";
import { faultText } from "../../core/fault.js";
import {
    UNKNOWN,
    type ChangeKind,
    type DiffResult,
    type CheckResult,
    type Context,
    type PartialFailure,
    type PropertySchema,
    type Resource,
} from "../resources/resource.js";
import { type FunctionTable } from "./functions/function.js";
import { type EngineLog } from "./engine.js";
import { RpcFailure } from "./failures.js";
import { packed, packedPath, unpacked } from "../../core/packed/index.js";
import { marshal, redact, unmarshal, type Received } from "./properties.js";
import { type ResourceTable } from "./registry.js";
import { RepeatedLines } from "./repeatedLines.js";
import * as service from "./service.js";
import type { JsonObject } from "./json.js";
import { parseUrn } from "./urn.js";

/** The six calls about a resource, and functions: the engine's messages on one side, `interface Resource` on the other. */
export class Operations {
    private readonly refreshed = new Set<string>();
    private readonly checked = new Set<string>();
    private readonly repeated = new RepeatedLines();
    private canceller = new AbortController();
    private running = 0;
    private waiters: (() => void)[] = [];

    constructor(
        private readonly table: ResourceTable,
        private readonly log: EngineLog,
        private readonly functions: FunctionTable = {},
    ) {}

    check({ message, structs }: service.CheckRequest): Promise<service.CheckResponse> {
        const [news, olds] = received(message.getUrn(), structs.news, structs.olds);
        return this.operate(message.getUrn(), false, [news], [olds], async ({ resource, context, text, inputs }) => {
            const previous = Object.keys(olds.values).length === 0 ? undefined : olds.values;
            this.checked.add(message.getUrn());
            const result = await resource.check(news.values, previous, context).catch(asCheckFailure);
            const response = new messages.CheckResponse();
            response.setFailuresList(result.failures.map((failure) => checkFailure(text(faultText(failure)))));
            return { message: response, structs: { inputs: inputs(result.inputs) } };
        });
    }

    diff({ message, structs }: service.DiffRequest): Promise<messages.DiffResponse> {
        const urn = message.getUrn();
        const [news, oldInputs, olds] = received(urn, structs.news, structs.oldInputs, structs.olds);
        const [refreshing, isChecked] = [this.refreshed.delete(urn), this.checked.delete(urn)];
        return this.operate(urn, false, [news], [oldInputs, olds], async ({ resource, context }) => {
            // The engine asks whether what depends on a resource that it is about to delete would be replaced as well.
            // None of ours ever is, and the program's own arguments follow.
            const isHypothetical = !refreshing && !isChecked && Object.values(news.values).includes(UNKNOWN);
            if (isHypothetical) return diffResponse({ changes: {} }, resource);
            const result = await resource.diff(message.getId(), oldInputs.values, olds.values, news.values, {
                ...context,
                refreshing,
            });
            return diffResponse(result, resource);
        });
    }

    create({ message, structs }: service.CreateRequest): Promise<service.CreateResponse> {
        const [news] = received(message.getUrn(), structs.properties);
        return this.operate(message.getUrn(), message.getPreview(), [news], [], async (operation) => {
            const { id, outputs } = await operation.resource.create(news.values, operation.context);
            const response = new messages.CreateResponse();
            response.setId(id);
            return { message: response, structs: { properties: operation.outputs(outputs) } };
        });
    }

    read({ message, structs }: service.ReadRequest): Promise<service.ReadResponse> {
        const [inputs, state] = received(message.getUrn(), structs.inputs, structs.properties);
        return this.operate(message.getUrn(), false, [], [inputs, state], async (operation) => {
            const { resource, context } = operation;
            const found = await resource.read(message.getId(), inputs.values, state.values, context);
            const response = new messages.ReadResponse();
            if (!found) {
                return { message: response, structs: { properties: {}, inputs: {} } };
            }
            // An import reads without state; what is diffed after it is the program, not the wire.
            if (Object.keys(state.values).length > 0) {
                this.refreshed.add(message.getUrn());
            }
            response.setId(found.id);
            return {
                message: response,
                structs: { properties: operation.outputs(found.outputs), inputs: operation.inputs(found.inputs) },
            };
        });
    }

    update({ message, structs }: service.UpdateRequest): Promise<service.UpdateResponse> {
        const [news, oldInputs, olds] = received(message.getUrn(), structs.news, structs.oldInputs, structs.olds);
        const previous = [oldInputs, olds];
        return this.operate(message.getUrn(), message.getPreview(), [news], previous, async (operation) => {
            const { resource, context } = operation;
            const id = message.getId();
            const outputs = await resource.update(id, oldInputs.values, olds.values, news.values, context);
            return { message: new messages.UpdateResponse(), structs: { properties: operation.outputs(outputs) } };
        });
    }

    delete({ message, structs }: service.DeleteRequest): Promise<Empty> {
        const [inputs, outputs] = received(message.getUrn(), structs.oldInputs, structs.properties);
        return this.operate(message.getUrn(), false, [], [inputs, outputs], async ({ resource, context }) => {
            await resource.delete(message.getId(), inputs.values, outputs.values, context);
            return new Empty();
        });
    }

    async invoke({ message, structs }: service.InvokeRequest): Promise<service.InvokeResponse> {
        const args = unmarshal(structs.args);
        const text = (line: string): string => redact(line, args.secretTexts);
        this.running++;
        try {
            const token = message.getTok();
            const name = token.replace(/^.*:/, "");
            const load = Object.hasOwn(this.functions, name) ? this.functions[name] : undefined;
            if (load === undefined) throw notHere(token, "function");
            const { invoke, outputs } = load();
            const result = await invoke(unpacked(name, args.values));
            const isSecret = (property: string): boolean => outputs[property]?.secret === true;
            return { message: new messages.InvokeResponse(), structs: { return: marshal(result, isSecret) } };
        } catch (error) {
            throw new RpcFailure(error, text, () => undefined);
        } finally {
            this.ended();
        }
    }

    /** A run of the engine begins. */
    configure(): void {
        this.repeated.forget();
        this.checked.clear();
    }

    /** Tells what is running now to stop. The engine also cancels at every normal end, when nothing runs. */
    cancel(): void {
        this.canceller.abort();
        this.canceller = new AbortController();
        this.repeated.forget();
    }

    /** Resolves when no operation is running. */
    async idle(): Promise<void> {
        while (this.running > 0) {
            await new Promise<void>((resolve) => this.waiters.push(resolve));
        }
    }

    /**
     * @param current what the program says now; @param previous what the state says: both tell which properties
     * are secret and which texts must not appear in a message
     */
    private async operate<Response>(
        urn: string,
        preview: boolean,
        current: Received[],
        previous: Received[],
        body: (operation: Operation) => Promise<Response>,
    ): Promise<Response> {
        const { type, name, project, stack } = parseUrn(urn);
        const text = (message: string) =>
            [...current, ...previous].reduce((result, { secretTexts }) => redact(result, secretTexts), message);
        const out = (schema: Record<string, PropertySchema>) => (values: Record<string, unknown>) =>
            marshal(packed(type, values), (name) => schema[name]?.secret === true || isSecret(name, current, previous));
        let partial = (_: PartialFailure): Uint8Array | undefined => undefined;
        this.running++;
        try {
            const resource = this.resourceOf(type);
            const inputs = out(resource.schema.inputs);
            const outputs = out(resource.schema.outputs);
            partial = (failure) =>
                service.initFailedBytes(
                    failure.id,
                    failure.reasons.map(text),
                    outputs(failure.outputs),
                    inputs(failure.inputs),
                );
            const context: Context = {
                urn,
                name,
                project,
                stack,
                preview,
                refreshing: false,
                signal: this.canceller.signal,
                log: (severity, message, topic) => {
                    if (this.repeated.isNew(severity, message, topic)) this.log.line(severity, urn, text(message));
                },
            };
            return await body({ resource, context, text, inputs, outputs });
        } catch (error) {
            throw new RpcFailure(error, text, partial);
        } finally {
            await this.log.flush();
            this.ended();
        }
    }

    private ended(): void {
        this.running--;
        this.waiters.splice(0).forEach((resolve) => resolve());
    }

    private resourceOf(type: string): Resource {
        const load = Object.hasOwn(this.table, type) ? this.table[type] : undefined;
        if (!load) {
            throw notHere(`qptunnel:index:${type}`, "resource");
        }
        return load();
    }
}

function notHere(token: string, kind: "resource" | "function"): TunnelError {
    return new TunnelError(
        token,
        `this version of the plugin has no such ${kind}`,
        "use the plugin of the pulumi-qp-tunnel version that the program uses",
    );
}

/** What came in for a resource, in the form in which resources have it. */
function received<Structs extends JsonObject[]>(urn: string, ...structs: Structs): { [I in keyof Structs]: Received } {
    const { type } = parseUrn(urn);
    const all = structs.map(unmarshal).map((each) => ({ ...each, values: unpacked(type, each.values) }));
    return all as { [I in keyof Structs]: Received };
}

/** One call, prepared: its resource, its surroundings, and the ways out, on which secrets are marked or hidden. */
interface Operation {
    resource: Resource;
    context: Context;
    text(message: string): string;
    inputs(values: Record<string, unknown>): JsonObject;
    outputs(values: Record<string, unknown>): JsonObject;
}

/** A property the program gives is as secret as it gives it; any other stays what it was. */
function isSecret(name: string, current: Received[], previous: Received[]): boolean {
    const given = current.filter(({ values }) => name in values);
    return (given.length > 0 ? given : previous).some(({ secrets }) => secrets.has(name));
}

/** What refuses an argument by throwing has the same answer as what returns a failure. */
function asCheckFailure(error: unknown): CheckResult {
    if (error instanceof InvalidArgument) {
        return { inputs: {}, failures: [faultOf(error)] };
    }
    throw error;
}

/** Without its property: the engine would print that property's value, secrets included. */
function checkFailure(reason: string): messages.CheckFailure {
    const failure = new messages.CheckFailure();
    failure.setReason(reason);
    return failure;
}

const kinds: Record<ChangeKind, messages.PropertyDiff.Kind> = {
    add: messages.PropertyDiff.Kind.ADD,
    delete: messages.PropertyDiff.Kind.DELETE,
    update: messages.PropertyDiff.Kind.UPDATE,
};

/** What is not an input is an output, whose old value the engine then shows. */
function diffResponse({ changes }: DiffResult, { type, schema }: Resource): messages.DiffResponse {
    const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
    const response = new messages.DiffResponse();
    const details = response.getDetaileddiffMap();
    for (const [path, kind] of Object.entries(changes)) {
        const detail = new messages.PropertyDiff();
        const shown = packedPath(type, path);
        detail.setKind(shown === path ? kinds[kind] : kinds.update);
        detail.setInputdiff(Object.hasOwn(schema.inputs, /^[^.[]*/.exec(path)?.[0] ?? path));
        details.set(shown, detail);
    }
    response.setHasdetaileddiff(true);
    response.setChanges(details.getLength() > 0 ? DIFF_SOME : DIFF_NONE);
    return response;
}
