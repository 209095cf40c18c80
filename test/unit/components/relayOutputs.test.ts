import * as pulumi from "@pulumi/pulumi";

import { AuditSink, ExposedService, Relay, hosts } from "../../../components/index.js";
import { runProgram } from "../program.js";

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
const alice = { name: "alice", publicKey: KEY };

function relay(more: object): Relay {
    const peers = [alice];
    return new Relay("relay", { host: hosts.local(), audit: new AuditSink("audit"), peers, ...more });
}

it("names the properties of peers and services, for the compiler too", async () => {
    const { outputs } = await runProgram(() => {
        const services = [new ExposedService("wiki", { upstream: "127.0.0.1:3000" })];
        const made = relay({ services });
        // No assertions of types here: this does not compile where the outputs are not typed.
        const fingerprints: pulumi.Output<string[]> = made.registry.apply((registry) =>
            Object.values(registry).map(({ fingerprint, status }) => `${status} ${fingerprint}`),
        );
        const urls: pulumi.Output<string[]> = made.serviceRegistry.apply((served) =>
            Object.values(served).map(({ url, group = "" }) => `${url} ${group}`),
        );
        return { fingerprints, urls };
    });
    expect(outputs).toEqual({ fingerprints: [], urls: [] });
});

it("warns of a resolver that no peer reaches, and of none that everybody reaches", async () => {
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();
    await runProgram(() => relay({ dns: "10.8.0.1" }));
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
        expect.stringMatching(/^dns: 10\.8\.0\.1 is the relay/),
    ]);
    warn.mockClear();
    const grants = [{ from: "alice", to: { network: "192.168.50.0/24" }, ports: ["udp/53"] }];
    await runProgram(() => relay({ dns: ["192.168.50.53", "corp.example"], routes: ["192.168.50.0/24"], grants }));
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
});
