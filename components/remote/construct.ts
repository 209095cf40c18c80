import type { Client } from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import { serializeResourceProperties } from "@pulumi/pulumi/runtime/rpc.js";
import * as messages from "@pulumi/pulumi/proto/provider_pb";

import type { JsonObject } from "../../providers/plugin/json.js";
import type { ConstructRequest, ConstructResponse } from "../../providers/plugin/service.js";
import { valueOf } from "../formerUrns.js";
import { optionsOf } from "./options.js";
import { awaitFeatureSupport, waitForRPCs, withLocalStorage } from "./sdk.js";
import { programValues } from "./values.js";

/** What a component's constructor comes to. */
interface Declared {
    urn: pulumi.Output<string>;
    /** Outputs, for the program. */
    state: pulumi.Inputs;
}

/** Declares a component in the program that asks for it, as if it stood in that program. */
export function constructed(
    { message, structs }: ConstructRequest,
    engine: string,
    declare: (name: string, inputs: Record<string, unknown>, options: pulumi.ComponentResourceOptions) => Declared,
): Promise<ConstructResponse> {
    return withLocalStorage(async () => {
        await joinProgram(message, engine);
        const { urn, state } = declare(message.getName(), programValues(structs.inputs), optionsOf(message));
        const answer = await answerOf(message, await valueOf(urn), state);
        // Everything that the component is made of is registered, and what it says has arrived.
        await waitForRPCs();
        for (const connection of [pulumi.runtime.getMonitor(), pulumi.runtime.getEngine()])
            (connection as Client | undefined)?.close();
        return answer;
    });
}

/** Which engine, project and stack, and with which configuration: what a program finds in its environment. */
async function joinProgram(message: messages.ConstructRequest, engine: string): Promise<void> {
    pulumi.runtime.resetOptions(
        message.getProject(),
        message.getStack(),
        message.getParallel(),
        engine,
        message.getMonitorendpoint(),
        message.getDryrun(),
        message.getOrganization(),
    );
    await awaitFeatureSupport();
    const config = Object.fromEntries(message.getConfigMap().toArray());
    pulumi.runtime.setAllConfig(config, message.getConfigsecretkeysList());
}

async function answerOf(
    message: messages.ConstructRequest,
    urn: string,
    state: pulumi.Inputs,
): Promise<ConstructResponse> {
    const label = `construct(${message.getType()}, ${message.getName()})`;
    const [properties, suppliers] = await serializeResourceProperties(label, state);
    const response = new messages.ConstructResponse();
    response.setUrn(urn);
    for (const [property, resources] of suppliers) {
        const urns = await Promise.all([...resources].map(({ urn: of }) => valueOf(of)));
        const dependencies = new messages.ConstructResponse.PropertyDependencies();
        dependencies.setUrnsList(urns);
        response.getStatedependenciesMap().set(property, dependencies);
    }
    return { message: response, structs: { state: properties as JsonObject } };
}
