import * as pulumi from "@pulumi/pulumi";

import { programValues } from "../../../../components/remote/values";
import { OUTPUT_VALUE, secret, SIGNATURE, UNKNOWN_MARK } from "../../providers/plugin/harness";
import type { Json, JsonObject } from "../../../../providers/plugin/json";

const URN = "urn:pulumi:prod::vpn::cloud:index:Machine::m";

beforeAll(() => pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }));

const supplied = (value: Json | undefined, more: JsonObject = {}): JsonObject => ({
    [SIGNATURE]: OUTPUT_VALUE,
    ...(value === undefined ? {} : { value }),
    ...more,
});

/** What the SDK knows of an Output. */
interface Known {
    promise(withUnknowns?: boolean): Promise<unknown>;
    isKnown: Promise<boolean>;
    isSecret: Promise<boolean>;
    resources(): Set<pulumi.Resource>;
}

async function told(value: unknown): Promise<object> {
    const output = value as Known;
    expect(pulumi.Output.isInstance(output)).toBe(true);
    const urns = [...output.resources()].map(({ urn }) => (urn as unknown as Known).promise());
    const isKnown = await output.isKnown;
    return {
        value: isKnown ? await output.promise() : undefined,
        isKnown,
        isSecret: await output.isSecret,
        suppliers: [...new Set(await Promise.all(urns))],
    };
}

it("gives what is known as it is, without what is null, in the order of names", () => {
    const values = programValues({ z: 1, peers: [{ name: "nas", routes: ["10.0.0.0/8"], expires: null }], a: null });
    expect(values).toStrictEqual({ peers: [{ name: "nas", routes: ["10.0.0.0/8"] }], z: 1 });
    expect(Object.keys(values)).toStrictEqual(["peers", "z"]);
});

it("gives a value that another resource supplies, unless nothing is said of it, as an Output that depends on it", async () => {
    const { host } = programValues({
        host: { kind: supplied("ssh"), address: supplied("192.0.2.7", { dependencies: [URN] }) },
    }) as { host: Record<string, unknown> };
    expect(host["kind"]).toBe("ssh");
    expect(await told(host["address"])).toStrictEqual({
        value: "192.0.2.7",
        isKnown: true,
        isSecret: false,
        suppliers: [URN],
    });
});

it("gives secrets and what is not known yet as Outputs that are", async () => {
    const values = programValues({
        a: secret("key"),
        b: supplied("key", { secret: true, dependencies: [URN] }),
        c: UNKNOWN_MARK,
        d: supplied(undefined, { secret: true }),
    });
    expect(await Promise.all(["a", "b", "c", "d"].map((name) => told(values[name])))).toStrictEqual([
        { value: "key", isKnown: true, isSecret: true, suppliers: [] },
        { value: "key", isKnown: true, isSecret: true, suppliers: [URN] },
        { value: undefined, isKnown: false, isSecret: false, suppliers: [] },
        { value: undefined, isKnown: false, isSecret: true, suppliers: [] },
    ]);
});

it("says of everything in a list or an object what is said of it", async () => {
    const { peers, grants } = programValues({
        peers: supplied([{ name: "nas", publicKey: supplied("key", { dependencies: [URN] }) }], { secret: true }),
        grants: secret([{ from: ["nas"] }]),
    }) as { peers: { name: unknown; publicKey: unknown }[]; grants: { from: unknown[] }[] };
    expect(await told(peers[0]!.publicKey)).toMatchObject({ value: "key", isSecret: true, suppliers: [URN] });
    expect(await told(peers[0]!.name)).toMatchObject({ value: "nas", isSecret: true, suppliers: [] });
    expect(await told(grants[0]!.from[0])).toMatchObject({ value: "nas", isSecret: true });
});

it("refuses an asset", () => {
    expect(() => programValues({ host: { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", text: "x" } })).toThrow(
        "an asset, an archive or a resource is given where no argument takes one",
    );
});
