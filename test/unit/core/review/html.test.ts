import fc from "fast-check";

import { htmlOf } from "../../../../core/review/html.js";
import type { Review } from "../../../../core/review/model.js";
import { parsePlan } from "../../../../core/review/plan.js";
import { reviewOf } from "../../../../core/review/review.js";
import { effectClass } from "../../../../providers/resources/effectClass.js";
import { digest, EVERYTHING, NOW } from "./plans.js";

const review = (text: string): Review => reviewOf(parsePlan(text, "plan.json"), effectClass, NOW);

it("has every part, and loads nothing", () => {
    const page = htmlOf(review(EVERYTHING));
    for (const id of ["relays", "connections", "access", "graph", "warnings", "expiries", "log", "sentences"])
        expect(page).toContain(`<section id="${id}">`);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/<(?:script|link|img|iframe)|\bsrc=|\bhref=|@import/);
    expect(page).toContain("<tr><td>hub</td><td>console</td><td>nas</td><td>icmp</td><td>icmp</td></tr>");
    expect(page).toContain('<tr class="changed"><td>hub</td><td>alice</td><td>nas</td><td>tcp/22</td><td>–</td></tr>');
});

it("leaves out parts that have nothing to say", () => {
    const page = htmlOf(review(digest([], [{ severity: "error", message: "no <stack>" }])));
    expect(page.match(/<section id="\w+">/g)).toEqual(['<section id="errors">']);
    expect(page).toContain("<li>no &lt;stack&gt;</li>");
});

it("lets no name or sentence make a tag", () => {
    const base = review(EVERYTHING);
    const first = base.relays[0]!;
    const named = (name: string): string =>
        htmlOf({
            ...base,
            relays: [
                {
                    ...first,
                    relay: name,
                    peers: { ...first.peers, added: [{ name, addresses: [], expires: name }] },
                    access: {
                        ...first.access,
                        pairs: [{ from: name, to: name, before: [name], after: [name] }],
                        added: [{ from: name, to: name, ports: name, service: name }],
                        removed: [],
                    },
                    expiries: [{ peer: name, expires: name, days: 1 }],
                },
            ],
            warnings: [name],
            errors: [name],
            sentences: [{ effect: "cut", text: name }],
            log: { size: 1, head: name },
        });
    const tags = (page: string): string[] => page.match(/<[^>]*>/g) ?? [];
    const plain = tags(named("x"));
    const evil = fc.oneof(
        fc.constantFrom(
            "</td>",
            "<script>alert(1)</script>",
            '"><img src=x>',
            "<!--",
            "]]>",
            "&lt;",
            "\u0000<",
            "</svg>",
        ),
        fc.string({ minLength: 1, maxLength: 12 }),
    );
    fc.assert(fc.property(evil, (name) => expect(tags(named(name))).toEqual(plain)));
});
