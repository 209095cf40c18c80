import * as messages from "@pulumi/pulumi/proto/provider_pb";

import { InvalidArgument } from "../../../../core/errors.js";
import { type EngineLog } from "../../../../providers/plugin/engine.js";
import { Operations } from "../../../../providers/plugin/operations.js";
import { type Context, type Resource, UNKNOWN } from "../../../../providers/resources/resource.js";
import { echo, secret, UNKNOWN_MARK, urnOf } from "./harness.js";

const lines: string[] = [];
function operations(
    overrides: Partial<Resource> = {},
    schema: Resource["schema"] = { inputs: {}, outputs: {} },
): Operations {
    lines.length = 0;
    const log = {
        line: (severity: string, _urn: string, text: string) => lines.push(`${severity}: ${text}`),
        flush: () => Promise.resolve(),
    };
    return new Operations({ Lamp: () => echo("Lamp", { schema, ...overrides }) }, log as unknown as EngineLog);
}
const created = (of: Operations, properties: object, type = "Lamp", preview = false) => {
    const message = new messages.CreateRequest();
    message.setUrn(urnOf(type));
    message.setPreview(preview);
    return of.create({ message, structs: { properties: properties as never } });
};
const diffed = (of: Operations, news: object, olds: object = {}) => {
    const message = new messages.DiffRequest();
    message.setUrn(urnOf("Lamp"));
    return of.diff({ message, structs: { news: news as never, olds: olds as never, oldInputs: {} } });
};

it("a resource is told where it is, and whether the engine only previews", async () => {
    let told: Context | undefined;
    const create: Resource["create"] = (inputs, context) => {
        told = context;
        return Promise.resolve({ id: "new", outputs: inputs });
    };
    const { message, structs } = await created(operations({ create }), { colour: "red" }, "Lamp", true);
    expect([message.getId(), structs.properties]).toEqual(["new", { colour: "red" }]);
    expect(told).toMatchObject({ name: "relay", project: "vpn", stack: "prod", preview: true, refreshing: false });
});

it("a secret comes open and leaves as one, and stands in no line and no failure", async () => {
    const create: Resource["create"] = ({ key }, context) => {
        context.log("info", `it is ${String(key)}`);
        return Promise.reject(new Error(`cannot use ${String(key)}`));
    };
    const failure = await created(operations({ create }), { key: secret("correct horse battery staple") }).catch(
        (error: Error) => error,
    );
    expect(lines).toHaveLength(1);
    for (const text of [lines[0], (failure as Error).message]) expect(text).not.toContain("battery");
    const { structs } = await created(operations(), { key: secret("correct horse battery staple"), plain: "x" });
    expect(structs.properties).toEqual({ key: secret("correct horse battery staple"), plain: "x" });
});

it("what a schema calls a secret is one, whoever gives it", async () => {
    const schema: Resource["schema"] = {
        inputs: {},
        outputs: { key: { type: "string", description: "", secret: true } },
    };
    const { structs } = await created(operations({}, schema), { key: "hunter2" });
    expect(structs.properties).toEqual({ key: secret("hunter2") });
});

it("a resource that this version does not have is named, with what to do", async () => {
    await expect(created(operations(), {}, "Torch")).rejects.toThrow(
        "qptunnel:index:Torch: this version of the plugin has no such resource; use the plugin of the pulumi-qp-tunnel version that the program uses",
    );
    await expect(created(operations(), {}, "toString")).rejects.toThrow("has no such resource");
});

it("an argument that is refused by throwing is a failed check, anything else a failed call", async () => {
    const checked = (error: Error) => {
        const message = new messages.CheckRequest();
        message.setUrn(urnOf("Lamp"));
        return operations({ check: () => Promise.reject(error) }).check({ message, structs: { news: {}, olds: {} } });
    };
    const { message } = await checked(new InvalidArgument("colour", "is unknown", "choose red"));
    const [failure] = message.getFailuresList();
    expect(failure?.getReason()).toBe("colour: is unknown; choose red");
    // The engine would print the property's value.
    expect(failure?.getProperty()).toBe("");
    await expect(checked(new TypeError("a fault"))).rejects.toThrow("unexpected TypeError");
});

