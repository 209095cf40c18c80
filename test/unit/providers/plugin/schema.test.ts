import { components } from "../../../../providers/plugin/components/table";
import { functions } from "../../../../providers/plugin/functions/table";
import { resources } from "../../../../providers/plugin/registry";
import { packageSchema } from "../../../../providers/plugin/schema";
import { echo } from "./harness";

describe("packageSchema", () => {
    it("says what each resource says about itself", () => {
        const thing = echo("Thing", {
            schema: {
                inputs: {
                    name: { type: "string", description: "Its name." },
                    key: { type: "string", description: "Its key.", secret: true, optional: true },
                },
                outputs: {
                    peers: { type: { map: { named: "Peer" } }, description: "By name." },
                    reasons: { type: { list: "string" }, description: "Why." },
                },
            },
        });
        expect(packageSchema("1.2.3", { Thing: () => thing })).toMatchObject({
            name: "qptunnel",
            version: "1.2.3",
            resources: {
                "qptunnel:index:Thing": {
                    description: "Echoes its inputs.",
                    inputProperties: {
                        name: { type: "string", description: "Its name." },
                        key: { type: "string", description: "Its key.", secret: true },
                    },
                    requiredInputs: ["name"],
                    properties: {
                        peers: {
                            type: "object",
                            additionalProperties: { $ref: "#/types/qptunnel:index:Peer" },
                            description: "By name.",
                        },
                        reasons: { type: "array", items: { type: "string" }, description: "Why." },
                    },
                    required: ["peers", "reasons"],
                },
            },
        });
    });

    it("says what each function takes and gives", () => {
        const look = {
            description: "Looks.",
            inputs: {
                at: { type: "string" as const, description: "Where." },
                far: { type: "boolean" as const, description: "How.", optional: true as const },
            },
            outputs: { seen: { type: { map: "string" as const }, description: "What." } },
            invoke: async () => ({}),
        };
        const string = { type: "string", description: "Where." };
        expect(packageSchema("1.2.3", {}, { look: () => look })).toMatchObject({
            functions: {
                "qptunnel:index:look": {
                    description: "Looks.",
                    inputs: { properties: { at: string, far: { type: "boolean" } }, required: ["at"] },
                    outputs: { properties: { seen: { type: "object" } }, required: ["seen"] },
                },
            },
        });
    });

    it("marks components", () => {
        const thing = {
            description: "A thing.",
            inputs: { size: { of: "integer" as const, description: "Its size.", optional: true as const, default: 3 } },
            outputs: { place: { of: { named: "Place" }, description: "Where it is." } },
            types: { Place: { description: "A place.", properties: {} } },
        };
        const table = {
            Thing: { schema: () => thing, load: () => ({ construct: () => Promise.reject(new Error()) }) },
        };
        expect(packageSchema("1.2.3", {}, {}, table)).toMatchObject({
            types: { "qptunnel:index:Place": { type: "object", description: "A place.", properties: {} } },
            resources: {
                "qptunnel:index:Thing": {
                    isComponent: true,
                    description: "A thing.",
                    inputProperties: { size: { type: "integer", description: "Its size.", default: 3 } },
                    requiredInputs: [],
                    properties: { place: { $ref: "#/types/qptunnel:index:Place", description: "Where it is." } },
                    required: ["place"],
                },
            },
        });
    });
});

describe("the package's own schema", () => {
    interface Spec {
        type?: string;
        $ref?: string;
        items?: Spec;
        additionalProperties?: Spec;
        oneOf?: Spec[];
        description?: string;
        properties?: Record<string, Spec>;
        required?: string[];
        enum?: { name: string; value: string; description: string }[];
    }
    type Side = Record<string, Spec>;
    const schema = JSON.parse(JSON.stringify(packageSchema("1.2.3", resources, functions, components))) as {
        types: Record<string, Spec>;
        resources: Record<string, Spec & { inputProperties: Side; properties: Side; isComponent?: boolean }>;
        functions: Record<string, Spec & { inputs: Spec; outputs: Spec }>;
    };
    /** Every list of properties, by where it is. */
    const sides: [string, Side][] = [
        ...Object.entries(schema.types).map(([name, { properties = {} }]): [string, Side] => [name, properties]),
        ...Object.entries(schema.resources).flatMap(([name, { inputProperties, properties }]): [string, Side][] => [
            [`${name} inputs`, inputProperties],
            [`${name} outputs`, properties],
        ]),
        ...Object.entries(schema.functions).flatMap(([name, { inputs, outputs }]): [string, Side][] => [
            [`${name} inputs`, inputs.properties ?? {}],
            [`${name} outputs`, outputs.properties ?? {}],
        ]),
    ];
    const referred = new Set<string>();

    /** What is not said of a type; empty: it is typed through and through. */
    const untyped = (path: string, { type, $ref, items, additionalProperties, oneOf }: Spec): string[] => {
        if (oneOf !== undefined) return oneOf.flatMap((each, index) => untyped(`${path}|${index}`, each));
        if ($ref !== undefined) {
            referred.add($ref.replace("#/types/", ""));
            return $ref.startsWith("#/types/qptunnel:index:") ? [] : [`${path}: ${$ref}`];
        }
        if (type === "array") return items === undefined ? [path] : untyped(`${path}[]`, items);
        if (type === "object")
            return additionalProperties === undefined ? [path] : untyped(`${path}{}`, additionalProperties);
        return ["string", "integer", "number", "boolean"].includes(type ?? "") ? [] : [`${path}: ${type}`];
    };

    it("describes and types every property, down to the last one, and has every type that it refers to", () => {
        const properties = sides.flatMap(([name, side]) =>
            Object.entries(side).map(([property, spec]): [string, Spec] => [`${name}.${property}`, spec]),
        );
        expect(properties.length).toBeGreaterThan(200);
        expect(properties.flatMap(([path, spec]) => untyped(path, spec))).toStrictEqual([]);
        expect(properties.filter(([, { description = "" }]) => description === "").map(([path]) => path)).toStrictEqual(
            [],
        );
        expect([...referred].sort()).toStrictEqual(Object.keys(schema.types).sort());
    });

    it("describes every type, resource, function and member of an enumeration", () => {
        const all = { ...schema.types, ...schema.resources, ...schema.functions };
        const members = Object.values(schema.types).flatMap((type) => type.enum ?? []);
        expect(Object.keys(all).filter((name) => (all[name]?.description ?? "") === "")).toStrictEqual([]);
        expect(members.filter(({ description }) => description === "")).toStrictEqual([]);
    });

    it("has no type that is called as a resource, which some languages could not tell apart", () => {
        const names = [...Object.keys(schema.resources), ...Object.keys(schema.functions)];
        expect(Object.keys(schema.types).filter((name) => names.includes(name))).toStrictEqual([]);
    });

    it("has one component, the Relay", () => {
        const marked = Object.keys(schema.resources).filter((name) => schema.resources[name]?.isComponent);
        expect(marked).toStrictEqual(["qptunnel:index:Relay"]);
    });
});
