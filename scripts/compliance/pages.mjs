// Writes the generated pages into a folder: only what differs, so that a run as root leaves a person's files alone.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @param {string} folder
 * @param {any} compliance core/compliance
 * @param {object} controls
 * @param {object} about package.json
 * @param {unknown} [results] are written into the pages as well
 */
export function writePages(folder, compliance, controls, about, results) {
    mkdirSync(folder, { recursive: true });
    const { pages, oscal } = compliance.render(controls, about, results);
    for (const [name, text] of Object.entries(pages)) write(join(folder, name), text);
    const file = join(folder, compliance.OSCAL_FILE);
    const there = existsSync(file) ? readFileSync(file, "utf8") : undefined;
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    write(file, oscal(compliance.lastModified(there, oscal, now)));
}

function write(file, text) {
    if (existsSync(file) && readFileSync(file, "utf8") === text) return;
    writeFileSync(file, text);
    console.error(`${file}: written`);
}
