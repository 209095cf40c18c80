import { readFileSync } from "node:fs";

import { isMap } from "../../../../providers/resources/changes.js";
import { readFirewall, readFirewallOutputs } from "../../../../providers/resources/firewall/inputs.js";
import { readGrants, readGrantsOutputs } from "../../../../providers/resources/grants/inputs.js";
import { readHost, readHostOutputs } from "../../../../providers/resources/host/inputs.js";
import { readLedger } from "../../../../providers/resources/ledger/inputs.js";
import { readProxy, resolvedProxy } from "../../../../providers/resources/proxy/inputs.js";
import { readProxyOutputs } from "../../../../providers/resources/proxy/outputs.js";
import { readLogged, readPlaced } from "../../../../providers/resources/relay/placed.js";
import type { Properties } from "../../../../providers/resources/resource.js";
import { readWireGuard, resolved } from "../../../../providers/resources/wireguard/inputs.js";
import { readWireGuardOutputs } from "../../../../providers/resources/wireguard/outputs.js";

interface Stored {
    type: string;
    inputs: Properties;
    outputs: Properties;
}

/** Resources of a stack as an older version left them; what is a secret there is left out, as `qp-tunnel status` reads it. */
function stateOf(version: string): Stored[] {
    const path = `${__dirname}/../../../fixtures/relay-${version}/state.json`;
    const { deployment } = JSON.parse(readFileSync(path, "utf8")) as { deployment: { resources: Partial<Stored>[] } };
    return deployment.resources.map(({ type = "", inputs = {}, outputs = {} }) => ({
        type: type.replace("qptunnel:index:", ""),
        inputs: opened(inputs),
        outputs: opened(outputs),
    }));
}

function opened(values: Properties): Properties {
    const isSealed = (value: unknown): boolean => isMap(value) && "4dabf18193072939515e22adb298388d" in value;
    const open = Object.entries(values).filter(([, value]) => !isSealed(value));
    return Object.fromEntries(open.map(([name, value]) => [name, isMap(value) ? opened(value) : value]));
}

type Read = (values: Properties) => unknown;

/** How each resource reads its inputs and its outputs. */
const READERS: Record<string, [inputs: Read, outputs: Read]> = {
    Registry: [(inputs) => [readLogged(inputs), readLedger(inputs)], readLedger],
    CertificateAuthority: [readLogged, (outputs) => outputs],
    Host: [readHost, readHostOutputs],
    Firewall: [readFirewall, readFirewallOutputs],
    WireGuard: [(inputs) => resolved(readWireGuard(inputs)), readWireGuardOutputs],
    Proxy: [(inputs) => resolvedProxy(readProxy(inputs)), readProxyOutputs],
    Grants: [readGrants, readGrantsOutputs],
    AuditCheckpoint: [readPlaced, (outputs) => outputs],
};

describe.each(["0.1.0", "0.2.0"])("the state of version %s", (version) => {
    const state = stateOf(version);

    it.each(Object.entries(READERS))("is read by %s", (type, [inputs, outputs]) => {
        const stored = state.filter((each) => each.type === type);
        expect(stored).not.toHaveLength(0);
        for (const each of stored) {
            expect(() => inputs(each.inputs)).not.toThrow();
            expect(() => outputs(each.outputs)).not.toThrow();
        }
    });
});

it("a property that is not what it was is named, by its path and never by its value", () => {
    const wireguard = stateOf("0.2.0").find(({ type }) => type === "WireGuard")!;
    expect(() => readWireGuard({ ...wireguard.inputs, mtu: "geheim" })).toThrow(
        "mtu: is a string, not a number; give a number",
    );
    expect(() => readWireGuardOutputs({ registry: { alice: { publicKey: 7 } } })).toThrow(
        /^registry\.alice\.address: is missing; /,
    );
});
