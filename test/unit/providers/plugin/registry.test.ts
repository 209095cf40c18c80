import { resources } from "../../../../providers/plugin/registry";

describe("the table of resources", () => {
    it.each(Object.entries(resources))("finds %s, described well enough for the schema", (type, load) => {
        const resource = load();
        expect(resource.type).toBe(type);
        expect(resource.description).toMatch(/^[A-Z0-9].*\.$/s);
        for (const property of [...Object.values(resource.schema.inputs), ...Object.values(resource.schema.outputs)]) {
            expect(property.description).not.toBe("");
        }
    });
});