describe("a diff", () => {
    const diff: Resource["diff"] = (_id, _inputs, _outputs, news, { refreshing }) =>
        Promise.resolve({
            changes: refreshing
                ? { "drift.colour": "delete" }
                : { "colour.of": news.colour === UNKNOWN ? "add" : "update" },
        });
    const schema: Resource["schema"] = {
        inputs: { colour: { type: { map: "string" }, description: "" } },
        outputs: {},
    };

    it("says which paths are inputs, and that nothing changes where nothing does", async () => {
        const some = await diffed(operations({ diff }, schema), { colour: "red" });
        const [[path, detail]] = some.getDetaileddiffMap().toArray() as unknown as [[string, messages.PropertyDiff]];
        expect([path, some.getChanges()]).toEqual(["colour.of", messages.DiffResponse.DiffChanges.DIFF_SOME]);
        expect((some.getDetaileddiffMap().get("colour.of") ?? detail).getInputdiff()).toBe(true);
        expect((await diffed(operations(), {})).getChanges()).toBe(messages.DiffResponse.DiffChanges.DIFF_NONE);
    });

    it("of a program that was not checked, with values that are not known, is a question of the engine's own", async () => {
        const of = operations({ diff }, schema);
        expect((await diffed(of, { colour: UNKNOWN_MARK })).getDetaileddiffMap().getLength()).toBe(0);
        const check = new messages.CheckRequest();
        check.setUrn(urnOf("Lamp"));
        await of.check({ message: check, structs: { news: { colour: UNKNOWN_MARK }, olds: {} } });
        expect((await diffed(of, { colour: UNKNOWN_MARK })).getDetaileddiffMap().getLength()).toBe(1);
    });

    it("right after a read of a state is the refresh's own, once", async () => {
        const of = operations({ diff }, schema);
        const read = new messages.ReadRequest();
        read.setUrn(urnOf("Lamp"));
        await of.read({ message: read, structs: { inputs: {}, properties: { colour: "red" } } });
        expect((await diffed(of, { colour: "red" })).getDetaileddiffMap().has("drift.colour")).toBe(true);
        expect((await diffed(of, { colour: "red" })).getDetaileddiffMap().has("colour.of")).toBe(true);
    });
});

it("a line is said once in a run, and again in the next", async () => {
    const create: Resource["create"] = (inputs, context) => {
        context.log("info", "the same");
        return Promise.resolve({ id: "new", outputs: inputs });
    };
    const of = operations({ create });
    await created(of, {});
    await created(of, {});
    expect(lines).toEqual(["info: the same"]);
    of.configure();
    await created(of, {});
    expect(lines).toHaveLength(2);
});

it("a cancel reaches what runs, and nothing that comes later; who waits for the end waits for all", async () => {
    const signals: AbortSignal[] = [];
    let release = (): void => undefined;
    const create: Resource["create"] = async (inputs, { signal }) => {
        signals.push(signal);
        if (signals.length === 1) await new Promise<void>((resolve) => (release = resolve));
        return { id: "new", outputs: inputs };
    };
    const of = operations({ create });
    const first = created(of, {});
    of.cancel();
    await created(of, {});
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    let idle = false;
    const end = of.idle().then(() => (idle = true));
    await Promise.resolve();
    expect(idle).toBe(false);
    release();
    await Promise.all([first, end]);
    expect(idle).toBe(true);
});

describe("a peer is one line of text to the engine, and an entry to a resource", () => {
    const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
    const [alice, line] = [{ address: "10.8.0.2", publicKey: KEY }, `10.8.0.2 ${KEY}`];
    const log = { line: () => undefined, flush: () => Promise.resolve() } as unknown as EngineLog;
    const schema = { inputs: { peers: { type: { map: "string" }, description: "" } }, outputs: {} } as const;
    const relay = (overrides: Partial<Resource> = {}): Operations =>
        new Operations({ WireGuard: () => echo("WireGuard", { schema, ...overrides }) }, log);

    it("in what is created, whichever form it came in", async () => {
        const seen: unknown[] = [];
        const create: Resource["create"] = (inputs) => {
            seen.push(inputs.peers);
            return Promise.resolve({ id: "id", outputs: { ...inputs, presharedKeys: { alice: KEY } } });
        };
        for (const peers of [{ alice: line }, { alice }]) {
            const { structs } = await created(
                relay({ create }),
                { peers, presharedKeys: secret({ alice: KEY }) },
                "WireGuard",
            );
            // What is secret is no part of a line, and stays secret.
            expect(structs.properties).toEqual({ peers: { alice: line }, presharedKeys: secret({ alice: KEY }) });
        }
        expect(seen).toEqual([{ alice }, { alice }]);
    });

    it("in a diff, which compares the state of an older version with lines, and names the line that changed", async () => {
        const diff: Resource["diff"] = (_id, _oldInputs, olds, news) =>
            Promise.resolve({
                changes:
                    JSON.stringify(olds.peers) === JSON.stringify(news.peers) ? {} : { "peers.alice.routes": "add" },
            });
        const ask = async (peers: object): Promise<unknown> => {
            const message = new messages.DiffRequest();
            message.setUrn(urnOf("WireGuard"));
            const structs = { news: { peers }, olds: { peers: { alice } }, oldInputs: {} } as never;
            const response = (await relay({ diff }).diff({ message, structs })).toObject();
            return [response.changes, response.detaileddiffMap];
        };
        const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
        expect(await ask({ alice: line })).toEqual([DIFF_NONE, []]);
        const update = { kind: messages.PropertyDiff.Kind.UPDATE, inputdiff: true };
        expect(await ask({ alice: `${line} routes 192.168.7.0/24` })).toEqual([DIFF_SOME, [["peers.alice", update]]]);
    });
});
