import * as pulumi from "@pulumi/pulumi";
import type { Alias as SentAlias } from "@pulumi/pulumi/proto/alias_pb";
import type * as messages from "@pulumi/pulumi/proto/provider_pb";

import { hookBindingFromProto } from "./sdk.js";

/** The options that the program gives its component. */
export function optionsOf(message: messages.ConstructRequest): pulumi.ComponentResourceOptions {
    const parent = message.getParent();
    const deletedWith = message.getDeletedwith();
    const timeouts = message.getCustomtimeouts();
    const hooks = hookBindingFromProto(message.getResourceHooks());
    return {
        aliases: message.getAliasesList().flatMap(aliasOf),
        dependsOn: message.getDependenciesList().map(resourceAt),
        ignoreChanges: message.getIgnorechangesList(),
        replaceOnChanges: message.getReplaceonchangesList(),
        providers: Object.fromEntries(
            message
                .getProvidersMap()
                .toArray()
                .map(([name, reference]) => [name, new pulumi.DependencyProviderResource(reference)]),
        ),
        ...(parent === "" ? {} : { parent: resourceAt(parent) }),
        ...(deletedWith === "" ? {} : { deletedWith: resourceAt(deletedWith) }),
        ...(message.hasProtect() ? { protect: message.getProtect() === true } : {}),
        ...(message.hasRetainondelete() ? { retainOnDelete: message.getRetainondelete() === true } : {}),
        ...(timeouts === undefined ? {} : { customTimeouts: timeouts.toObject() }),
        ...(hooks === undefined ? {} : { hooks }),
    };
}

function resourceAt(urn: string): pulumi.Resource {
    return new pulumi.DependencyResource(urn);
}

function aliasOf(sent: SentAlias): (string | pulumi.Alias)[] {
    if (sent.hasUrn()) return [sent.getUrn()];
    const spec = sent.getSpec();
    if (spec === undefined) return [];
    const [name, type, project, stack] = [spec.getName(), spec.getType(), spec.getProject(), spec.getStack()];
    return [
        {
            ...(name === "" ? {} : { name }),
            ...(type === "" ? {} : { type }),
            ...(project === "" ? {} : { project }),
            ...(stack === "" ? {} : { stack }),
            ...(spec.hasParenturn() ? { parent: spec.getParenturn() } : {}),
            ...(spec.getNoparent() ? { parent: pulumi.rootStackResource } : {}),
        },
    ];
}
