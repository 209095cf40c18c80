// Draws the curves of a bench as an SVG: seconds over a number of peers or relays, both logarithmic.

const WIDTH = 720;
const HEIGHT = 320;
const MARGIN = { left: 56, right: 16, top: 40, bottom: 44 };
const COLOURS = ["#0b6e99", "#c2410c"];
/** What is drawn of each curve, and how it is called. */
const SERIES = {
    peers: { preview: "preview without a change", one: "up of one more peer" },
    relays: { nothing: "up with nothing to do", one: "up of one more peer on each" },
};

/**
 * @param {Record<string, ({ count: number } & Record<string, number>)[]>} curves
 * @returns {string} one picture, a chart below the other
 */
export function plotOf(curves) {
    const charts = Object.entries(curves).filter(([name]) => Object.hasOwn(SERIES, name));
    const drawn = charts.map(([name, points], index) => {
        return `<g transform="translate(0 ${index * HEIGHT})">\n${chart(name, points)}\n</g>`;
    });
    const height = Math.max(1, charts.length) * HEIGHT;
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${height}" fill="white"/>
${drawn.join("\n")}
</svg>
`;
}

function chart(name, points) {
    const series = Object.entries(SERIES[name]);
    const counts = points.map(({ count }) => count);
    // On top of another command, so noise makes some of them negative.
    const values = points.flatMap((point) => series.map(([key]) => atLeast(point[key])));
    const x = scale(counts, MARGIN.left, WIDTH - MARGIN.right);
    const y = scale(values, HEIGHT - MARGIN.bottom, MARGIN.top);
    const lines = [`<text x="${MARGIN.left}" y="20" font-size="14">Seconds on top, over the number of ${name}</text>`];
    for (const tick of y.ticks) {
        lines.push(
            `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y.at(tick)}" y2="${y.at(tick)}" stroke="#ddd"/>`,
            `<text x="${MARGIN.left - 8}" y="${y.at(tick) + 4}" text-anchor="end">${tick}</text>`,
        );
    }
    for (const count of counts) {
        const place = `x="${x.at(count)}" y="${HEIGHT - MARGIN.bottom + 18}"`;
        lines.push(`<text ${place} text-anchor="middle">${count}</text>`);
    }
    series.forEach(([key, label], index) => {
        const path = points.map((point) => `${x.at(point.count)},${y.at(atLeast(point[key]))}`);
        const colour = COLOURS[index];
        lines.push(`<polyline points="${path.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`);
        for (const place of path) {
            const [cx, cy] = place.split(",");
            lines.push(`<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`);
        }
        const at = MARGIN.left + index * 220;
        lines.push(`<text x="${at}" y="${HEIGHT - 6}" fill="${colour}">${label}</text>`);
    });
    return lines.join("\n");
}

/** A logarithmic axis over whole decades. */
function scale(values, from, to) {
    const low = Math.floor(Math.log10(Math.min(...values)));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
    const at = (value) => Math.round(from + ((Math.log10(value) - low) / (high - low)) * (to - from));
    const ticks = Array.from({ length: high - low + 1 }, (_, index) => Number((10 ** (low + index)).toPrecision(1)));
    return { at, ticks };
}

function atLeast(seconds) {
    return Math.max(seconds, 0.01);
}
