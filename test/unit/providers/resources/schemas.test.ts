import { AuditSink, ExposedService, Peer, Relay, hosts } from "../../../../components/index.js";
import { type Managed, OUTPUTS } from "../../../../components/managed.js";
import type { ResourceType } from "../../../../providers/plugin/outputTypes.js";
import { resources } from "../../../../providers/plugin/registry.js";
import { runProgram, type Registered } from "../../program.js";
import { KEYS, RELAY_PRIVATE_KEY } from "./relays.js";

/** A program that says as little as it can, and one that says everything. */
const least = () => {
    new Relay("hub", { host: hosts.local(), audit: new AuditSink("audit"), peers: [] });
};
const most = () => {
    const audit = new AuditSink("audit", { path: "log.jsonl", signingKey: "env:KEY", restartFrom: "0".repeat(64) });
    const alice = new Peer("alice", { publicKey: KEYS.bob, presharedKey: "none", reinstate: true });
    const nas = new Peer("nas", { routes: ["192.168.7.0/24"], address: "10.9.0.9", keyEpoch: 2 });
    const wiki = new ExposedService("wiki", {
        upstream: { peer: nas, port: 80 },
        allow: "everyone",
        certificate: "ecdsa-p256",
        port: 8450,
    });
    new Relay("hub", {
        host: hosts.local({ namespace: "lab" }),
        audit,
        peers: [alice, nas],
        services: [wiki],
        grants: [{ from: alice, to: { peer: nas, network: "192.168.7.0/24" }, ports: ["all"] }],
        subnet: "10.9.0.0/24",
        subnet6: "fd12::/64",
        privateKey: RELAY_PRIVATE_KEY,
        routes: ["172.16.0.0/16"],
        certificateRenewal: "relay",
    });
};

const adopting = () => {
    const privateKey = "file:relay.key";
    new Relay("hub", { host: hosts.local(), audit: new AuditSink("audit"), peers: [], privateKey });
};

const carried = () => {
    const host = hosts.script({ path: "relay.sh", relayPublicKey: KEYS.alice });
    new Relay("hub", { host, endpoint: "192.0.2.7", audit: new AuditSink("audit"), peers: [], subnet6: "fd12::/64" });
};

const inACloud = () => {
    new Relay("hub", { host: hosts.digitalOcean({ vpcUuid: "v" }), audit: new AuditSink("audit"), peers: [] });
};

let registered: Registered[];

beforeAll(async () => {
    registered = [];
    for (const program of [least, most, adopting, carried, inACloud]) {
        registered.push(...(await runProgram(program)).registered);
    }
});

/** The names of inputs of each resource of a type that any of the programs declares. */
const sent = (type: string) =>
    registered.filter((each) => each.type === `qptunnel:index:${type}`).map(({ inputs }) => Object.keys(inputs));

describe.each(Object.keys(OUTPUTS) as ResourceType[])("the schema of %s", (type) => {
    const { schema } = resources[type]();

    it("has every input that the components send", () => {
        expect(sent(type).length).toBeGreaterThan(0);
        expect(
            sent(type)
                .flat()
                .filter((input) => !(input in schema.inputs)),
        ).toEqual([]);
    });

    it("requires no input that a program may leave out", () => {
        const required = Object.keys(schema.inputs).filter((input) => schema.inputs[input]?.optional !== true);
        for (const inputs of sent(type)) expect(required.filter((each) => !inputs.includes(each))).toEqual([]);
    });

    it("has every output that the components ask for, and marks what is secret", () => {
        expect(OUTPUTS[type].filter((output) => !(output in schema.outputs))).toEqual([]);
        for (const secret of ["privateKeys", "seed"]) {
            expect(schema.outputs[secret]?.secret ?? !(secret in schema.outputs)).toBe(true);
        }
    });
});

it("an output that a resource does not have is not read, nor as another type", () => {
    const host = { output: (name: string) => name } as unknown as Managed<"Host">;
    const machine: { apply: unknown } = host.output("machine");
    // @ts-expect-error: its name is `machine`
    const misspelt: unknown = host.output("machin");
    // @ts-expect-error: `elements` are what Grants puts out
    const another: unknown = host.output("elements");
    // @ts-expect-error: it is a text
    const wrong: { apply(use: (value: number) => void): void } = host.output("machine");
    expect([machine, misspelt, another, wrong]).toEqual(["machine", "machin", "elements", "machine"]);
});

it("every resource of the plugin is used by the components", () => {
    expect(Object.keys(resources).sort()).toEqual(Object.keys(OUTPUTS).sort());
});
