import { relative } from "node:path";

import { Metadata, status } from "@grpc/grpc-js";

import { Refused, TunnelError } from "../../core/errors.js";
import { PartialFailure } from "../resources/resource.js";
import { packageRoot } from "./packageInfo.js";

/** An operation that failed, as gRPC tells the engine. */
export class RpcFailure extends Error {
    readonly code = status.UNKNOWN;
    readonly details: string;
    readonly metadata = new Metadata();

    /**
     * @param text takes secrets out of a text
     * @param partial for a PartialFailure: the bytes of its ErrorResourceInitFailed
     */
    constructor(
        error: unknown,
        text: (message: string) => string,
        partial: (failure: PartialFailure) => Uint8Array | undefined,
    ) {
        const details = text(describe(error));
        super(details);
        this.details = details;
        const detail = error instanceof PartialFailure ? partial(error) : undefined;
        if (detail) {
            this.metadata.set("grpc-status-details-bin", statusWith(details, detail));
        }
    }
}

/** What a person can act on as it is; anything else is a bug, so it says where. */
export function describe(error: unknown): string {
    if (error instanceof TunnelError || error instanceof Refused || error instanceof PartialFailure) {
        return error.message;
    }
    if (error instanceof Error) {
        return `unexpected ${error.name}${whereOf(error)}: ${error.message}`;
    }
    return "unexpected failure: the thrown value is not an Error";
}

/** The innermost of our own lines on the error's stack, relative to the package. */
function whereOf(error: Error): string {
    const root = packageRoot();
    for (const line of error.stack?.split("\n") ?? []) {
        const place = /\(?((?:\/|[A-Za-z]:\\)[^()]*:\d+):\d+\)?$/.exec(line)?.[1];
        if (place?.startsWith(root) && !place.includes("node_modules")) {
            return ` at ${relative(root, place)}`;
        }
    }
    return "";
}

/** A google.rpc.Status with one detail. The classes are loaded when something fails, not before. */
function statusWith(message: string, initFailed: Uint8Array): Buffer {
    const { Status } = require("@pulumi/pulumi/proto/status_pb") as typeof import("@pulumi/pulumi/proto/status_pb");
    const { Any } =
        require("google-protobuf/google/protobuf/any_pb") as typeof import("google-protobuf/google/protobuf/any_pb");
    const any = new Any();
    any.pack(initFailed, "pulumirpc.ErrorResourceInitFailed");
    const result = new Status();
    result.setCode(status.UNKNOWN);
    result.setMessage(message);
    result.addDetails(any);
    return Buffer.from(result.serializeBinary());
}
