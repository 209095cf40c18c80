import * as pulumi from "@pulumi/pulumi";
import { Alias } from "@pulumi/pulumi/proto/alias_pb";
import { ConstructRequest } from "@pulumi/pulumi/proto/provider_pb";

import { optionsOf } from "../../../../components/remote/options";

const URN = "urn:pulumi:prod::vpn::cloud:index:Machine::m";

async function urnOf(resource: unknown): Promise<string> {
    return new Promise((resolve) => void (resource as pulumi.Resource).urn.apply(resolve));
}

it("says nothing that the program does not say", () => {
    expect(optionsOf(new ConstructRequest())).toStrictEqual({
        aliases: [],
        dependsOn: [],
        ignoreChanges: [],
        replaceOnChanges: [],
        providers: {},
    });
});

it("hands on what the program says of its component", async () => {
    const message = new ConstructRequest();
    message.setParent(`${URN}-parent`);
    message.setDependenciesList([`${URN}-before`]);
    message.setDeletedwith(`${URN}-host`);
    message.setProtect(false);
    message.setRetainondelete(true);
    message.setIgnorechangesList(["mtu"]);
    message.setReplaceonchangesList(["subnet"]);
    message.getProvidersMap().set("qptunnel", "urn:pulumi:prod::vpn::pulumi:providers:qptunnel::mine::id1");
    const timeouts = new ConstructRequest.CustomTimeouts();
    timeouts.setCreate("5m");
    message.setCustomtimeouts(timeouts);
    const hooks = new ConstructRequest.ResourceHooksBinding();
    hooks.setAfterCreateList(["tell"]);
    message.setResourceHooks(hooks);

    const options = optionsOf(message);
    expect(options).toMatchObject({
        protect: false,
        retainOnDelete: true,
        ignoreChanges: ["mtu"],
        replaceOnChanges: ["subnet"],
        customTimeouts: { create: "5m" },
        hooks: { afterCreate: [{ name: "tell" }] },
    });
    expect(await urnOf(options.parent)).toBe(`${URN}-parent`);
    expect(await urnOf(options.deletedWith)).toBe(`${URN}-host`);
    expect(await urnOf((options.dependsOn as pulumi.Resource[])[0])).toBe(`${URN}-before`);
    const { qptunnel } = options.providers as Record<string, pulumi.ProviderResource>;
    expect(await urnOf(qptunnel)).toBe("urn:pulumi:prod::vpn::pulumi:providers:qptunnel::mine");
});

it("knows what the component was called before", () => {
    const message = new ConstructRequest();
    message.addAliases(new Alias().setUrn(URN));
    const renamed = new Alias.Spec();
    renamed.setName("old");
    renamed.setNoparent(true);
    message.addAliases(new Alias().setSpec(renamed));
    const moved = new Alias.Spec();
    moved.setParenturn(URN);
    moved.setType("cloud:index:Relay");
    moved.setProject("old-vpn");
    moved.setStack("staging");
    message.addAliases(new Alias().setSpec(moved));
    expect(optionsOf(message).aliases).toStrictEqual([
        URN,
        { name: "old", parent: pulumi.rootStackResource },
        { type: "cloud:index:Relay", project: "old-vpn", stack: "staging", parent: URN },
    ]);
});
