import type * as grpc from "@grpc/grpc-js";
import type * as jspb from "google-protobuf";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";

import type { JsonObject } from "./json.js";
import { appendFields, decodeStruct, encodeStruct, liftFields } from "./wire.js";

/**
 * Pulumi's ResourceProvider service, except that properties go around the generated classes (see wire.ts): a request
 * is the generated message without them, and them. Field numbers: pulumi/provider.proto.
 */

/** A message and its properties, by name; absent properties of a request are empty. */
interface Framed<Message, Fields extends string> {
    message: Message;
    structs: Record<Fields, JsonObject>;
}

const check = { olds: 2, news: 3 };
const diff = { olds: 3, news: 4, oldInputs: 6 };
const create = { properties: 2 };
const read = { properties: 3, inputs: 4 };
const update = { olds: 3, news: 4, oldInputs: 8 };
const remove = { properties: 3, oldInputs: 5 };

const invoke = { args: 2 };
const construct = { inputs: 10 };

const checked = { inputs: 1 };
const created = { properties: 2 };
const found = { properties: 2, inputs: 3 };
const updated = { properties: 1 };
const invoked = { return: 1 };
const constructed = { state: 2 };

export type CheckRequest = Framed<messages.CheckRequest, keyof typeof check>;
export type CheckResponse = Framed<messages.CheckResponse, keyof typeof checked>;
export type DiffRequest = Framed<messages.DiffRequest, keyof typeof diff>;
export type CreateRequest = Framed<messages.CreateRequest, keyof typeof create>;
export type CreateResponse = Framed<messages.CreateResponse, keyof typeof created>;
export type ReadRequest = Framed<messages.ReadRequest, keyof typeof read>;
export type ReadResponse = Framed<messages.ReadResponse, keyof typeof found>;
export type UpdateRequest = Framed<messages.UpdateRequest, keyof typeof update>;
export type UpdateResponse = Framed<messages.UpdateResponse, keyof typeof updated>;
export type DeleteRequest = Framed<messages.DeleteRequest, keyof typeof remove>;
export type InvokeRequest = Framed<messages.InvokeRequest, keyof typeof invoke>;
export type InvokeResponse = Framed<messages.InvokeResponse, keyof typeof invoked>;
export type ConstructRequest = Framed<messages.ConstructRequest, keyof typeof construct>;
export type ConstructResponse = Framed<messages.ConstructResponse, keyof typeof constructed>;

export const service = {
    ...ResourceProviderService,
    check: {
        ...ResourceProviderService.check,
        requestDeserialize: reader(messages.CheckRequest, check),
        responseSerialize: writer(checked),
    },
    diff: { ...ResourceProviderService.diff, requestDeserialize: reader(messages.DiffRequest, diff) },
    create: {
        ...ResourceProviderService.create,
        requestDeserialize: reader(messages.CreateRequest, create),
        responseSerialize: writer(created),
    },
    read: {
        ...ResourceProviderService.read,
        requestDeserialize: reader(messages.ReadRequest, read),
        responseSerialize: writer(found),
    },
    update: {
        ...ResourceProviderService.update,
        requestDeserialize: reader(messages.UpdateRequest, update),
        responseSerialize: writer(updated),
    },
    invoke: {
        ...ResourceProviderService.invoke,
        requestDeserialize: reader(messages.InvokeRequest, invoke),
        responseSerialize: writer(invoked),
    },
    construct: {
        ...ResourceProviderService.construct,
        requestDeserialize: reader(messages.ConstructRequest, construct),
        responseSerialize: writer(constructed),
    },
    delete: { ...ResourceProviderService.delete, requestDeserialize: reader(messages.DeleteRequest, remove) },
} as unknown as grpc.ServiceDefinition;

/** The detail of an error that says: part of it happened, keep these properties. */
export function initFailedBytes(id: string, reasons: string[], properties: JsonObject, inputs: JsonObject): Uint8Array {
    const message = new messages.ErrorResourceInitFailed();
    message.setId(id);
    message.setReasonsList(reasons);
    return appendFields(message.serializeBinary(), [
        [2, encodeStruct(properties)],
        [4, encodeStruct(inputs)],
    ]);
}

function reader<Message, Fields extends string>(
    type: { deserializeBinary(bytes: Uint8Array): Message },
    numbers: Record<Fields, number>,
): (bytes: Buffer) => Framed<Message, Fields> {
    const names = Object.entries<number>(numbers) as [Fields, number][];
    return (bytes) => {
        const { rest, fields } = liftFields(
            bytes,
            names.map(([, number]) => number),
        );
        const structs = {} as Record<Fields, JsonObject>;
        for (const [name, number] of names) {
            const content = fields.get(number);
            structs[name] = content ? decodeStruct(content) : {};
        }
        return { message: type.deserializeBinary(rest), structs };
    };
}

function writer<Fields extends string>(
    numbers: Record<Fields, number>,
): (response: Framed<jspb.Message, Fields>) => Buffer {
    const names = Object.entries<number>(numbers) as [Fields, number][];
    return ({ message, structs }) =>
        appendFields(
            message.serializeBinary(),
            names.map(([name, number]) => [number, encodeStruct(structs[name])]),
        );
}
