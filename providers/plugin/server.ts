import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { PluginInfo, type PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";

import { type FunctionTable } from "./functions/function.js";
import { type ComponentTable } from "./components/component.js";
import { Constructs } from "./constructs.js";
import { EngineLog } from "./engine.js";
import { Operations } from "./operations.js";
import { packageVersion } from "./packageInfo.js";
import { type ResourceTable } from "./registry.js";
import { type ConstructRequest, service } from "./service.js";

interface RunningPlugin {
    /** On 127.0.0.1. */
    port: number;
    /** Resolves when what is running has finished, answered and been logged, and the server is closed. */
    stop(): Promise<void>;
}

/**
 * Starts the provider's gRPC server.
 *
 * @param table the resources it offers
 * @param functions what else it answers
 * @param engineAddress where log lines go; without one, to standard error
 */
export async function serve(
    table: ResourceTable,
    engineAddress: string | undefined,
    functions: FunctionTable = {},
    components: ComponentTable = {},
): Promise<RunningPlugin> {
    const log = new EngineLog(engineAddress);
    const operations = new Operations(table, log, functions);
    const constructs = new Constructs(components);
    const server = new grpc.Server({
        "grpc.max_receive_message_length": MESSAGE_LIMIT,
        "grpc.max_send_message_length": MESSAGE_LIMIT,
    });
    server.addService(service, {
        ...notOffered(),
        handshake: unary(async () => handshakeResponse()),
        attach: unary(async (request: PluginAttach) => attached(log, request)),
        getPluginInfo: unary(async () => {
            const info = new PluginInfo();
            info.setVersion(packageVersion());
            return info;
        }),
        getSchema: unary(async () => schemaResponse(table, functions, components)),
        checkConfig: unary(async (request: messages.CheckRequest) => checkConfig(request)),
        diffConfig: unary(async () => {
            const response = new messages.DiffResponse();
            response.setChanges(messages.DiffResponse.DiffChanges.DIFF_NONE);
            return response;
        }),
        configure: unary(async () => {
            operations.configure();
            return configureResponse();
        }),
        check: unary((request: Parameters<Operations["check"]>[0]) => operations.check(request)),
        diff: unary((request: Parameters<Operations["diff"]>[0]) => operations.diff(request)),
        create: unary((request: Parameters<Operations["create"]>[0]) => operations.create(request)),
        read: unary((request: Parameters<Operations["read"]>[0]) => operations.read(request)),
        update: unary((request: Parameters<Operations["update"]>[0]) => operations.update(request)),
        delete: unary((request: Parameters<Operations["delete"]>[0]) => operations.delete(request)),
        construct: unary((request: ConstructRequest) => constructs.construct(request, log.engineAddress)),
        invoke: unary((request: Parameters<Operations["invoke"]>[0]) => operations.invoke(request)),
        cancel: unary(async () => {
            operations.cancel();
            return new Empty();
        }),
    });
    return {
        port: await listen(server),
        stop: async () => {
            await operations.idle();
            await closed(server);
        },
    };
}

/** 10 000 peers are some 2 MB per property bag and a call carries four; the engine's own limit is the same. */
const MESSAGE_LIMIT = 400 * 1024 * 1024;

/**
 * A connection that does not close by itself is left: everything on it has been answered. It is not waited for, because the
 * engine kills a plugin after 5 s and has no time left then to end the others in peace: it calls them crashed.
 */
const CLOSE_TIMEOUT_MS = 250;

function listen(server: grpc.Server): Promise<number> {
    return new Promise((resolve, reject) =>
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
            if (error) {
                reject(error);
            } else {
                resolve(port);
            }
        }),
    );
}

function closed(server: grpc.Server): Promise<void> {
    return new Promise((resolve) => {
        const cut = setTimeout(() => {
            server.forceShutdown();
            // A connection that the engine closes at this very moment is in no list, and would never be reported closed.
            resolve();
        }, CLOSE_TIMEOUT_MS);
        server.tryShutdown(() => {
            clearTimeout(cut);
            resolve();
        });
    });
}

function unary<Request, Response>(handle: (request: Request) => Promise<Response>): grpc.UntypedHandleCall {
    const call: grpc.handleUnaryCall<Request, Response> = ({ request }, callback) => {
        handle(request).then(
            (response) => callback(null, response),
            (error: Error) => callback(error),
        );
    };
    return call as grpc.UntypedHandleCall;
}

/** The rest of the protocol: methods, parameters, mappings. */
function notOffered(): grpc.UntypedServiceImplementation {
    return Object.fromEntries(
        Object.keys(service).map((method) => [
            method,
            unary(async () => {
                throw Object.assign(
                    new Error(`qptunnel has components, resources and functions only; it does not offer ${method}`),
                    {
                        code: grpc.status.UNIMPLEMENTED,
                    },
                );
            }),
        ]),
    );
}

function attached(log: EngineLog, request: PluginAttach): Empty {
    log.attach(request.getAddress());
    return new Empty();
}

/** What the engine itself keeps with a provider. */
const ENGINES_OWN = ["version", "pluginDownloadURL", "pluginChecksums", "parameterization", "__internal"];

/** There is none: what is given would be an expectation that nothing fulfils. */
function checkConfig(request: messages.CheckRequest): messages.CheckResponse {
    const response = new messages.CheckResponse();
    const names = request.getNews()?.getFieldsMap().keys() ?? [];
    const unknown = [...names].filter((name) => !ENGINES_OWN.includes(name));
    const failures = unknown.map((name) => {
        const failure = new messages.CheckFailure();
        // Without its property: the engine would print its value, which may be a secret.
        failure.setReason(
            `qptunnel:${name}: is not a setting, because the provider has no configuration; remove it (connections are arguments of a Relay's \`host\`)`,
        );
        return failure;
    });
    response.setFailuresList(failures);
    response.setInputs(request.getNews());
    return response;
}

function handshakeResponse(): messages.ProviderHandshakeResponse {
    const response = new messages.ProviderHandshakeResponse();
    response.setAcceptSecrets(true);
    response.setAcceptResources(false);
    response.setAcceptOutputs(true);
    return response;
}

function configureResponse(): messages.ConfigureResponse {
    const response = new messages.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setAcceptresources(false);
    response.setAcceptoutputs(true);
    response.setSupportspreview(true);
    return response;
}

function schemaResponse(
    table: ResourceTable,
    functions: FunctionTable,
    components: ComponentTable,
): messages.GetSchemaResponse {
    const { packageSchema } = require("./schema.js") as typeof import("./schema.js");
    const response = new messages.GetSchemaResponse();
    response.setSchema(JSON.stringify(packageSchema(packageVersion(), table, functions, components)));
    return response;
}
