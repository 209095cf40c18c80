import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { htmlOf } from "../../core/review/html.js";
import { parsePlan } from "../../core/review/plan.js";
import { reviewOf } from "../../core/review/review.js";
import { effectClass } from "../../providers/resources/effectClass.js";
import { execute } from "../lab/processes.js";
import { AFTER, BEFORE, digest, EVERYTHING, NOW, SAID, stepsOf } from "../unit/core/review/plans.js";

// The page of qp-tunnel review, opened in headless Chromium from its file.

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "qptunnel-page-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The page as the browser has read it. */
async function opened(preview: string): Promise<string> {
    const file = join(folder, "review.html");
    writeFileSync(file, htmlOf(reviewOf(parsePlan(preview, "plan.json"), effectClass, NOW)));
    const { code, stdout, stderr } = await execute(
        [
            ...["env", `HOME=${folder}`, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
            ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
            ...[`--user-data-dir=${join(folder, "profile")}`, "--dump-dom", `file://${file}`],
        ],
        { timeout: 120_000 },
    );
    expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
    return stdout;
}

it("shows every part: tables, picture and sentences", async () => {
    const page = await opened(EVERYTHING);
    for (const id of ["relays", "connections", "access", "graph", "warnings", "expiries", "log", "sentences"])
        expect(page).toContain(`<section id="${id}">`);
    expect(page.match(/<tr class="changed">/g)).toHaveLength(5);
    expect(page.match(/<line /g)).toHaveLength(5);
    expect(page).toContain("<li>18 records, head 065efcf23346b859</li>");
});

it("runs nothing that a name brings", async () => {
    const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
    const peers = { ...AFTER.peers, [evil]: "10.8.0.7 ZXZpbA==" };
    const after = { ...AFTER, peers, rules: { ...(AFTER.rules as object), [evil]: ["10.8.0.7 -> 10.8.0.3 tcp/22"] } };
    const page = await opened(digest(stepsOf(BEFORE, after), [...SAID, { kind: "WireGuard", message: `hub: ${evil} will be added` }]));
    expect(page).toMatch(/<title>Relays: 2 peers added/);
    expect(page).not.toMatch(/<img|<script|<title>owned/);
    // In the headline, in the sentence and its list, in the table, and in the picture.
    for (const part of ["<li>", "<td>", "<text [^>]*>"]) expect(page).toMatch(new RegExp(`${part}[^<]*&lt;img src=x`));
}); // prettier-ignore
