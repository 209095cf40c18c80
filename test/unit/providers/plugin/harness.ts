import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogSeverity, type LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";

import { type FunctionTable } from "../../../../providers/plugin/functions/function";
import { type ResourceTable } from "../../../../providers/plugin/registry";
import type { Json, JsonObject } from "../../../../providers/plugin/json";
import { serve } from "../../../../providers/plugin/server";
import { type Resource } from "../../../../providers/resources/resource";

/** The engine's marks, as https://github.com/pulumi/pulumi documents them. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";
export const OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
export const UNKNOWN_MARK = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const secret = (value: Json): JsonObject => ({ [SIGNATURE]: SECRET, value });

export type Bag = Record<string, unknown>;

export const urnOf = (type: string, name = "relay") =>
    `urn:pulumi:prod::vpn::qptunnel:index:Relay$qptunnel:index:${type}::${name}`;

/** What a call to the plugin came to: the response, or how it failed. */
export interface Failure {
    code: number;
    details: string;
    initFailed: { id: string; reasons: string[]; properties: Bag; inputs: Bag } | undefined;
}

/** The engine's side of the protocol, with the generated classes: an independent reading of what the plugin says. */
export class Engine {
    private constructor(
        /** "SEVERITY resource: message", in the order they arrived. */
        readonly lines: readonly string[],
        readonly address: string,
        readonly client: ResourceProviderClient,
        private readonly plugin: { stop(): Promise<void> },
        private readonly logServer: grpc.Server,
    ) {}

    /** Starts a plugin that offers `table` and an engine that keeps what is logged. */
    static async start(
        table: ResourceTable,
        logDelay: () => Promise<void> = async () => {},
        functions: FunctionTable = {},
    ): Promise<Engine> {
        const lines: string[] = [];
        const logServer = new grpc.Server();
        logServer.addService(EngineService, {
            log: (call: { request: LogRequest }, callback: grpc.sendUnaryData<Empty>) => {
                void logDelay().then(() => {
                    const severity = Object.entries(LogSeverity).find(([, v]) => v === call.request.getSeverity())?.[0];
                    lines.push(`${severity} ${call.request.getUrn().split("::").at(-1)}: ${call.request.getMessage()}`);
                    callback(null, new Empty());
                });
            },
        });
        const port = await new Promise<number>((resolve, reject) =>
            logServer.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
                error ? reject(error) : resolve(bound),
            ),
        );
        const address = `127.0.0.1:${port}`;
        const plugin = await serve(table, address, functions);
        const client = new ResourceProviderClient(`127.0.0.1:${plugin.port}`, grpc.credentials.createInsecure(), {
            "grpc.max_receive_message_length": 400 * 1024 * 1024,
            "grpc.max_send_message_length": 400 * 1024 * 1024,
        });
        return new Engine(lines, address, client, plugin, logServer);
    }

    async stop(): Promise<void> {
        this.client.close();
        await this.plugin.stop();
        this.logServer.forceShutdown();
    }

    async check(
        type: string,
        news: Bag,
        olds: Bag = {},
    ): Promise<{ inputs: Bag; failures: messages.CheckFailure.AsObject[] }> {
        const request = new messages.CheckRequest();
        request.setUrn(urnOf(type));
        request.setNews(struct(news));
        request.setOlds(struct(olds));
        const response = await this.call<messages.CheckResponse>("check", request);
        return {
            inputs: plain(response.getInputs()),
            failures: response.getFailuresList().map((failure) => failure.toObject()),
        };
    }

    async diff(type: string, state: { inputs: Bag; outputs: Bag }, news: Bag): Promise<messages.DiffResponse.AsObject> {
        const request = new messages.DiffRequest();
        request.setId("id");
        request.setUrn(urnOf(type));
        request.setOldInputs(struct(state.inputs));
        request.setOlds(struct(state.outputs));
        request.setNews(struct(news));
        return (await this.call<messages.DiffResponse>("diff", request)).toObject();
    }

    async create(type: string, inputs: Bag, preview = false): Promise<{ id: string; outputs: Bag }> {
        const request = new messages.CreateRequest();
        request.setUrn(urnOf(type));
        request.setProperties(struct(inputs));
        request.setPreview(preview);
        const response = await this.call<messages.CreateResponse>("create", request);
        return { id: response.getId(), outputs: plain(response.getProperties()) };
    }

    async read(type: string, inputs: Bag, outputs: Bag): Promise<{ id: string; inputs: Bag; outputs: Bag }> {
        const request = new messages.ReadRequest();
        request.setId("id");
        request.setUrn(urnOf(type));
        request.setInputs(struct(inputs));
        request.setProperties(struct(outputs));
        const response = await this.call<messages.ReadResponse>("read", request);
        return { id: response.getId(), inputs: plain(response.getInputs()), outputs: plain(response.getProperties()) };
    }

    async update(type: string, state: { inputs: Bag; outputs: Bag }, news: Bag, preview = false): Promise<Bag> {
        const request = new messages.UpdateRequest();
        request.setId("id");
        request.setUrn(urnOf(type));
        request.setOldInputs(struct(state.inputs));
        request.setOlds(struct(state.outputs));
        request.setNews(struct(news));
        request.setPreview(preview);
        return plain((await this.call<messages.UpdateResponse>("update", request)).getProperties());
    }

    async delete(type: string, inputs: Bag, outputs: Bag): Promise<void> {
        const request = new messages.DeleteRequest();
        request.setId("id");
        request.setUrn(urnOf(type));
        request.setOldInputs(struct(inputs));
        request.setProperties(struct(outputs));
        await this.call<Empty>("delete", request);
    }

    call<Response>(method: keyof ResourceProviderClient, request: unknown): Promise<Response> {
        const rpc = this.client[method] as unknown as (
            request: unknown,
            callback: (error: grpc.ServiceError | null, response: Response) => void,
        ) => void;
        return new Promise((resolve, reject) =>
            rpc.call(this.client, request, (error, response) => (error ? reject(error) : resolve(response))),
        );
    }
}

