import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";

import { type DiffRequest, initFailedBytes, service } from "../../../../providers/plugin/service.js";

type Definition = Record<
    string,
    { requestDeserialize(bytes: Buffer): unknown; responseSerialize(response: unknown): Buffer }
>;
const calls = service as unknown as Definition;
const struct = (values: Record<string, JavaScriptValue>): Struct => Struct.fromJavaScript(values);

it("a request's properties are read apart from the rest of it", () => {
    const request = new messages.DiffRequest();
    request.setId("id");
    request.setUrn("urn");
    request.setOlds(struct({ colour: "red" }));
    request.setNews(struct({ colour: "blue", size: 7 }));
    const { message, structs } = calls.diff!.requestDeserialize(Buffer.from(request.serializeBinary())) as DiffRequest;
    expect([message.getId(), message.getUrn(), message.hasNews()]).toEqual(["id", "urn", false]);
    // Old inputs were not given.
    expect(structs).toEqual({ olds: { colour: "red" }, news: { colour: "blue", size: 7 }, oldInputs: {} });
});

it.each<
    [string, () => { serializeBinary(): Uint8Array }, { deserializeBinary(bytes: Uint8Array): unknown }, string, string]
>([
    ["check", () => new messages.CheckResponse(), messages.CheckResponse, "inputs", "getInputs"],
    ["create", () => new messages.CreateResponse(), messages.CreateResponse, "properties", "getProperties"],
    ["read", () => new messages.ReadResponse(), messages.ReadResponse, "inputs", "getInputs"],
    ["update", () => new messages.UpdateResponse(), messages.UpdateResponse, "properties", "getProperties"],
    ["invoke", () => new messages.InvokeResponse(), messages.InvokeResponse, "return", "getReturn"],
])("the response of %s is what the generated classes read", (call, make, type, field, getter) => {
    const structs = { properties: {}, [field]: { colour: "red", list: [1, null] } };
    const bytes = calls[call]!.responseSerialize({ message: make(), structs });
    const read = type.deserializeBinary(bytes) as Record<string, () => Struct>;
    expect(read[getter]!().toJavaScript()).toEqual({ colour: "red", list: [1, null] });
});

it("what was done in part says what to keep and why", () => {
    const bytes = initFailedBytes("id", ["one", "two"], { colour: "red" }, { colour: "blue" });
    const read = messages.ErrorResourceInitFailed.deserializeBinary(bytes);
    expect([read.getId(), read.getReasonsList()]).toEqual(["id", ["one", "two"]]);
    expect([read.getProperties()?.toJavaScript(), read.getInputs()?.toJavaScript()]).toEqual([
        { colour: "red" },
        { colour: "blue" },
    ]);
});
