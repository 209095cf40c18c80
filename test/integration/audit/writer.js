"use strict";

// Writes records to a log from a process of its own and prints the mark of each once it is on disk.
//
//   node writer.js LOG COUNT NAME [BYTES] [SEGMENT]    COUNT 0: until killed; SEGMENT: bytes of a closed segment

const { AuditLog } = require("../../../dist/providers/audit/log.js");

const [path, count, name, bytes = "0", segment = String(64 * 1024 * 1024)] = process.argv.slice(2);

async function main() {
    const log = await AuditLog.open({ path, project: "shop", stack: "dev", segmentBytes: Number(segment) });
    for (let n = 1; count === "0" || n <= Number(count); n++) {
        const mark = await log.append({ action: "log_note", message: `${name} ${n}`, details: details() });
        process.stdout.write(`${JSON.stringify(mark)}\n`);
    }
}

function details() {
    const texts = Array.from({ length: Math.ceil(Number(bytes) / 10_000) }, (_, n) => [`text${n}`, "x".repeat(10_000)]);
    return Object.fromEntries(texts);
}

main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
});
