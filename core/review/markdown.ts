import { asMermaid, type DrawnRight } from "../access/graph.js";
import { isChanged } from "./access.js";
import { fit, type Section } from "./fit.js";
import { relayLines, titleOf } from "./headline.js";
import { code, prose } from "./markdownText.js";
import type { AccessPair, Review } from "./model.js";

/** Characters that a comment may have. */
export const COMMENT_LIMITS = { github: 65_536, gitlab: 1_000_000 } as const;

/** A review as a comment on a pull request. What a reviewer needs first is shortened last. */
export function markdownOf(review: Review, limit: number): string {
    const [head, interrupted, graph] = [headOf(review), connections(review), graphOf(review)];
    const [pairs, rest] = [changedPairs(review), unchangedPairs(review)];
    const errors = list("### Errors", "error", review.errors.map(prose));
    const warnings = list("### Warnings", "warning", review.warnings.map(prose));
    const expiries = expiriesOf(review);
    const [log, sentences] = [logOf(review), allSentences(review)];
    return fit(
        [head, errors, interrupted, pairs, graph, warnings, expiries, log, sentences, rest],
        [head, errors, log, interrupted, warnings, pairs, expiries, graph, sentences, rest],
        limit,
    );
}

/** The picture of what is allowed from now on and no longer. */
export function drawnChanges({ relays }: Review): DrawnRight[] {
    const isOne = relays.length < 2;
    return relays.flatMap(({ relay, access: { added, removed } }) =>
        (["added", "removed"] as const).flatMap((change) =>
            (change === "added" ? added : removed).map(({ from, to, ports, service }) => {
                const at = (name: string): string => (isOne ? name : `${relay}: ${name}`);
                return {
                    from: at(from),
                    to: at(to),
                    ports: service === undefined ? ports : `${ports} ${service}`,
                    change,
                };
            }),
        ),
    );
}

function headOf(review: Review): Section {
    const lines = relayLines(review, (text) => code(text, LONGEST_NAME)).map((line) => `- ${line}`);
    const title = `## Relays: ${titleOf(review)}`;
    return { opening: [], lines: [title, ...(lines.length === 0 ? [] : ["", ...lines])], noun: "line" };
}

const LONGEST_NAME = 80;

/** For whom connections end, and for how long. */
function connections({ sentences }: Review): Section {
    const concerned = sentences.filter(({ effect }) => ["cut", "expired", "interrupted"].includes(effect));
    return list(
        "### Who is cut off or interrupted, and for how long",
        "sentence",
        concerned.map(({ text }) => prose(text)),
    );
}

function list(title: string, noun: string, lines: string[]): Section {
    return { opening: [title, ""], lines: lines.map((line) => `- ${line}`), noun };
}

function changedPairs(review: Review): Section {
    return { ...pairTable(review, isChanged), noun: "access rule" };
}

function unchangedPairs(review: Review): Section {
    const { opening, lines } = pairTable(review, (pair) => !isChanged(pair));
    return {
        opening: ["<details><summary>Access that stays as it is</summary>", "", ...opening.slice(2)],
        lines,
        closing: ["", "</details>"],
        noun: "access rule",
    };
}

function pairTable({ relays }: Review, isShown: (pair: AccessPair) => boolean): Pick<Section, "opening" | "lines"> {
    const cells = (ports: string[]): string => (ports.length === 0 ? "–" : ports.map((each) => code(each)).join(" "));
    return {
        opening: ["### Access before and after", "", "| relay | from | to | before | after |", "|---|---|---|---|---|"],
        lines: relays.flatMap(({ relay, access }) =>
            access.pairs
                .filter(isShown)
                .map(
                    ({ from, to, before, after }) =>
                        `| ${[code(relay), code(from), code(to), cells(before), cells(after)].join(" | ")} |`,
                ),
        ),
    };
}

/** Above this many nobody reads it, and forges stop drawing. */
const MOST_EDGES = 100;

function graphOf(review: Review): Section {
    const drawn = drawnChanges(review);
    if (drawn.length > MOST_EDGES)
        return { opening: [], lines: [`_The graph is left out: ${drawn.length} access rules change._`], noun: "note" };
    const lines = drawn.length === 0 ? [] : ["```mermaid", ...asMermaid(drawn).trimEnd().split("\n"), "```"];
    return { opening: [], lines, whole: true, noun: "graph" };
}

function expiriesOf({ relays }: Review): Section {
    const row = (relay: string, peer: string, expires: string, days: number): string =>
        `| ${code(relay)} | ${code(peer)} | ${code(expires)} | ${days} |`;
    return {
        opening: ["### Expiries", "", "| relay | peer | expires | days left |", "|---|---|---|---|"],
        lines: relays.flatMap(({ relay, expiries }) =>
            expiries.map(({ peer, expires, days }) => row(relay, peer, expires, days)),
        ),
        noun: "peer",
    };
}

function logOf({ log }: Review): Section {
    return list("### Audit log", "line", log === undefined ? [] : [`${log.size} records, head ${code(log.head)}`]);
}

function allSentences({ sentences }: Review): Section {
    return {
        opening: ["<details><summary>Everything that the preview says</summary>", ""],
        lines: sentences.map(({ text }) => `- ${prose(text)}`),
        closing: ["", "</details>"],
        noun: "sentence",
    };
}
