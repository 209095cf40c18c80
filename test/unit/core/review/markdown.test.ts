import fc from "fast-check";

import { COMMENT_LIMITS, drawnChanges, markdownOf } from "../../../../core/review/markdown.js";
import type { Review } from "../../../../core/review/model.js";
import { parsePlan } from "../../../../core/review/plan.js";
import { reviewOf } from "../../../../core/review/review.js";
import { effectClass } from "../../../../providers/resources/effectClass.js";
import { BEFORE, digest, EVERYTHING, NOW, SAID, stepsOf } from "./plans.js";

const review = (text: string): Review => reviewOf(parsePlan(text, "plan.json"), effectClass, NOW);

it("writes a comment with each kind of thing", () => {
    expect(markdownOf(review(EVERYTHING), COMMENT_LIMITS.github).split("\n")).toEqual([
        "## Relays: 1 peer added, 1 peer cut off, 1 expired peer removed, 1 peer renamed, connections interrupted, 3 access rules added, 2 access rules removed",
        "",
        "- `hub` adds `bob` until `2027-06-01T00:00:00Z`; cuts off `alice` at once; removes `old`, cut off at the expiry; renames `kim` to `kimberly`; changes `nas`; leaves 1 peer as before",
        "",
        "### Who is cut off or interrupted, and for how long",
        "",
        "- hub: alice (10.8.0.2) is cut off at once, running connections included; the address stays reserved, the key `SHA256:MAyclgO5Kks57TlY` stays revoked",
        "- hub: nas gets a new key: cut off until the new configuration is in use",
        "",
        "### Access before and after",
        "",
        "| relay | from | to | before | after |",
        "|---|---|---|---|---|",
        "| `hub` | `alice` | `(relay)` | `tcp/8443 (wiki)` | – |",
        "| `hub` | `alice` | `nas` | `tcp/22` | – |",
        "| `hub` | `bob` | `(relay)` | – | `tcp/8443 (wiki)` |",
        "| `hub` | `bob` | `0.0.0.0/0` | – | `tcp/443` |",
        "| `hub` | `bob` | `192.168.7.0/24` | – | `all` |",
        "",
        "```mermaid",
        "flowchart LR",
        "    n0[\"bob\"]",
        "    n1[\"(relay)\"]",
        "    n2[\"0.0.0.0/0\"]",
        "    n3[\"192.168.7.0/24\"]",
        "    n4[\"alice\"]",
        "    n5[\"nas\"]",
        "    n0 ==>|\"now tcp/8443 wiki\"| n1",
        "    n0 ==>|\"now tcp/443\"| n2",
        "    n0 ==>|\"now all\"| n3",
        "    n4 -.->|\"no longer tcp/8443 wiki\"| n1",
        "    n4 -.->|\"no longer tcp/22\"| n5",
        "    linkStyle 0 stroke:#1a7f37",
        "    linkStyle 1 stroke:#1a7f37",
        "    linkStyle 2 stroke:#1a7f37",
        "    linkStyle 3 stroke:#cf222e",
        "    linkStyle 4 stroke:#cf222e",
        "```",
        "",
        "### Warnings",
        "",
        "- hub: console expires on `2027-02-01T00:00:00Z` (in 31 days)",
        "",
        "### Expiries",
        "",
        "| relay | peer | expires | days left |",
        "|---|---|---|---|",
        "| `hub` | `console` | `2027-02-01T00:00:00Z` | 31 |",
        "| `hub` | `bob` | `2027-06-01T00:00:00Z` | 151 |",
        "",
        "### Audit log",
        "",
        "- 18 records, head `065efcf23346b859`",
        "",
        "<details><summary>Everything that the preview says</summary>",
        "",
        "- audit log: 18 records, head `065efcf23346b859`, verified",
        "- hub: bob will be added at 10.8.0.4, until `2027-06-01T00:00:00Z`",
        "- hub: alice (10.8.0.2) is cut off at once, running connections included; the address stays reserved, the key `SHA256:MAyclgO5Kks57TlY` stays revoked",
        "- hub: nas gets a new key: cut off until the new configuration is in use",
        "- hub: bob is allowed to reach 10.8.0.1 tcp/8443, 192.168.7.0/24 all and 0.0.0.0/0 tcp/443",
        "",
        "</details>",
        "",
        "<details><summary>Access that stays as it is</summary>",
        "",
        "| relay | from | to | before | after |",
        "|---|---|---|---|---|",
        "| `hub` | `(relay)` | `nas` | `tcp/3000` | `tcp/3000` |",
        "| `hub` | `console` | `nas` | `icmp` | `icmp` |",
        "",
        "</details>",
        "",
        "",
    ]);
}); // prettier-ignore

