import fc from "fast-check";

import { fit, type Section } from "../../../../core/review/fit.js";

const section = fc.record({
    opening: fc.array(fc.string({ maxLength: 20 }), { maxLength: 2 }),
    lines: fc.array(fc.string({ maxLength: 60 }), { maxLength: 80 }),
    closing: fc.array(fc.string({ maxLength: 20 }), { maxLength: 1 }),
    noun: fc.constant("row"),
});

it("never gets longer than the limit, and says what it leaves out", () => {
    fc.assert(
        fc.property(fc.array(section, { maxLength: 6 }), fc.integer({ min: 1000, max: 9000 }), (sections, limit) => {
            const text = fit(sections, sections, limit);
            expect(text.length).toBeLessThanOrEqual(limit);
            const all = sections.map(({ lines }) => lines.length).reduce((sum, number) => sum + number, 0);
            const left = [...text.matchAll(/^_(\d+) rows? (?:is|are) left out/gm)].map(([, number]) => Number(number));
            const whole = fit(sections, sections, Infinity);
            expect(left.length > 0).toBe(text !== whole);
            expect(left.reduce((sum, number) => sum + number, 0)).toBeLessThanOrEqual(all);
        }),
    );
});

const rows = (name: string, count: number, more: Partial<Section> = {}): Section => ({
    opening: [`## ${name}`],
    lines: Array.from({ length: count }, (_, index) => `- ${name} ${index}`),
    noun: `${name} line`,
    ...more,
});

it("shortens what is least important, and keeps the order", () => {
    const [log, peers] = [rows("log", 3), rows("peer", 100)];
    const text = fit([peers, log], [log, peers], 600);
    expect(text).toContain("- log 2\n");
    expect(text).toMatch(/- peer 0\n[^]*_\d\d peer lines are left out: a comment has a limit\._\n\n## log/);
    const many = rows("log", 30);
    expect(fit([peers, many], [peers, many], 600)).toContain("_30 log lines are left out");
});

it("leaves out what makes sense as a whole only, as a whole", () => {
    const graph = rows("graph", 100, { whole: true, noun: "graph" });
    expect(fit([graph], [graph], 400)).toBe("## graph\n\n_The graph is left out: a comment has a limit._\n\n");
});

it("leaves out sections without lines", () => {
    expect(fit([rows("a", 0), rows("b", 1)], [rows("a", 0)], 1000)).toContain("## b");
    expect(fit([rows("a", 0)], [], 1000)).toBe("");
});
