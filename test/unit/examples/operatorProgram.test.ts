import { resolve } from "node:path";

import { relay } from "../../../components/remote/relay.js";
import { unpacked } from "../../../core/packed/index.js";
import type { JsonObject } from "../../../providers/plugin/json.js";
import { readResources } from "../../lab/pipelines/resources.js";
import { Monitor, request } from "../components/remote/monitor.js";

// The Program of the operator's example, as the plugin declares it when a YAML program asks for it.

const FILE = resolve(__dirname, "../../../examples/pipelines/operator/kubernetes/program.yaml");

let monitor: Monitor;
beforeEach(async () => (monitor = await Monitor.start()));
afterEach(() => monitor.stop());

interface Program {
    resources: { relay: { type: string; properties: JsonObject } };
    outputs: Record<string, string>;
}

it("declares a relay with arguments that are known, and outputs that it has", async () => {
    const { program } = readResources(FILE).find(({ kind }) => kind === "Program") as unknown as {
        program: Program;
    };
    const { type, properties } = program.resources.relay;
    expect(type).toBe("qptunnel:Relay");
    const peers = { alice: { address: "10.8.0.2" }, build: { address: "10.8.0.3" } };
    monitor.outputs = { "qptunnel:index:Registry": { peers, services: {} } };
    const { message } = await relay.construct(request(monitor, "relay", properties), monitor.address);
    const { audit } = unpacked("Registry", monitor.inputsOf("relay-registry"));
    expect(audit).toMatchObject({ path: "/audit/branch.jsonl", signingKey: "env:AUDIT_KEY" });
    const state = message
        .getStatedependenciesMap()
        .getEntryList()
        .map(([name]) => name);
    const asked = Object.values(program.outputs).map((text) => /^\$\{relay\.(\w+)\}$/.exec(text)?.[1]);
    expect(state).toEqual(expect.arrayContaining(asked));
});
