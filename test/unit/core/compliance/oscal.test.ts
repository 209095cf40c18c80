import { lastModified, oscalDefinition, oscalId } from "../../../../core/compliance/oscal.js";
import { type ComponentDefinition, componentDefinition } from "../../../../core/compliance/oscalSchema.js";
import { resultsOf } from "../../../../core/compliance/results.js";
import { EXAMPLE } from "./example.js";

const ABOUT = { name: "relays", version: "1.0.0", description: "Relays.", homepage: "https://relays.example/#readme" };
const NOW = "2026-11-30T12:00:00Z";

/** The first requirement of the first standard. */
const firstOf = (text: string) => {
    const [component] = documentOf(text).components;
    const [standard] = component!["control-implementations"];
    const [requirement] = standard!["implemented-requirements"];
    return { standard: standard!, requirement: requirement! };
};

const documentOf = (text: string): ComponentDefinition["component-definition"] =>
    componentDefinition.parse(JSON.parse(text))["component-definition"];

test("a control is an implemented requirement, and each check a resource that it links to", () => {
    const text = oscalDefinition(EXAMPLE, ABOUT, NOW);
    const { "back-matter": back } = documentOf(text);
    const { standard, requirement } = firstOf(text);
    expect(standard.source).toBe("https://standards.example/soc");
    // A row of ours is no control of the standard.
    expect(standard["implemented-requirements"]).toHaveLength(1);
    expect(requirement).toMatchObject({
        "control-id": "cc6.1",
        description: "Each peer has a key | of its own.\n\nThe log of this stack is intact.",
        remarks: "Not covered:\n\n- own-key: the device\n- stack-intact: what was never written",
    });
    expect(requirement.props.map(({ name, value }) => [name, value])).toEqual([
        ["label", "CC6.1"],
        ["claim", "own-key"],
        ["claim", "stack-intact"],
    ]);
    const resources = new Map(back.resources.map(({ uuid, title }) => [`#${uuid}`, title]));
    expect(requirement.links.map(({ href }) => resources.get(href))).toEqual([
        ...["keys > are *different*", "keys > of %s are refused", "verifies"],
        "qp-tunnel audit verify {log} --state {state}",
    ]);
    expect(resources.size).toBe(4);
});

test("the same content is the same document, and another content another one", () => {
    const text = oscalDefinition(EXAMPLE, ABOUT, NOW);
    expect(oscalDefinition(EXAMPLE, ABOUT, NOW)).toBe(text);
    const other = oscalDefinition(EXAMPLE, { ...ABOUT, version: "1.0.1" }, NOW);
    expect(documentOf(other).uuid).not.toBe(documentOf(text).uuid);
    expect(firstOf(other).requirement.uuid).toBe(firstOf(text).requirement.uuid);
});

test("results are properties", () => {
    const { requirement } = firstOf(oscalDefinition(EXAMPLE, ABOUT, NOW, resultsOf(EXAMPLE, [], [])));
    expect(requirement.props).toContainEqual({ name: "result", ns: ABOUT.homepage, value: "own-key: not checked" });
});

test("a document whose content did not change keeps its time", () => {
    const render = (modified: string): string => oscalDefinition(EXAMPLE, ABOUT, modified);
    const LATER = "2027-01-01T00:00:00Z";
    expect(lastModified(render(NOW), render, LATER)).toBe(NOW);
    expect(lastModified(render(NOW).replace("own-key", "old-key"), render, LATER)).toBe(LATER);
    expect(lastModified(undefined, render, LATER)).toBe(LATER);
});

test.each([
    ["fedramp", "AC-17(2)", "ac-17.2"],
    ["cmmc", "AC.L2-3.1.12", "ac.l2-3.1.12"],
    ["hipaa", "164.312(a)(2)(iv)", "hipaa-164.312.a.2.iv"],
    ["pci-dss", "1.2.1", "pci-dss-1.2.1"],
    ["soc2", "CC6.1", "cc6.1"],
])("%s %s is the token %s", (framework, id, token) => {
    expect(oscalId(framework, id)).toBe(token);
});