/** Waits for a call to fail and tells how, with the detail the engine would read. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
    const error = await call.then(
        () => {
            throw new Error("the call succeeded");
        },
        (reason: grpc.ServiceError) => reason,
    );
    return { code: error.code, details: error.details, initFailed: initFailedIn(error.metadata) };
}

function initFailedIn(metadata: grpc.Metadata): Failure["initFailed"] {
    const [bytes] = metadata.get("grpc-status-details-bin");
    if (!bytes) {
        return undefined;
    }
    const { Status } = jest.requireActual<typeof import("@pulumi/pulumi/proto/status_pb")>(
        "@pulumi/pulumi/proto/status_pb",
    );
    const [any] = Status.deserializeBinary(bytes as Buffer).getDetailsList();
    if (any?.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") {
        throw new Error(`the detail is a ${any?.getTypeName()}`);
    }
    const detail = messages.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
    return {
        id: detail.getId(),
        reasons: detail.getReasonsList(),
        properties: plain(detail.getProperties()),
        inputs: plain(detail.getInputs()),
    };
}

/** A resource that echoes its inputs; a test gives the methods it is about. */
export function echo(type: string, overrides: Partial<Resource> = {}): Resource {
    return {
        type,
        description: "Echoes its inputs.",
        schema: { inputs: {}, outputs: {} },
        check: async (news) => ({ inputs: news, failures: [] }),
        diff: async () => ({ changes: {} }),
        create: async (inputs) => ({ id: "new", outputs: inputs }),
        read: async (id, inputs, outputs) => ({ id, inputs, outputs }),
        update: async (_id, _oldInputs, _oldOutputs, news) => news,
        delete: async () => {},
        ...overrides,
    };
}

function struct(bag: Bag): Struct {
    return Struct.fromJavaScript(bag as Record<string, JavaScriptValue>);
}

function plain(value: Struct | undefined): Bag {
    return value ? value.toJavaScript() : {};
}
