import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";

import { AuditSink, ExposedService, hosts, Peer, Relay, type RelayArgs } from "../../../components/index.js";
import { runProgram, type Registered } from "../program.js";
import { KEY, OTHER } from "./relays.js";

const BOB = Buffer.alloc(32, 7).toString("base64");

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
    mtu: 1400,
    relayRoutes: "192.168.50.0/24",
    routes: "192.168.7.0/24",
    expires: "2099-01-01T00:00:00Z",
    toRelay: "192.168.50.0/24",
    toNas: "192.168.7.0/24",
    fromNas: "192.168.7.0/24",
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
        {
            from: "alice",
            to: { network: say("toRelay") },
            ports: given([say("ports"), "tcp/53"], lists),
        },
        { from: ["alice", "bob"], to: { peer: "nas", network: say("toNas") }, ports: ["tcp/22"] },
        { from: { peer: "nas", network: say("fromNas") }, to: "alice", ports: ["icmp"] },
    ];
    const routes = given([say("relayRoutes")], lists);
    const relay = new Relay("hub", {
        ...{ host: hosts.local(), audit: new AuditSink("audit"), routes, mtu: say("mtu"), grants },
        ...{ dns: given([say("dns")], lists), keepalive: say("keepalive"), endpoint: say("endpoint") },
        peers: [
            { name: "alice", publicKey: say("publicKey"), expires: say("expires") },
            new Peer("nas", { publicKey: OTHER, routes: given([say("routes"), "192.168.8.0/24"], lists) }),
            given({ name: "bob", publicKey: BOB, expires: VALUES.expires, presharedKey: "none" }, lists),
        ],
        services: [new ExposedService("wiki", { upstream: say("upstream"), allow: ["alice", "bob"] })],
    });
    return relay.configFor("alice");
}

/** What the resources below the relay are told, secrets unwrapped, and a peer's configuration. */
async function told(formOf: (argument: Argument) => Form, lists: Form): Promise<Record<string, unknown>> {
    const { registered, outputs } = await runProgram(() => declare(formOf, lists));
    const inputsOf = (name: string): Record<string, unknown> =>
        plain(registered.find((each) => each.name === `hub-${name}`)!.inputs) as Record<string, unknown>;
    const { mtu, routes, listed, presharedKeys } = inputsOf("wireguard");
    return {
        ...{ mtu, routes, listed: String(listed), presharedKeys, firewall: inputsOf("firewall")["routes"] },
        // A key that is an Output is beside the entry.
        peers: Object.entries(inputsOf("wireguard")["peers"] as object).map(([name, entry]) => ({
            name,
            ...(entry as object),
            publicKey: undefined,
        })),
        rules: inputsOf("grants")["rules"],
        services: inputsOf("proxy")["services"],
        config: outputs,
    };
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
        alice: expect.arrayContaining([
            "10.8.0.2 -> 192.168.50.0/24 udp/53",
            "10.8.0.2 -> 192.168.7.0/24 tcp/22",
        ]) as string[],
        nas: ["192.168.7.0/24 -> 10.8.0.2 icmp"],
    });
    expect(expected).toMatchObject({ mtu: 1400, routes: ["192.168.50.0/24"], firewall: ["192.168.50.0/24"] });
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

/** What a preview registers while a value is not known yet, by name. */
async function previewed(
    args: (unknown: pulumi.Output<never>) => Partial<RelayArgs>,
): Promise<Map<string, Registered>> {
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
    new Relay("hub", {
        ...{ host: hosts.local(), audit: new AuditSink("audit"), endpoint: "192.0.2.7", routes: ["192.168.50.0/24"] },
        peers: [{ name: "alice", publicKey: KEY }],
        grants: [{ from: "alice", to: { network: "192.168.50.0/24" }, ports: ["tcp/22"] }],
        ...args(unknown<never>()),
    });
    await pulumi.runtime.disconnect();
    return new Map(registered.map((each) => [each.name, each]));
}

const UNKNOWN: unknown = expect.objectContaining({ __pulumiUnknown: true });
const RULES = { alice: ["10.8.0.2 -> 192.168.50.0/24 tcp/22"] };
const nas = (routes: string[] | pulumi.Output<string[]>) => ({ name: "nas", publicKey: OTHER, routes });
const alice = { name: "alice", publicKey: KEY };
const toNas = { from: "alice", to: { peer: "nas", network: "192.168.7.0/24" }, ports: ["tcp/22"] };

it.each<[string, (later: pulumi.Output<never>) => Partial<RelayArgs>, object]>([
    ["dns", (dns) => ({ dns }), { rules: RULES }],
    ["keepalive", (keepalive) => ({ keepalive }), { rules: RULES }],
    ["mtu", (mtu) => ({ mtu }), { rules: RULES, mtu: UNKNOWN }],
    ["routes", (routes) => ({ routes }), { rules: RULES, routes: UNKNOWN }],
    [
        "ports",
        (ports) => ({ grants: [{ from: "alice", to: { network: "192.168.50.0/24" }, ports }] }),
        { rules: UNKNOWN },
    ],
    [
        "networks of grants",
        (network) => ({ grants: [{ from: "alice", to: { network }, ports: ["tcp/22"] }] }),
        { rules: UNKNOWN },
    ],
    ["expires", (expires) => ({ peers: [{ ...alice, expires }] }), { rules: RULES, expires: { alice: UNKNOWN } }],
    ["routes of a peer", (routes) => ({ peers: [alice, nas(routes)] }), { rules: RULES, behind: { nas: UNKNOWN } }],
    [
        "routes of a peer that a grant names",
        (routes) => ({ peers: [alice, nas(routes)], grants: [toNas] }),
        { rules: UNKNOWN, behind: { nas: UNKNOWN } },
    ],
    ["list of peers", (peers) => ({ peers }), { rules: UNKNOWN, others: UNKNOWN }],
    ["entry in it", (peer) => ({ peers: [alice, peer] }), { rules: UNKNOWN, others: UNKNOWN }],
])("previews a relay whose %s is not known yet", async (_argument, args, expected) => {
    const registered = await previewed(args);
    const { rules } = registered.get("hub-grants")!.inputs;
    const { mtu, routes, supplied = {} } = registered.get("hub-wireguard")!.inputs;
    const { expires, routes: behind, peers: others } = supplied as Record<string, unknown>;
    expect({ rules, mtu, routes, expires, behind, others }).toEqual({
        ...{ mtu: 1420, routes: ["192.168.50.0/24"], expires: undefined, behind: undefined, others: undefined },
        ...expected,
    });
    // Who is known by now is allocated and shown.
    const { peers } = registered.get("hub-registry")!.inputs;
    expect(Object.keys(peers as object)).toEqual(
        _argument === "list of peers" ? [] : _argument.includes("routes of") ? ["alice", "nas"] : ["alice"],
    );
});
