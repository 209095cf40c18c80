import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";

import { AuditSink, ExposedService, hosts, Relay } from "../../../components/index.js";
import { runProgram, type Registered } from "../program.js";
import { KEY } from "./relays.js";

/** How a value can be given. */
type Form = "plain" | "promise" | "output" | "secret";
const FORMS: Form[] = ["plain", "promise", "output", "secret"];

const VALUES = {
    dns: "192.168.50.53",
    keepalive: 15,
    ports: "udp/53",
    endpoint: "vpn.example.org",
    upstream: "127.0.0.1:3000",
    publicKey: KEY,
};
type Argument = keyof typeof VALUES;

function given<T>(value: T, form: Form): T {
    const as = { plain: value, promise: Promise.resolve(value), output: pulumi.output(value) };
    return (form === "secret" ? pulumi.secret(value) : as[form]) as T;
}

/** A relay with every such argument in its form. */
function declare(formOf: (argument: Argument) => Form, lists: Form): pulumi.Output<string> {
    const say = <A extends Argument>(argument: A): (typeof VALUES)[A] => given(VALUES[argument], formOf(argument));
    const grants = [
        { from: "alice", to: { network: "192.168.50.0/24" }, ports: given([say("ports"), "tcp/53"], lists) },
    ];
    const relay = new Relay("hub", {
        ...{ host: hosts.local(), audit: new AuditSink("audit"), routes: ["192.168.50.0/24"], grants },
        ...{ dns: given([say("dns")], lists), keepalive: say("keepalive"), endpoint: say("endpoint") },
        peers: [{ name: "alice", publicKey: say("publicKey") }],
        services: [new ExposedService("wiki", { upstream: say("upstream"), allow: ["alice"] })],
    });
    return relay.configFor("alice");
}

/** What the resources below the relay are told, secrets unwrapped, and a peer's configuration. */
async function told(formOf: (argument: Argument) => Form, lists: Form): Promise<Record<string, unknown>> {
    const { registered, outputs } = await runProgram(() => declare(formOf, lists));
    const rules = registered.find(({ name }) => name === "hub-grants")!;
    const proxy = registered.find(({ name }) => name === "hub-proxy")!;
    return { rules: plain(rules.inputs["rules"]), services: plain(proxy.inputs["services"]), config: outputs };
}

/** Mocks wrap secrets as the engine does. */
function plain(value: unknown): unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    if ("4dabf18193072939515e22adb298388d" in value) return plain((value as { value?: unknown }).value);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

it("plans the same, however arguments are given", async () => {
    const expected = await told(() => "plain", "plain");
    expect(expected["rules"]).toMatchObject({
        alice: expect.arrayContaining(["10.8.0.2 -> 192.168.50.0/24 udp/53"]) as string[],
    });
    expect(expected["config"]).toMatch(/DNS = 192\.168\.50\.53\n/);
    const forms = fc.record(
        Object.fromEntries(Object.keys(VALUES).map((name) => [name, fc.constantFrom(...FORMS)])) as Record<
            Argument,
            fc.Arbitrary<Form>
        >,
    );
    await fc.assert(
        fc.asyncProperty(forms, fc.constantFrom(...FORMS), async (form, lists) => {
            expect(await told((argument) => form[argument], lists)).toEqual(expected);
        }),
        { numRuns: 12, endOnFailure: true },
    );
});

/** As an output of a resource that a preview creates. */
function unknown<T>(): pulumi.Output<T> {
    const isNot = Promise.resolve(false);
    const Output = pulumi.Output as unknown as new (...parts: unknown[]) => pulumi.Output<T>;
    return new Output(new Set(), Promise.resolve(undefined), isNot, isNot, Promise.resolve(new Set()));
}

it.each(["dns", "keepalive", "ports"] as const)("previews a relay whose %s is not known yet", async (argument) => {
    const registered: Registered[] = [];
    await pulumi.runtime.setMocks(
        {
            newResource({ type, name, inputs }) {
                registered.push({ type, name, inputs: inputs as Record<string, unknown> });
                return { id: name, state: inputs as object };
            },
            call: () => ({}),
        },
        "office",
        "prod",
        true,
    );
    const later = unknown<never>();
    new Relay("hub", {
        ...{ host: hosts.local(), audit: new AuditSink("audit"), endpoint: "192.0.2.7", routes: ["192.168.50.0/24"] },
        peers: [{ name: "alice", publicKey: KEY }],
        grants: [
            {
                from: "alice",
                to: { network: "192.168.50.0/24" },
                ports: argument === "ports" ? later : ["tcp/22"],
            },
        ],
        ...(argument === "ports" ? {} : { [argument]: later }),
    });
    await pulumi.runtime.disconnect();
    expect(registered.map(({ name }) => name)).toEqual(expect.arrayContaining(["hub-wireguard", "hub-grants"]));
    const { rules } = registered.find(({ name }) => name === "hub-grants")!.inputs;
    expect(rules).toEqual(
        argument === "ports"
            ? expect.objectContaining({ __pulumiUnknown: true })
            : { alice: ["10.8.0.2 -> 192.168.50.0/24 tcp/22"] },
    );
});
