import { namedTypeSpecs, propertySpecs, requiredOf, typeSpec } from "../../../../providers/plugin/types";

it("says types as Pulumi's schema does", () => {
    expect(typeSpec("integer")).toStrictEqual({ type: "integer" });
    expect(typeSpec({ list: { map: "string" } })).toStrictEqual({
        type: "array",
        items: { type: "object", additionalProperties: { type: "string" } },
    });
    expect(typeSpec({ oneOf: ["string", { named: "PeerPort" }] })).toStrictEqual({
        oneOf: [{ type: "string" }, { $ref: "#/types/qptunnel:index:PeerPort" }],
    });
});

it("says of properties what they are and whether they may be left out", () => {
    const properties = {
        name: { of: "string" as const, description: "Its name." },
        port: { of: "integer" as const, description: "Its port.", optional: true as const, default: 22 },
        key: { of: "string" as const, description: "Its key.", optional: true as const, secret: true as const },
    };
    expect(propertySpecs(properties)).toStrictEqual({
        name: { type: "string", description: "Its name." },
        port: { type: "integer", description: "Its port.", default: 22 },
        key: { type: "string", description: "Its key.", secret: true },
    });
    expect(requiredOf(properties)).toStrictEqual(["name"]);
});

it("gives objects and enumerations names of the package", () => {
    const kinds = { Local: { value: "local", description: "This machine." } };
    const types = {
        Place: { description: "Where.", properties: { kind: { of: { named: "Kind" }, description: "Its kind." } } },
        Kind: { description: "What leads there.", values: kinds },
    };
    expect(namedTypeSpecs(types)).toStrictEqual({
        "qptunnel:index:Place": {
            type: "object",
            description: "Where.",
            properties: { kind: { $ref: "#/types/qptunnel:index:Kind", description: "Its kind." } },
            required: ["kind"],
        },
        "qptunnel:index:Kind": {
            type: "string",
            description: "What leads there.",
            enum: [{ name: "Local", value: "local", description: "This machine." }],
        },
    });
});
