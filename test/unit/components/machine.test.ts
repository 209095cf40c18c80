import * as pulumi from "@pulumi/pulumi";

import { hosts, type Host } from "../../../components/index.js";
import { machineFor } from "../../../components/machine.js";
import type { Machine } from "../../../components/machineTypes.js";
import { runProgram } from "../program.js";
import { made, warnings } from "./relays.js";

const ADDRESS = "203.0.113.7";
const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

async function machine(host: Host): Promise<Machine> {
    let found: Machine | undefined;
    await runProgram(() => {
        const relay = new pulumi.ComponentResource("shop:index:Part", "hub");
        const named = { relay: "hub", audit: {}, appName: "corp", interface: "wg0", listenPorts: [51820] };
        found = machineFor(relay, named, { host });
    });
    return found!;
}

it("is what the program describes, with nothing to wait for", async () => {
    const local = hosts.local({ namespace: "lab" });
    expect(await machine(local)).toEqual({ inputs: { host: local.descriptor }, resources: [], recorded: {} });
    const ssh = hosts.ssh({ address: ADDRESS, hostKey: HOST_KEY });
    expect((await machine(ssh)).inputs).toEqual({ host: ssh.descriptor });
});

it("is reached with a key that is a secret", async () => {
    const privateKey = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n";
    const { inputs } = await machine(hosts.ssh({ address: ADDRESS, hostKey: HOST_KEY, privateKey }));
    expect(await pulumi.isSecret(inputs.credentials!)).toBe(true);
});

it("is warned about when it is not recognised by its key", async () => {
    const said = warnings();
    await machine(hosts.ssh({ address: ADDRESS, hostKey: HOST_KEY }));
    expect(said).toEqual([]);
    await machine(hosts.ssh({ address: ADDRESS, trustOnFirstUse: true }));
    expect(said).toEqual([
        "trustOnFirstUse: the first machine that answers is accepted as the relay; pin its hostKey instead",
    ]);
});

it("is made ready before anything of the relay is on it", async () => {
    const { of, all } = await made(() => ({ host: hosts.local({ setup: { create: "make ready" } }) }));
    expect(of("hub-setup")).toMatchObject({ create: "make ready" });
    const names = all.map(({ name }) => name);
    expect(names.indexOf("hub-setup")).toBeLessThan(names.indexOf("hub-host"));
});
