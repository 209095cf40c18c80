import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { PluginAttach, type PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";

import { HostError, InvalidArgument } from "../../../../core/errors";
import { type PluginFunction } from "../../../../providers/plugin/functions/function";
import { appendFields, decodeStruct, encodeStruct, liftFields } from "../../../../providers/plugin/wire";
import { PartialFailure, UNKNOWN, type Context, type Resource } from "../../../../providers/resources/resource";
import { version } from "../../../../package.json";
import { echo, Engine, failureOf, secret, UNKNOWN_MARK, urnOf } from "./harness";

const KEY = "qK7dY3mZ0r8nVx5cW1tG9hJ4uB6eA2sDfLpOiUyTrEw=";

let engine: Engine | undefined;

async function offering(overrides: Partial<Resource>, logDelay?: () => Promise<void>): Promise<Engine> {
    engine = await Engine.start({ Thing: () => echo("Thing", overrides) }, logDelay);
    return engine;
}

afterEach(async () => {
    await engine?.stop();
    engine = undefined;
});

describe("the protocol's own calls", () => {
    it("promises in the handshake and in configure what it keeps", async () => {
        const plugin = await offering({});
        const handshake = await plugin.call<messages.ProviderHandshakeResponse>(
            "handshake",
            new messages.ProviderHandshakeRequest(),
        );
        expect(handshake.toObject()).toMatchObject({
            acceptSecrets: true,
            acceptResources: false,
            acceptOutputs: true,
        });
        const configured = await plugin.call<messages.ConfigureResponse>("configure", new messages.ConfigureRequest());
        expect(configured.toObject()).toMatchObject({
            acceptsecrets: true,
            acceptresources: false,
            acceptoutputs: true,
            supportspreview: true,
        });
    });

    it("has the package's version, and a schema of that version", async () => {
        const plugin = await offering({});
        const info = await plugin.call<PluginInfo>("getPluginInfo", new Empty());
        expect(info.getVersion()).toBe(version);
        const response = await plugin.call<messages.GetSchemaResponse>("getSchema", new messages.GetSchemaRequest());
        const schema = JSON.parse(response.getSchema());
        expect([schema.name, schema.version, Object.keys(schema.resources)]).toStrictEqual([
            "qptunnel",
            version,
            ["qptunnel:index:Thing"],
        ]);
    });

    it("refuses a provider's configuration, of which there is none, without its value", async () => {
        const plugin = await offering({});
        const check = new messages.CheckRequest();
        check.setNews(Struct.fromJavaScript({ version: "9.9.9", region: "fra1", token: KEY }));
        const checked = await plugin.call<messages.CheckResponse>("checkConfig", check);
        const failures = checked.getFailuresList().map((failure) => [failure.getProperty(), failure.getReason()]);
        expect(failures.sort()).toStrictEqual([
            [
                "",
                "qptunnel:region: is not a setting, because the provider has no configuration; remove it (connections are arguments of a Relay's `host`)",
            ],
            ["", expect.stringMatching(/^qptunnel:token: is not a setting/)],
        ]);
        expect(JSON.stringify(failures)).not.toContain(KEY);
    });

    it("echoes what the engine keeps with a provider and never sees a difference in it", async () => {
        const plugin = await offering({});
        const check = new messages.CheckRequest();
        check.setNews(Struct.fromJavaScript({ version: "9.9.9" }));
        const checked = await plugin.call<messages.CheckResponse>("checkConfig", check);
        expect(checked.getInputs()?.toJavaScript()).toStrictEqual({ version: "9.9.9" });
        expect(checked.getFailuresList()).toEqual([]);
        const diff = await plugin.call<messages.DiffResponse>("diffConfig", new messages.DiffRequest());
        expect(diff.getChanges()).toBe(messages.DiffResponse.DiffChanges.DIFF_NONE);
    });

    it.each(["call", "parameterize", "getMapping", "getMappings"] as const)(
        "says that it does not offer %s",
        async (method) => {
            const plugin = await offering({});
            const requests = {
                call: new messages.CallRequest(),
                parameterize: new messages.ParameterizeRequest(),
                getMapping: new messages.GetMappingRequest(),
                getMappings: new messages.GetMappingsRequest(),
            };
            expect(await failureOf(plugin.call(method, requests[method]))).toMatchObject({
                code: grpc.status.UNIMPLEMENTED,
                details: `qptunnel has components, resources and functions only; it does not offer ${method}`,
            });
        },
    );
});

describe("functions", () => {
    const ask = async (name: string, invoke: PluginFunction["invoke"]): Promise<messages.InvokeResponse> => {
        const outputs = { open: { type: { map: "string" as const }, description: "" } };
        const closed = { key: { type: "string" as const, description: "", secret: true as const } };
        const table = { look: () => ({ description: "", inputs: {}, outputs: { ...outputs, ...closed }, invoke }) };
        const plugin = (engine = await Engine.start({}, undefined, table));
        const request = new messages.InvokeRequest();
        request.setTok(`qptunnel:index:${name}`);
        request.setArgs(Struct.fromJavaScript({ at: "here", key: secret(KEY) }));
        return plugin.call<messages.InvokeResponse>("invoke", request);
    };

    it("are asked with plain values, and what is secret leaves marked", async () => {
        const seen: unknown[] = [];
        const answer = await ask("look", async (args) => {
            seen.push(args);
            return { open: { some: [1] }, key: KEY };
        });
        expect(seen).toEqual([{ at: "here", key: KEY }]);
        expect(answer.getReturn()?.toJavaScript()).toStrictEqual({
            open: { some: [1] },
            key: secret(KEY),
        });
    });

    it("that fail say why, without the secrets they were asked with", async () => {
        const failing = ask("look", async ({ key }) => {
            throw new InvalidArgument("look", `${String(key)} is refused`, "give another");
        });
        expect(await failureOf(failing)).toMatchObject({ details: "look: [secret] is refused; give another" });
    });

    it("that are not there are named", async () => {
        expect(await failureOf(ask("guess", async () => ({})))).toMatchObject({
            details: expect.stringMatching(/^qptunnel:index:guess: this version of the plugin has no such function; /),
        });
    });
});

describe("secrets", () => {
    it("reach the resource as plain values and leave it marked", async () => {
        const seen: unknown[] = [];
        const plugin = await offering({
            create: async (inputs) => {
                seen.push(inputs);
                return { id: "new", outputs: { ...inputs, derived: "d" } };
            },
        });
        const { outputs } = await plugin.create("Thing", {
            key: secret(KEY),
            peers: { a: { psk: secret(KEY) } },
            n: 1,
        });
        expect(seen).toStrictEqual([{ key: KEY, peers: { a: { psk: KEY } }, n: 1 }]);
        expect(outputs).toStrictEqual({ key: secret(KEY), peers: secret({ a: { psk: KEY } }), n: 1, derived: "d" });
    });

    it("are marked in every response where the schema says so", async () => {
        const plugin = await offering({
            schema: {
                inputs: { adopted: { type: "string", description: "", secret: true } },
                outputs: { key: { type: "string", description: "", secret: true } },
            },
            create: async () => ({ id: "new", outputs: { key: KEY } }),
            update: async () => ({ key: KEY }),
            read: async () => ({ id: "id", inputs: { adopted: KEY }, outputs: { key: KEY } }),
        });
        const state = { inputs: {}, outputs: {} };
        expect((await plugin.check("Thing", { adopted: KEY })).inputs).toStrictEqual({ adopted: secret(KEY) });
        expect((await plugin.create("Thing", {})).outputs).toStrictEqual({ key: secret(KEY) });
        expect(await plugin.update("Thing", state, {})).toStrictEqual({ key: secret(KEY) });
        expect(await plugin.read("Thing", {}, {})).toStrictEqual({
            id: "id",
            inputs: { adopted: secret(KEY) },
            outputs: { key: secret(KEY) },
        });
    });

    it("stay secret in what the program does not give, and are as secret as it gives them in what it does", async () => {
        const plugin = await offering({
            update: async (_id, _inputs, outputs, news) => ({ ...outputs, ...news }),
            check: async (news, olds) => ({ inputs: { ...olds, ...news }, failures: [] }),
        });
        const state = { inputs: { given: secret("g") }, outputs: { kept: secret("k"), given: secret("g") } };
        expect(await plugin.update("Thing", state, { given: "now plain" })).toStrictEqual({
            kept: secret("k"),
            given: "now plain",
        });
        const { inputs } = await plugin.check(
            "Thing",
            { given: "plain" },
            { computed: secret("c"), given: secret("g") },
        );
        expect(inputs).toStrictEqual({ computed: secret("c"), given: "plain" });
    });

    it("stay secret through a refresh", async () => {
        const plugin = await offering({});
        expect(await plugin.read("Thing", { key: secret(KEY) }, { key: secret(KEY), n: 1 })).toStrictEqual({
            id: "id",
            inputs: { key: secret(KEY) },
            outputs: { key: secret(KEY), n: 1 },
        });
    });

    it("are hidden in log lines and in every kind of failure, also of calls that get them from the state", async () => {
        const plugin = await offering({
            check: async ({ key }) => ({
                inputs: {},
                failures: [{ path: "key", problem: `cannot be ${String(key)}`, fix: "give another" }],
            }),
            create: async ({ key }) => {
                throw new Error(`unexpected token in "${String(key)}"`);
            },
            update: async (id, _inputs, { key }, news) => {
                throw new PartialFailure(id, news, { key }, [`wg said: bad key ${String(key)}`]);
            },
            delete: async (_id, _inputs, { key }, { log }) => log("warning", `gone with ${String(key)}`),
        });
        const state = { inputs: {}, outputs: { key: secret(KEY) } };
        const { failures } = await plugin.check("Thing", { key: secret(KEY) });
        const created = await failureOf(plugin.create("Thing", { key: secret(KEY) }));
        const updated = await failureOf(plugin.update("Thing", state, {}));
        await plugin.delete("Thing", {}, state.outputs);
        expect(failures).toStrictEqual([{ property: "", reason: "key: cannot be [secret]; give another" }]);
        expect(created.details).toMatch(/: unexpected token in "\[secret\]"$/);
        expect(updated.details).toBe("wg said: bad key [secret]");
        expect(updated.initFailed?.reasons).toStrictEqual(["wg said: bad key [secret]"]);
        expect(plugin.lines).toStrictEqual(["WARNING relay: gone with [secret]"]);
    });
});

describe("check", () => {
    it("gets no old inputs when there is no state", async () => {
        const seen: unknown[] = [];
        const plugin = await offering({
            check: async (news, olds) => {
                seen.push(olds);
                return { inputs: news, failures: [] };
            },
        });
        await plugin.check("Thing", { a: 1 });
        await plugin.check("Thing", { a: 1 }, { a: 0 });
        expect(seen).toStrictEqual([undefined, { a: 0 }]);
    });

    it("passes unknowns through and adds computed inputs", async () => {
        const seen: unknown[] = [];
        const plugin = await offering({
            check: async (news) => {
                seen.push(news);
                return { inputs: { ...news, address: "10.8.0.2" }, failures: [] };
            },
        });
        const { inputs } = await plugin.check("Thing", { peers: { alice: { key: UNKNOWN_MARK } } });
        expect(seen).toStrictEqual([{ peers: { alice: { key: UNKNOWN } } }]);
        expect(inputs).toStrictEqual({ peers: { alice: { key: UNKNOWN_MARK } }, address: "10.8.0.2" });
    });

    it("names the path in the reason and never sets the property, whose value the engine would print", async () => {
        const plugin = await offering({
            check: async () => ({
                inputs: {},
                failures: [
                    { path: "peers.alice.key", problem: "is not 32 bytes", fix: "give a key" },
                    { path: "", problem: "no peers", fix: "add one" },
                ],
            }),
        });
        expect((await plugin.check("Thing", {})).failures).toStrictEqual([
            { property: "", reason: "peers.alice.key: is not 32 bytes; give a key" },
            { property: "", reason: "no peers; add one" },
        ]);
    });

    it("answers a thrown InvalidArgument as a failure", async () => {
        const plugin = await offering({
            check: async () => {
                throw new InvalidArgument("subnet", "is full", "give a larger one");
            },
        });
        expect((await plugin.check("Thing", {})).failures).toStrictEqual([
            { property: "", reason: "subnet: is full; give a larger one" },
        ]);
    });
});

describe("diff", () => {
    const state = { inputs: { a: 1 }, outputs: { a: 1 } };
    const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;

    it("sends each changed path with its kind and side, and never asks for a replacement", async () => {
        const plugin = await offering({
            schema: { inputs: { peers: { type: { map: "string" }, description: "" } }, outputs: {} },
            diff: async () => ({
                changes: {
                    "peers.carol": "add",
                    'peers["a.b"]': "delete",
                    "peers.bob.key": "update",
                    checks: "update",
                },
            }),
        });
        const { ADD, DELETE, UPDATE } = messages.PropertyDiff.Kind;
        expect(await plugin.diff("Thing", state, { a: 2 })).toMatchObject({
            changes: DIFF_SOME,
            hasdetaileddiff: true,
            detaileddiffMap: [
                ["checks", { kind: UPDATE, inputdiff: false }],
                ["peers.bob.key", { kind: UPDATE, inputdiff: true }],
                ["peers.carol", { kind: ADD, inputdiff: true }],
                ['peers["a.b"]', { kind: DELETE, inputdiff: true }],
            ],
            replacesList: [],
            deletebeforereplace: false,
        });
    });

    it("tells that nothing changed", async () => {
        const plugin = await offering({ diff: async () => ({ changes: {} }) });
        expect((await plugin.diff("Thing", state, { a: 1 })).changes).toBe(DIFF_NONE);
    });

    it("says nothing where the engine asks, unchecked, what a deletion of something else would replace", async () => {
        const seen: unknown[] = [];
        const plugin = await offering({
            check: async (news) => ({ inputs: news, failures: [] }),
            diff: async (_id, _inputs, _outputs, { a }, { log }) => {
                seen.push(a);
                log("info", "a new key");
                return { changes: { a: "update" } };
            },
        });
        expect(await plugin.diff("Thing", state, { a: UNKNOWN_MARK })).toMatchObject({
            changes: DIFF_NONE,
            replacesList: [],
        });
        expect([seen, plugin.lines]).toEqual([[], []]);
        await plugin.check("Thing", { a: UNKNOWN_MARK });
        expect((await plugin.diff("Thing", state, { a: UNKNOWN_MARK })).changes).toBe(DIFF_SOME);
        expect((await plugin.diff("Thing", state, { a: 2 })).changes).toBe(DIFF_SOME);
        expect(seen).toEqual([UNKNOWN, 2]);
    });

    it("knows the diff that a refresh makes of what it read, and only that one", async () => {
        const seen: boolean[] = [];
        const plugin = await offering({
            diff: async (_id, _inputs, _outputs, _news, { refreshing }) => {
                seen.push(refreshing);
                return { changes: {} };
            },
        });
        await plugin.diff("Thing", state, { a: 1 });
        await plugin.read("Thing", state.inputs, state.outputs);
        await plugin.diff("Thing", state, { a: 1 });
        await plugin.diff("Thing", state, { a: 1 });
        await plugin.read("Thing", {}, {}); // an import
        await plugin.diff("Thing", state, { a: 1 });
        expect(seen).toStrictEqual([false, true, false, false]);
    });
});

describe("create, read, update and delete", () => {
    it("know their surroundings", async () => {
        const seen: Partial<Context>[] = [];
        const keep = ({ urn, name, project, stack, preview }: Context) => {
            seen.push({ urn, name, project, stack, preview });
        };
        const plugin = await offering({
            create: async (outputs, context) => {
                keep(context);
                return { id: "new", outputs };
            },
            delete: async (_id, _inputs, _outputs, context) => keep(context),
        });
        await plugin.create("Thing", {}, true);
        await plugin.delete("Thing", {}, {});
        const common = { urn: urnOf("Thing"), name: "relay", project: "vpn", stack: "prod" };
        expect(seen).toStrictEqual([
            { ...common, preview: true },
            { ...common, preview: false },
        ]);
    });

    it("show in a preview what is known and leave the rest unknown", async () => {
        const plugin = await offering({
            create: async (inputs) => ({ id: "", outputs: { ...inputs, address: "10.8.0.2", key: UNKNOWN } }),
            update: async (_id, _inputs, outputs) => ({ ...outputs, key: UNKNOWN }),
        });
        expect((await plugin.create("Thing", { a: UNKNOWN_MARK }, true)).outputs).toStrictEqual({
            a: UNKNOWN_MARK,
            address: "10.8.0.2",
            key: UNKNOWN_MARK,
        });
        expect((await plugin.create("Thing", { a: secret(UNKNOWN_MARK) }, true)).outputs["a"]).toStrictEqual(
            secret(UNKNOWN_MARK),
        );
        expect(await plugin.update("Thing", { inputs: {}, outputs: { a: 1 } }, {}, true)).toStrictEqual({
            a: 1,
            key: UNKNOWN_MARK,
        });
    });

    it("tell by an empty id that a resource is not there any more", async () => {
        const plugin = await offering({ read: async () => undefined });
        expect(await plugin.read("Thing", {}, { a: 1 })).toStrictEqual({ id: "", inputs: {}, outputs: {} });
    });

    it("keep what happened when only part of it did, secrets marked", async () => {
        const plugin = await offering({
            schema: { inputs: {}, outputs: { key: { type: "string", description: "", secret: true } } },
            create: async (inputs) => {
                throw new PartialFailure("made", inputs, { key: KEY, port: 8443 }, [
                    "the probe got no answer",
                    "try again",
                ]);
            },
        });
        expect(await failureOf(plugin.create("Thing", { n: secret("x") }))).toStrictEqual({
            code: grpc.status.UNKNOWN,
            details: "the probe got no answer; try again",
            initFailed: {
                id: "made",
                reasons: ["the probe got no answer", "try again"],
                properties: { key: secret(KEY), port: 8443 },
                inputs: { n: secret("x") },
            },
        });
    });

    it("fail with a person's message alone, and with file and line where it is a bug", async () => {
        const plugin = await offering({
            create: async () => {
                throw new HostError("host", "there is no wg", "install wireguard-tools");
            },
            delete: async () => {
                throw new RangeError("index 7");
            },
        });
        expect((await failureOf(plugin.create("Thing", {}))).details).toBe(
            "host: there is no wg; install wireguard-tools",
        );
        expect((await failureOf(plugin.delete("Thing", {}, {}))).details).toMatch(
            /^unexpected RangeError at test\/unit\/providers\/plugin\/server\.test\.ts:\d+: index 7$/,
        );
    });

    it("refuse a type this version does not have", async () => {
        const plugin = await offering({});
        expect((await failureOf(plugin.create("constructor", {}))).details).toBe(
            "qptunnel:index:constructor: this version of the plugin has no such resource; " +
                "use the plugin of the pulumi-qp-tunnel version that the program uses",
        );
    });

    it("are told when the engine cancels; what starts later is not", async () => {
        let hasStarted = () => {};
        const started = new Promise<void>((resolve) => (hasStarted = resolve));
        const plugin = await offering({
            create: (_inputs, { signal }) =>
                new Promise((resolve) => {
                    signal.addEventListener("abort", () => resolve({ id: "stopped", outputs: {} }));
                    hasStarted();
                }),
            update: async (_id, _inputs, _outputs, _news, { signal }) => ({ aborted: signal.aborted }),
        });
        const running = plugin.create("Thing", {});
        await started;
        await plugin.call("cancel", new Empty());
        expect((await running).id).toBe("stopped");
        expect(await plugin.update("Thing", { inputs: {}, outputs: {} }, {})).toStrictEqual({ aborted: false });
    });
});

describe("log lines", () => {
    it("have arrived, in order, before the response does, however slow the engine is", async () => {
        const plugin = await offering(
            {
                diff: async (_id, _inputs, _outputs, _news, { log }) => {
                    log("info", "carol will be connected");
                    log("warning", "bob is cut at once");
                    log("debug", "nothing else changes");
                    log("error", "no");
                    return { changes: {} };
                },
            },
            () => new Promise((resolve) => setImmediate(resolve)),
        );
        await plugin.diff("Thing", { inputs: {}, outputs: {} }, {});
        expect(plugin.lines).toStrictEqual([
            "INFO relay: carol will be connected",
            "WARNING relay: bob is cut at once",
            "DEBUG relay: nothing else changes",
            "ERROR relay: no",
        ]);
    });

    it("go to the engine that attached last", async () => {
        const plugin = await offering({
            create: async (_inputs, { log }) => (log("info", "here"), { id: "", outputs: {} }),
        });
        const other = await Engine.start({});
        try {
            const request = new PluginAttach();
            request.setAddress(other.address);
            await plugin.call("attach", request);
            await plugin.create("Thing", {});
            expect([plugin.lines, other.lines]).toStrictEqual([[], ["INFO relay: here"]]);
        } finally {
            await other.stop();
        }
    });

    it("arrive once in a run of the engine, by whichever resource, and again in the next", async () => {
        const plugin = await offering({
            create: async (_inputs, { log, preview }) => {
                log("warning", "the log is 5 lines older", "the log is behind");
                log("warning", `the log is ${preview ? 6 : 7} lines older`, "the log is behind");
                log("warning", "no forwarding");
                log("info", "no forwarding");
                return { id: "", outputs: {} };
            },
        });
        const once = [
            "WARNING relay: the log is 5 lines older",
            "WARNING relay: no forwarding",
            "INFO relay: no forwarding",
        ];
        await plugin.create("Thing", {});
        await plugin.create("Thing", {});
        expect(plugin.lines).toStrictEqual(once);
        await plugin.call("cancel", new Empty());
        await plugin.create("Thing", {});
        expect(plugin.lines).toStrictEqual([...once, ...once]);
        await plugin.call("configure", new messages.ConfigureRequest());
        await plugin.create("Thing", {});
        expect(plugin.lines).toStrictEqual([...once, ...once, ...once]);
    });

    it("arrive from an operation that fails, too", async () => {
        const plugin = await offering({
            create: async (_inputs, { log }) => {
                log("warning", "the old table was somebody else's");
                throw new HostError("host", "is busy", "try again");
            },
        });
        await failureOf(plugin.create("Thing", {}));
        expect(plugin.lines).toStrictEqual(["WARNING relay: the old table was somebody else's"]);
    });
});

it("passes 10 000 peers in and out", async () => {
    const plugin = await offering({});
    const peers = Object.fromEntries(
        Array.from({ length: 10_000 }, (_, i) => [
            `peer-${i}`,
            {
                address: `10.8.${i >> 8}.${i & 255}`,
                publicKey: KEY,
                routes: ["192.168.0.0/24"],
                keyEpoch: 1,
                admitted: 1,
                expires: "2030-01-01T00:00:00Z",
            },
        ]),
    );
    // The generated classes would take seconds for this, and it is the plugin that is tested.
    const bag = encodeStruct({ peers });
    const request = appendFields(new Uint8Array(), [
        [2, Buffer.from(urnOf("Thing"))],
        [3, bag],
        [4, bag],
        [8, bag],
    ]);
    const response = await new Promise<Buffer>((resolve, reject) =>
        plugin.client.makeUnaryRequest(
            "/pulumirpc.ResourceProvider/Update",
            (bytes: Buffer) => bytes,
            (bytes: Buffer) => bytes,
            request,
            (error, bytes) => (error || !bytes ? reject(error ?? new Error("empty")) : resolve(bytes)),
        ),
    );
    expect(request.length).toBeGreaterThan(4 * 1024 * 1024);
    expect(decodeStruct(liftFields(response, [1]).fields.get(1)!)).toStrictEqual({ peers });
});
