// What verifying the log adds to a preview: the same stack with a short log and with ten thousand records.

import { createRequire } from "node:module";
import { join } from "node:path";

import { Project } from "./project.mjs";
import { median, row } from "./rows.mjs";

const RECORDS = 10_000;
const require = createRequire(import.meta.url);

/** @param {{ root: string, add: (row: import("./rows.mjs").Row) => void }} bench */
export async function measureCheckpoint({ root, add }) {
    const project = new Project(root);
    try {
        project.declare({ data: 3 });
        await project.stack("log");
        await project.up();
        const short = await previews(project);
        await append(root, project.folder);
        const long = await previews(project);
        const added = long.map((seconds) => seconds - median(short));
        add(row(`a preview with ${RECORDS} records in the log, over one with a few`, "s", added, { atMost: 1 }));
        await project.destroy();
    } finally {
        project.close();
    }
}

async function previews(project) {
    const seconds = [];
    for (let turn = 0; turn < 3; turn++) seconds.push((await project.preview()).seconds);
    return seconds;
}

async function append(root, folder) {
    const { AuditLog } = require(join(root, "dist/providers/audit/log.js"));
    const signingKey = `file:${join(folder, "config/pulumi-qp-tunnel/bench-log.key")}`;
    const path = join(folder, "audit/log.jsonl");
    const log = await AuditLog.open({ project: "bench", stack: "log", path, signingKey });
    const details = { relay: "elsewhere", note: "a record of no consequence" };
    for (let record = 0; record < RECORDS; record++) {
        await log.append({ action: "log_note", message: "Noted", details });
    }
}
