import { AuditSink, ExposedService, hosts, Relay } from "../../../components/index.js";
import * as library from "../../../policies/index.js";
import { relayPolicies, type RelayPolicyConfig } from "../../../policies/index.js";
import type { RelayPolicy } from "../../../policies/policy.js";
import { runProgram } from "../program.js";
import { inStack } from "./analyzed.js";

const NAMES = [
    "relay-host-key",
    "relay-peer-expiry",
    "relay-all-grants",
    "relay-key-exchange",
    "relay-key-age",
    "relay-preshared-keys",
    "relay-log-mirror",
    "relay-approver",
    "relay-confirm-timeout",
    "relay-audit-log",
];

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

function policy(name: string, config: RelayPolicyConfig = {}): RelayPolicy {
    return relayPolicies(config).find((each) => each.name === name)!;
}

/** What a policy reports of a resource, with what the engine was given for it. */
function reported(asked: RelayPolicy, type: string, props: object, given: object = {}): string[] {
    const said: string[] = [];
    if (!("validateResource" in asked)) return said;
    const args = { type, name: "office", props: props as Record<string, unknown>, getConfig: () => given };
    asked.validateResource(args, (message) => said.push(message));
    return said;
}

test("there are ten, each also by itself, and none says how strictly it is enforced", () => {
    expect(relayPolicies().map(({ name }) => name)).toEqual(NAMES);
    expect(relayPolicies().filter((each) => "enforcementLevel" in each)).toEqual([]);
    const single = Object.values(library).filter((value) => typeof value === "object");
    expect(single.map(({ name }) => name).sort()).toEqual([...NAMES].sort());
});

test("each can be switched off, or be advisory or mandatory", () => {
    const levels = relayPolicies({
        "relay-approver": "disabled",
        "relay-key-age": { enforcementLevel: "advisory", maxDays: 90 },
    }).flatMap(({ name, enforcementLevel }) => (enforcementLevel === undefined ? [] : [[name, enforcementLevel]]));
    expect(levels).toEqual([
        ["relay-key-age", "advisory"],
        ["relay-approver", "disabled"],
    ]);
});

test("options are defaults of the schema, which the engine's own configuration overrides", () => {
    const asked = policy("relay-confirm-timeout", { "relay-confirm-timeout": { maxSeconds: 60 } });
    expect(asked.configSchema.properties["maxSeconds"]).toMatchObject({ type: "integer", default: 60 });
    const props = { relay: "office", host: { kind: "ssh" }, confirmTimeout: 120 };
    expect(reported(asked, "qptunnel:index:Host", props)).toHaveLength(1);
    expect(reported(asked, "qptunnel:index:Host", props, { maxSeconds: 300 })).toEqual([]);
});

test("resources of other types are not looked at", () => {
    expect(reported(policy("relay-host-key"), "aws:index:Host", { host: { kind: "ssh" } })).toEqual([]);
});

test("a policy of the stack reports with the resource's URN", () => {
    const asked = policy("relay-audit-log");
    const said: unknown[] = [];
    if (!("validateStack" in asked)) throw new Error("it looks at no stack");
    asked.validateStack({ resources: [inStack("Host", "office-host")], getConfig: () => ({}) }, (_, urn) =>
        said.push(urn),
    );
    expect(said).toEqual(["urn:office-host"]);
});

test("a policy and an option that do not exist are refused", () => {
    const unknown = { "relay-host-keys": "disabled" } as RelayPolicyConfig;
    expect(() => relayPolicies(unknown)).toThrow(
        `relayPolicies: relay-host-keys: there is no such policy; choose from ${NAMES.join(", ")}`,
    );
    const option = { "relay-key-age": { days: 3 } } as RelayPolicyConfig;
    expect(() => relayPolicies(option)).toThrow(
        "relayPolicies: relay-key-age.days: there is no such option; choose from maxDays, except",
    );
    const none = { "relay-host-key": { strict: true } } as RelayPolicyConfig;
    expect(() => relayPolicies(none)).toThrow("remove it: the policy has no options");
});

/** The SDK prints the warning about trustOnFirstUse. */
beforeEach(() => void jest.spyOn(console, "warn").mockImplementation());

describe("the inputs that the components declare", () => {
    const declared = (args: object, host: object, sink: object, keyExchange: "require" | "prefer") => async () => {
        const { registered } = await runProgram(() => {
            const wiki = new ExposedService("wiki", { upstream: "127.0.0.1:3000", allow: ["bob"], keyExchange });
            const audit = new AuditSink("audit", sink);
            const ssh = hosts.ssh({ address: "192.0.2.9", ...host });
            return {
                it: new Relay("office", {
                    host: ssh,
                    audit,
                    services: [wiki],
                    routes: ["192.168.9.0/24"],
                    ...args,
                } as never).urn,
            };
        });
        const said = relayPolicies({ "relay-approver": "disabled" }).map((each) =>
            registered.flatMap(({ type, inputs }) =>
                each.enforcementLevel === "disabled" ? [] : reported(each, type, unwrapped(inputs) as object),
            ),
        );
        return said.map((all) => all.length);
    };
    const grant = (ports: string[]): object => ({ from: "bob", to: { network: "192.168.9.0/24" }, ports });

    test("are accepted where they keep the rules", async () => {
        const peers = [{ name: "bob", publicKey: KEY, expires: "2031-01-01T00:00:00Z" }];
        const host = { hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPbtXnqUYZ0fN8Qyg8Yo0kUcvBaxF3FDm4mTYMB9Cx6" };
        const kept = declared({ peers, grants: [grant(["tcp/22"])] }, host, {}, "require");
        expect(await kept()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    });

    test("are refused, once each, where they break them", async () => {
        const peers = [{ name: "bob", publicKey: KEY, presharedKey: "none" }];
        const args = { peers, grants: [grant(["all"])], confirmTimeout: 3600 };
        const broken = declared(args, { trustOnFirstUse: true }, { mirror: false, path: "/tmp/a.jsonl" }, "prefer");
        // The age of keys is told by outputs, and the approver by the environment.
        expect(await broken()).toEqual([1, 1, 1, 1, 0, 1, 1, 0, 1, 1]);
    });
});

/** Without the marks of secrets, as the engine's library shows inputs to policies. */
function unwrapped(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(unwrapped);
    const map = value as Record<string, unknown>;
    if ("4dabf18193072939515e22adb298388d" in map) return unwrapped(map["value"]);
    return Object.fromEntries(Object.entries(map).map(([key, each]) => [key, unwrapped(each)]));
}
