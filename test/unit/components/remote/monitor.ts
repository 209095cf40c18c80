import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as resources from "@pulumi/pulumi/proto/resource_pb";

import type { ConstructRequest } from "../../../../providers/plugin/service";
import type { JsonObject } from "../../../../providers/plugin/json";

export const STACK = "urn:pulumi:prod::office::pulumi:pulumi:Stack::office-prod";

/** The engine's side of a program: it registers what the program declares and knows no more than that. */
export class Monitor {
    /** In the order in which they were registered. */
    readonly registered: resources.RegisterResourceRequest[] = [];
    /** What the program said, without severity. */
    readonly said: string[] = [];
    /** What resources put out besides their inputs, by type. */
    outputs: Record<string, Record<string, JavaScriptValue>> = {};
    /** Registrations of resources with this name fail. */
    refuses: string | undefined;
    readonly #server = new grpc.Server();
    address = "";

    static async start(): Promise<Monitor> {
        const monitor = new Monitor();
        monitor.#server.addService(ResourceMonitorService, {
            getDeploymentInfo: answer(() => features()),
            registerResource: answer((request: resources.RegisterResourceRequest) => monitor.register(request)),
            registerResourceOutputs: answer(() => new Empty()),
            invoke: answer(() => {
                const response = new resources.ResourceInvokeResponse();
                response.setReturn(Struct.fromJavaScript({ outputs: {} }));
                return response;
            }),
        });
        monitor.#server.addService(EngineService, {
            log: answer((request: LogRequest) => {
                monitor.said.push(request.getMessage());
                return new Empty();
            }),
        });
        const port = await new Promise<number>((resolve, reject) =>
            monitor.#server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
                error ? reject(error) : resolve(bound),
            ),
        );
        monitor.address = `127.0.0.1:${port}`;
        return monitor;
    }

    stop(): void {
        this.#server.forceShutdown();
    }

    /** "Type name", with the parent's name. */
    get names(): string[] {
        return this.registered.map(
            (request) =>
                `${request.getType().replace("qptunnel:index:", "")} ${request.getName()} in ${request.getParent().split("::").at(-1)}`,
        );
    }

    inputsOf(name: string): JsonObject {
        const request = this.registered.find((registered) => registered.getName() === name);
        return request?.getObject()?.toJavaScript() as JsonObject;
    }

    private register(request: resources.RegisterResourceRequest): resources.RegisterResourceResponse {
        if (request.getName() === this.refuses) throw new Error(`${request.getName()} is refused`);
        this.registered.push(request);
        const parent = request.getParent();
        const types = parent === "" || parent === STACK ? [] : [parent.split("::")[2]];
        const response = new resources.RegisterResourceResponse();
        const type = [...types, request.getType()].join("$");
        response.setUrn(`urn:pulumi:prod::office::${type}::${request.getName()}`);
        const inputs = request.getObject()?.toJavaScript() ?? {};
        response.setObject(Struct.fromJavaScript({ ...inputs, ...this.outputs[request.getType()] }));
        return response;
    }
}

/** What the engine asks of the plugin. */
export function request(monitor: Monitor, name: string, inputs: JsonObject): ConstructRequest {
    const message = new messages.ConstructRequest();
    message.setProject("office");
    message.setStack("prod");
    message.setOrganization("organization");
    message.setDryrun(true);
    message.setParallel(16);
    message.setMonitorendpoint(monitor.address);
    message.setType("qptunnel:index:Relay");
    message.setName(name);
    message.setParent(STACK);
    return { message, structs: { inputs } };
}

function features(): resources.DeploymentInfo {
    const response = new resources.DeploymentInfo();
    const all = Object.values(resources.ResourceMonitorFeature).filter((feature) => typeof feature === "number");
    response.setSupportedfeaturesList(all);
    return response;
}

function answer<Request, Response>(handle: (request: Request) => Response): grpc.handleUnaryCall<Request, Response> {
    return ({ request: asked }, callback) => {
        try {
            callback(null, handle(asked));
        } catch (error) {
            callback(error as Error);
        }
    };
}