it("says why a preview failed", () => {
    const failed = digest([], [{ severity: "error", message: "relay hub.peers: two peers\nhave one key" }]);
    expect(markdownOf(review(failed), COMMENT_LIMITS.github)).toBe(
        "## Relays: the preview failed\n\n### Errors\n\n- relay `hub.peers`: two peers\n- have one key\n\n",
    );
});

/** A relay of many peers, all of which go; with sentences. */
function crowd(count: number): string {
    const peers = Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, `10.${index >> 8}.${index & 255}.2 k${index}`]));
    const rules = Object.fromEntries(Object.keys(peers).map((name, index) => [name, [`10.${index >> 8}.${index & 255}.2 -> 10.200.0.1 tcp/8443`]]));
    const said = Object.keys(peers).map((name) => ({ kind: "WireGuard", message: `hub: ${name} is cut off at once, running connections included` }));
    return digest(stepsOf({ peers, rules }, { peers: {}, rules: {} }), [...said, ...SAID]);
} // prettier-ignore

it("keeps to the limit of a comment, names what is left out and keeps the most important", () => {
    const many = review(crowd(3000));
    for (const limit of Object.values(COMMENT_LIMITS)) {
        const text = markdownOf(many, limit);
        expect(text.length).toBeLessThanOrEqual(limit);
        expect(text).toContain("## Relays: 3000 peers cut off, connections interrupted, 3000 access rules removed");
        expect(text).toContain("18 records, head `065efcf23346b859`");
        expect(text).toContain("_The graph is left out: 3000 access rules change._");
    }
    expect(markdownOf(many, COMMENT_LIMITS.github)).toMatch(
        /\n_\d+ access rules are left out: a comment has a limit\._\n/,
    );
    expect(markdownOf(many, COMMENT_LIMITS.gitlab)).not.toContain("left out: a comment has a limit");
});

it("draws each relay's peers on their own", () => {
    const both = [...stepsOf(BEFORE, { peers: {}, rules: {} }), ...stepsOf(BEFORE, { peers: {}, rules: {} }, "branch")];
    expect(new Set(drawnChanges(review(digest(both))).map(({ from }) => from.split(":")[0]))).toEqual(
        new Set(["branch", "hub"]),
    );
});

const evil = fc.oneof(
    fc.constantFrom(
        "](http://x)",
        "@octocat",
        "a|b",
        "`",
        "</details>",
        "<img src=x onerror=alert(1)>",
        "```\n# x",
        '"]\nclick n0 "http://x"',
        "\u202e",
    ),
    fc.string({ minLength: 1, maxLength: 12 }),
);

it("lets no name, sentence or time make Markdown", () => {
    fc.assert(
        fc.property(evil, evil, evil, (relay, peer, said) => {
            const base = review(EVERYTHING);
            const first = base.relays[0]!;
            const text = markdownOf(
                {
                    ...base,
                    errors: [said],
                    relays: [{
                        ...first,
                        relay,
                        peers: { ...first.peers, added: [{ name: peer, addresses: [], expires: said }], renamed: [{ from: peer, to: said }] },
                        access: {
                            ...first.access,
                            pairs: [{ from: peer, to: said, before: [], after: [said] }],
                            added: [{ from: peer, to: said, ports: said, service: peer }],
                        },
                        expiries: [{ peer, expires: said, days: 1 }],
                    }],
                    warnings: [said],
                    sentences: [{ effect: "cut", text: said }],
                    log: { size: 1, head: said },
                },
                COMMENT_LIMITS.github,
            );
            const [outside, graph] = apart(text);
            for (const line of outside)
                expect(line).toMatch(/^(?:|#{2,3} [\w ,:'-]+|- [^|<>]*|\|(?: [^|<>]+ \|)+|[|-]+|<details><summary>[\w ]+<\/summary>|<\/details>)$/);
            for (const line of graph)
                expect(line).toMatch(/^(?:flowchart LR| {4}n\d+\["[^"`#<>&;\\|[\]]*"\]| {4}n\d+ (?:==>|-\.->)\|"[^"`#<>&;\\|[\]]*"\| n\d+| {4}linkStyle \d+ stroke:#\w{6})$/);
        }),
        { numRuns: 500 },
    );
}); // prettier-ignore

/** Lines without code, and those of the graph. */
function apart(text: string): [outside: string[], graph: string[]] {
    const [before = "", graph = "", after = ""] = text.split(/^```(?:mermaid)?\n/m);
    expect(text.match(/^```/gm)).toHaveLength(2);
    const plain = `${before}${after}`.replace(/`[^`\n]+`/g, "CODE");
    expect(plain).not.toContain("`");
    return [plain.split("\n"), graph.trimEnd().split("\n")];
}
