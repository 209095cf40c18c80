import { asSvg } from "../access/graph.js";
import { sanitizeText } from "../audit/sanitize.js";
import { escapeXml } from "../xml.js";
import { isChanged } from "./access.js";
import { relayLines, titleOf } from "./headline.js";
import { drawnChanges } from "./markdown.js";
import type { AccessPair, Review } from "./model.js";

/** A review as a page of its own: no script, nothing loaded, and text of others between tags only. */
export function htmlOf(review: Review): string {
    const title = `Relays: ${titleOf(review)}`;
    const { relays, sentences, warnings, errors, log } = review;
    const pairs = relays.flatMap(({ relay, access }) => access.pairs.map((pair) => ({ relay, pair })));
    const expiries = relays.flatMap(({ relay, expiries: all }) => all.map((each) => ({ relay, ...each })));
    const concerned = sentences.filter(({ effect }) => ["cut", "expired", "interrupted"].includes(effect));
    const drawn = drawnChanges(review);
    return `${[
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
        '<meta name="viewport" content="width=device-width">',
        `<title>${escapeXml(title)}</title><style>${STYLE}</style></head><body>`,
        `<h1>${escapeXml(title)}</h1>`,
        bullets("relays", "", relayLines(review, sanitizeText)),
        bullets("errors", "Errors", errors),
        bullets(
            "connections",
            "Who is cut off or interrupted, and for how long",
            concerned.map(({ text }) => text),
        ),
        table("access", "Access before and after", ["relay", "from", "to", "before", "after"], pairs.map(pairRow)),
        drawn.length === 0 ? "" : `<section id="graph"><h2>What changes</h2>${asSvg(visible(drawn))}</section>`,
        bullets("warnings", "Warnings", warnings),
        table(
            "expiries",
            "Expiries",
            ["relay", "peer", "expires", "days left"],
            expiries.map(({ relay, peer, expires, days }) => ({ cells: [relay, peer, expires, String(days)] })),
        ),
        bullets("log", "Audit log", log === undefined ? [] : [`${log.size} records, head ${log.head}`]),
        bullets(
            "sentences",
            "Everything that the preview says",
            sentences.map(({ text }) => text),
        ),
        "</body></html>",
    ]
        .filter((part) => part !== "")
        .join("\n")}\n`;
}

const STYLE = [
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}",
    "table{border-collapse:collapse}th,td{border:1px solid #d0d7de;padding:.25rem .6rem;text-align:left;vertical-align:top}",
    "tr.changed td{background:#fff8c5}h2{font-size:1.1rem;margin-top:2rem}svg{max-width:100%;height:auto}",
].join("");

interface Row {
    cells: string[];
    changed?: boolean;
}

function pairRow({ relay, pair }: { relay: string; pair: AccessPair }): Row {
    const ports = (all: string[]): string => (all.length === 0 ? "–" : all.join(", "));
    return { cells: [relay, pair.from, pair.to, ports(pair.before), ports(pair.after)], changed: isChanged(pair) };
}

function bullets(id: string, heading: string, lines: readonly string[]): string {
    if (lines.length === 0) return "";
    const items = lines.map((line) => `<li>${text(line)}</li>`).join("\n");
    return `<section id="${id}">${heading === "" ? "" : `<h2>${heading}</h2>`}\n<ul>\n${items}\n</ul></section>`;
}

function table(id: string, heading: string, columns: readonly string[], rows: readonly Row[]): string {
    if (rows.length === 0) return "";
    const head = columns.map((column) => `<th>${column}</th>`).join("");
    const body = rows.map(({ cells, changed }) => {
        const row = cells.map((cell) => `<td>${text(cell)}</td>`).join("");
        return `<tr${changed === true ? ' class="changed"' : ""}>${row}</tr>`;
    });
    return `<section id="${id}"><h2>${heading}</h2>\n<table><tr>${head}</tr>\n${body.join("\n")}\n</table></section>`;
}

function visible<T extends { from: string; to: string; ports: string }>(drawn: readonly T[]): T[] {
    return drawn.map((right) => ({
        ...right,
        from: sanitizeText(right.from),
        to: sanitizeText(right.to),
        ports: sanitizeText(right.ports),
    }));
}

function text(untrusted: string): string {
    return escapeXml(sanitizeText(untrusted));
}
