import { resources } from "../../../../providers/plugin/registry";

describe("the table of resources", () => {
    it.each(Object.keys(resources))("finds %s, described well enough for the schema", (type) => {
        const resource = resources[type]!();
        expect(resource.type).toBe(type);
        expect(resource.description).toMatch(/^[A-Z0-9].*\.$/s);
        for (const property of [...Object.values(resource.schema.inputs), ...Object.values(resource.schema.outputs)]) {
            expect(property.description).not.toBe("");
        }
    });
});
