import * as pulumi from "@pulumi/pulumi";

import { constructed } from "../../../../components/remote/construct";
import { Monitor, request } from "./monitor";

let monitor: Monitor;
beforeEach(async () => (monitor = await Monitor.start()));
afterEach(() => monitor.stop());

class Thing extends pulumi.ComponentResource {}

it("lets a component be declared as if it stood in the program: its project, configuration, mode and log", async () => {
    const asked = request(monitor, "hub", { size: 3 });
    asked.message.getConfigMap().set("office:colour", "red");
    asked.message.setConfigsecretkeysList(["office:colour"]);
    const seen: unknown[] = [];
    const { message, structs } = await constructed(asked, monitor.address, (name, inputs, options) => {
        seen.push(name, inputs, pulumi.getProject(), pulumi.getStack(), pulumi.getOrganization());
        seen.push(pulumi.runtime.isDryRun(), new pulumi.Config("office").get("colour"));
        const thing = new Thing("qptunnel:index:Relay", name, {}, options);
        void pulumi.log.warn("it rains", thing);
        return { urn: thing.urn, state: { place: thing.urn, size: inputs["size"] } };
    });
    expect(seen).toStrictEqual(["hub", { size: 3 }, "office", "prod", "organization", true, "red"]);
    const urn = "urn:pulumi:prod::office::qptunnel:index:Relay::hub";
    expect(message.getUrn()).toBe(urn);
    expect(structs.state).toStrictEqual({ place: urn, size: 3 });
    expect(message.getStatedependenciesMap().get("place")?.getUrnsList()).toStrictEqual([urn]);
    expect(monitor.said).toContain("it rains");
});

it("answers when everything in the component is registered", async () => {
    await constructed(request(monitor, "hub", {}), monitor.address, (name, _inputs, options) => {
        const thing = new Thing("qptunnel:index:Relay", name, {}, options);
        thing.urn.apply(() => new Thing("qptunnel:index:Peer", "late", {}, { parent: thing }));
        return { urn: thing.urn, state: {} };
    });
    expect(monitor.names).toStrictEqual(["Relay hub in office-prod", "Peer late in hub"]);
});
