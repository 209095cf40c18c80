import * as pulumi from "@pulumi/pulumi";

import { ExposedService } from "../../../components/index.js";
import { unpacked } from "../../../core/packed/index.js";
import { runProgram } from "../program.js";
import { hub, KEY } from "./relays.js";

it("is about the relay's peers, services and registry, once everything of the relay is done", async () => {
    const { outputs } = await runProgram(() => {
        const services = [new ExposedService("wiki", { upstream: "127.0.0.1:80" })];
        return { question: pulumi.output(hub({ services }).question()) };
    });
    const hash = "0".repeat(64);
    expect(unpacked("getStatus", outputs.question as Record<string, unknown>)).toMatchObject({
        relay: "hub",
        owner: "office/prod/hub",
        peers: { alice: { address: "10.8.0.2", publicKey: KEY } },
        publicKeys: {},
        registry: {},
        addresses: ["10.8.0.1"],
        services: { wiki: { port: 8443, upstream: "127.0.0.1:80" } },
        authorities: { ed25519: "-----BEGIN CERTIFICATE-----\n" },
        after: { registry: hash, grants: hash, wireguard: hash },
    });
});
