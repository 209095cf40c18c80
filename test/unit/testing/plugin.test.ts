import { mockKey } from "../../../core/mocks/index.js";
import { unpacked } from "../../../core/packed/index.js";
import { resources } from "../../../providers/plugin/registry.js";
import { type Context, UNKNOWN } from "../../../providers/resources/resource.js";
import { plan } from "../../../testing/index.js";
import { plainInputs } from "../../../testing/plain.js";
import { answerFor, inPlaceOf } from "../../../testing/plugin.js";
import { mocked, office } from "./program.js";

const WITH_A_PREVIEW = ["Host", "Firewall", "WireGuard", "Proxy", "Grants"] as const;
const REACHED = { machine: UNKNOWN, client: UNKNOWN };

it("answers as the plugin's own resources do in a preview, and says the same", async () => {
    const registered: { type: string; inputs: object }[] = [];
    const plugin = await mocked();
    const { newResource } = plugin;
    plugin.newResource = (args) => {
        registered.push({ type: args.type, inputs: args.inputs as object });
        return newResource(args);
    };
    await plan(office().relay);
    for (const type of WITH_A_PREVIEW) {
        const { inputs } = registered.find((each) => each.type === `qptunnel:index:${type}`)!;
        const said: string[] = [];
        const log: Context["log"] = (_severity, message) => void said.push(message);
        const context = { preview: true, name: "office", log } as unknown as Context;
        // What the engine does not know before the first apply.
        const unmade = { machine: UNKNOWN, hostKey: UNKNOWN, seed: UNKNOWN, reached: REACHED };
        const known = Object.entries(unmade).filter(([key]) => key in inputs && type !== "Host");
        const news = { ...unpacked(type, plainInputs(inputs)), ...Object.fromEntries(known) };
        const checked = await resources[type]().check(news, undefined, context);
        expect(checked.failures).toEqual([]);
        await resources[type]().create(checked.inputs, context);
        const args = { type: `qptunnel:index:${type}`, name: `office-${type}`, inputs };
        expect((await answerFor(args)).sentences).toEqual(said);
    }
});

it("gives every output of the plugin's schema that a first apply has", async () => {
    const args = { type: "qptunnel:index:Seed", name: "office-seed", inputs: { relay: "office" } };
    const { state } = await answerFor(args);
    expect(Object.keys(state).sort()).toEqual(["relay", "seed"]);
    await expect(answerFor({ ...args, type: "qptunnel:index:Sead" })).rejects.toThrow(
        "qptunnel:index:Sead: the plugin has no such resource",
    );
});

it("refuses what the plugin refuses, and has something in its place", async () => {
    const pair = { type: "qptunnel:index:KeyPair", name: "bob-key", inputs: { owner: "bob", epoch: 0 } };
    await expect(answerFor(pair)).rejects.toThrow("epoch: must be an integer ≥ 1; start with 1 and count up");
    expect(inPlaceOf(pair)).toMatchObject({ publicKey: mockKey("public", "bob") });
    const inputs = { peers: { alice: {}, nas: { address: "10.9.0.1" } }, services: { wiki: {} } };
    const registry = { type: "qptunnel:index:Registry", name: "office-registry", inputs };
    expect(inPlaceOf(registry)).toMatchObject({
        peers: { alice: { address: "192.0.2.254" }, nas: { address: "10.9.0.1" } },
        services: { wiki: { port: 0 } },
    });
});
