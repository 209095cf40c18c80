import { sanitizeText } from "../audit/sanitize.js";
import { escapeXml } from "../xml.js";
import type { Right } from "./rights.js";

/** A right as a graph shows it; with a change, as one that comes or goes. */
export type DrawnRight = Pick<Right, "from" | "to" | "ports"> & { change?: "added" | "removed" };

/** The access rules as a Mermaid graph, which GitHub and GitLab draw in Markdown. */
export function asMermaid(rights: readonly DrawnRight[]): string {
    const ids = new Map<string, string>();
    const id = (name: string): string => ids.get(name) ?? (ids.set(name, `n${ids.size}`), `n${ids.size - 1}`);
    const drawn = edgesOf(rights);
    const edges = drawn.map((edge) => {
        const arrow = edge.change === "removed" ? "-.->" : edge.change === "added" ? "==>" : "-->";
        return `    ${id(edge.from)} ${arrow}|"${labelText(labelOf(edge))}"| ${id(edge.to)}`;
    });
    const nodes = [...ids].map(([name, node]) => `    ${node}["${labelText(name)}"]`);
    const styles = drawn.flatMap(({ change }, index) =>
        change === undefined ? [] : [`    linkStyle ${index} stroke:${COLOURS[change]}`],
    );
    return `${["flowchart LR", ...nodes, ...edges, ...styles].join("\n")}\n`;
}

const COLOURS = { added: "#1a7f37", removed: "#cf222e" } as const;
const [ROW, LEFT, RIGHT, WIDTH] = [40, 170, 550, 720];

/** The same as a picture: sources on the left, destinations on the right. */
export function asSvg(rights: readonly DrawnRight[]): string {
    const edges = edgesOf(rights);
    const [sources, destinations] = (["from", "to"] as const).map((end) =>
        [...new Set(edges.map((edge) => edge[end]))].sort(),
    );
    const y = (names: string[] = [], name: string): number => 30 + names.indexOf(name) * ROW;
    const height = 40 + Math.max(sources?.length ?? 0, destinations?.length ?? 0, 1) * ROW;
    const lines = edges.map((edge, index) => {
        const [start, end] = [y(sources, edge.from), y(destinations, edge.to)];
        // Labels along a line, at another place of each, so that they seldom meet.
        const along = 0.25 + ((index * 7) % 11) / 22;
        const [x, height] = [LEFT + along * (RIGHT - LEFT), start + along * (end - start)].map(Math.round);
        const colour = edge.change === undefined ? "#888" : COLOURS[edge.change];
        const dashes = edge.change === "removed" ? ' stroke-dasharray="6 4"' : "";
        return [
            `<line x1="${LEFT}" y1="${start}" x2="${RIGHT}" y2="${end}" stroke="${colour}"${dashes} marker-end="url(#arrow)"/>`,
            `<text x="${x}" y="${(height ?? 0) - 4}" text-anchor="middle" font-size="11">${escapeXml(labelOf(edge))}</text>`,
        ].join("\n");
    });
    const left = (sources ?? []).map((name) => node(name, LEFT - 8, y(sources, name), "end"));
    const right = (destinations ?? []).map((name) => node(name, RIGHT + 8, y(destinations, name), "start"));
    const marker =
        '<marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">';
    return `${[
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
        `<defs>${marker}<path d="M0 0L8 4L0 8z" fill="#888"/></marker></defs>`,
        `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
        ...[...lines, ...left, ...right],
        "</svg>",
    ].join("\n")}\n`;
}

interface Edge extends Pick<DrawnRight, "from" | "to" | "change"> {
    ports: string[];
}

/** Each pair once, sources together; what comes and what goes are two edges. */
function edgesOf(rights: readonly DrawnRight[]): Edge[] {
    const bySource = new Map<string, Map<string, Edge>>();
    for (const { from, to, ports, change } of rights) {
        const edges = bySource.get(from) ?? new Map<string, Edge>();
        bySource.set(from, edges);
        const key = JSON.stringify([to, change]);
        const edge = edges.get(key) ?? { from, to, ports: [], ...(change === undefined ? {} : { change }) };
        edges.set(key, edge);
        if (!edge.ports.includes(ports)) edge.ports.push(ports);
    }
    return [...bySource.values()].flatMap((edges) => [...edges.values()]);
}

function labelOf({ ports, change }: Edge): string {
    const words = { added: "now ", removed: "no longer " } as const;
    return `${change === undefined ? "" : words[change]}${ports.join(", ")}`;
}

/** Text in quotes: what Mermaid or Markdown takes for markup becomes code points. */
function labelText(text: string): string {
    return sanitizeText(text).replace(
        /[^\p{L}\p{N} .,:/_()-]/gu,
        (character) => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`,
    );
}

function node(name: string, x: number, y: number, anchor: string): string {
    return `<text x="${x}" y="${y + 4}" text-anchor="${anchor}">${escapeXml(name)}</text>`;
}
