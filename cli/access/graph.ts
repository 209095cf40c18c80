import { escapeXml } from "../../core/xml.js";
import type { Right } from "../../core/access/rights.js";
import { matrixOf } from "./matrix.js";

/** The access rules as a Mermaid graph, which GitHub and GitLab draw in Markdown. */
export function asMermaid(rights: readonly Right[]): string {
    const ids = new Map<string, string>();
    const id = (name: string): string => ids.get(name) ?? (ids.set(name, `n${ids.size}`), `n${ids.size - 1}`);
    const edges = edgesOf(rights).map(([from, to, ports]) => `    ${id(from)} -->|"${ports}"| ${id(to)}`);
    const nodes = [...ids].map(([name, node]) => `    ${node}["${name}"]`);
    return `${["flowchart LR", ...nodes, ...edges].join("\n")}\n`;
}

const [ROW, LEFT, RIGHT, WIDTH] = [40, 170, 550, 720];

/** The same as a picture: sources on the left, destinations on the right. */
export function asSvg(rights: readonly Right[]): string {
    const edges = edgesOf(rights);
    const [sources, destinations] = [0, 1].map((end) => [...new Set(edges.map((edge) => edge[end] as string))].sort());
    const y = (names: string[] = [], name: string): number => 30 + names.indexOf(name) * ROW;
    const height = 40 + Math.max(sources?.length ?? 0, destinations?.length ?? 0, 1) * ROW;
    const lines = edges.map(([from, to, ports], index) => {
        const [start, end] = [y(sources, from), y(destinations, to)];
        // Labels along a line, at another place of each, so that they seldom meet.
        const along = 0.25 + ((index * 7) % 11) / 22;
        const [x, height] = [LEFT + along * (RIGHT - LEFT), start + along * (end - start)].map(Math.round);
        return [
            `<line x1="${LEFT}" y1="${start}" x2="${RIGHT}" y2="${end}" stroke="#888" marker-end="url(#arrow)"/>`,
            `<text x="${x}" y="${(height ?? 0) - 4}" text-anchor="middle" font-size="11">${escapeXml(ports)}</text>`,
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

function edgesOf(rights: readonly Right[]): [from: string, to: string, ports: string][] {
    return Object.entries(matrixOf(rights)).flatMap(([from, row]) =>
        Object.entries(row).map(([to, ports]): [string, string, string] => [from, to, ports.join(", ")]),
    );
}

function node(name: string, x: number, y: number, anchor: string): string {
    return `<text x="${x}" y="${y + 4}" text-anchor="${anchor}">${escapeXml(name)}</text>`;
}
