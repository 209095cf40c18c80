import { Managed, secretChild } from "../../../components/managed.js";
import type { ResourceType } from "../../../providers/plugin/outputTypes.js";
import { secret } from "../program.js";
import { type State, urnOf, withState } from "./engineState.js";

/** What a resource of relay hub is handed over of the state, in an update that may replace it. */
async function keptBy(type: ResourceType, name: string, state: State): Promise<unknown> {
    const { inputs } = await withState(state, () => void new Managed(type, name, {}, {}));
    return inputs[name]?.["kept"];
}

it.each(["KeyPair", "Seed", "HostKey", "CertificateAuthority"] as const)(
    "a %s keeps all that the state has of it, as a secret",
    async (type) => {
        const outputs = { publicKey: "a", privateKey: "b" };
        expect(await keptBy(type, "hub-x", { [urnOf(type, "hub-x")]: outputs })).toEqual(secret(outputs));
    },
);

it.each(["SshKeyPair", "Firewall", "Grants"] as const)("a %s that is replaced is a new one", async (type) => {
    expect(await keptBy(type, "hub-x", { [urnOf(type, "hub-x")]: { publicKey: "a" } })).toBeUndefined();
});

it("a registry keeps its names with the generated keys, which the interface knows or the script", async () => {
    const ledger = { peers: { alice: { address: "10.8.0.2", publicKey: "given" }, bob: { address: "10.8.0.3" } } };
    const registry = { alice: { publicKey: "given" }, bob: "10.8.0.3 generated active since 2026-01-01T00:00:00Z" };
    for (const type of ["WireGuard", "Script"] as const) {
        const state = {
            [urnOf("Registry", "hub-registry")]: ledger,
            [urnOf(type, `hub-${type.toLowerCase()}`)]: { registry },
        };
        const kept = { ...ledger, publicKeys: { bob: "generated" } };
        expect(await keptBy("Registry", "hub-registry", state)).toEqual(secret({ json: JSON.stringify(lines(kept)) }));
    }
    const alone = { [urnOf("Registry", "hub-registry")]: ledger };
    expect(await keptBy("Registry", "hub-registry", alone)).toEqual(secret({ json: JSON.stringify(lines(ledger)) }));
});

function lines<Values extends { peers: object }>(values: Values): object {
    return { ...values, peers: { alice: "10.8.0.2 given", bob: "10.8.0.3 -" } };
}

it("a host keeps what it was called, and who was on it", async () => {
    const urn = urnOf("Host", "hub-host");
    const state = {
        [urn]: { machine: "m1" },
        [urnOf("Registry", "hub-registry")]: { peers: { alice: { address: "10.8.0.2", publicKey: "key" } } },
    };
    expect(await keptBy("Host", "hub-host", state)).toEqual(
        secret({ urn, peers: expect.stringMatching(/^alice\b.*\bkey\b.*10\.8\.0\.2\/32/) as string }),
    );
    expect(await keptBy("Host", "hub-host", { [urn]: {} })).toEqual(secret({ urn }));
});

it("an interface keeps who is on it with which key, and its own public keys", async () => {
    const outputs = {
        registry: {
            alice: { status: "active", publicKey: "a", address: "10.8.0.2", address6: "fd12::2" },
            bob: { status: "revoked", publicKey: "b", address: "10.8.0.3" },
            carol: { status: "active", publicKey: "c", address: "10.8.0.4" },
        },
        epochs: { 1: { interface: "wg0", publicKey: "own" } },
    };
    expect(await keptBy("WireGuard", "hub-wireguard", { [urnOf("WireGuard", "hub-wireguard")]: outputs })).toEqual(
        secret({ peers: "alice\ta\t10.8.0.2\tfd12::2\ncarol\tc\t10.8.0.4\t", epochs: { 1: "own" } }),
    );
});

test("a secret of the state is deleted first when it is replaced, so that an interrupted update still finds it", () => {
    const parent = {} as Parameters<typeof secretChild>[0];
    expect(secretChild(parent, [parent])("seed")).toEqual({
        parent,
        dependsOn: [parent],
        additionalSecretOutputs: ["seed"],
        deleteBeforeReplace: true,
    });
});
