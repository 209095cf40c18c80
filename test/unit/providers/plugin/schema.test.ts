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
                    peers: { type: "object", description: "By name." },
                    reasons: { type: "array", description: "Why." },
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
                            additionalProperties: { $ref: "pulumi.json#/Any" },
                            description: "By name.",
                        },
                        reasons: { type: "array", items: { $ref: "pulumi.json#/Any" }, description: "Why." },
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
            outputs: { seen: { type: "object" as const, description: "What." } },
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
});
