import type { Verdict, VerifyOptions } from "../../core/audit/verdict.js";
import { verifyLog } from "../../core/audit/verify.js";
import { nativePrimitives } from "./primitives.js";
import { bytesOf } from "./read.js";
import { openLog } from "./segments.js";

/**
 * Verifies a log as it is now, all its segments; what is appended meanwhile is not looked at.
 *
 * @throws AuditError naming line and problem; a system error when it cannot be read
 */
export async function verifyFile(
    path: string,
    options: Omit<VerifyOptions, "primitives">,
    name: string = path,
): Promise<Verdict> {
    const log = openLog(path, name);
    if (log === undefined) throw notThere(path);
    try {
        return await verifyLog(name, () => bytesOf(log), { ...options, primitives: nativePrimitives });
    } finally {
        log.close();
    }
}

function notThere(path: string): Error {
    const error = new Error(`ENOENT: no such file or directory, open '${path}'`);
    return Object.assign(error, { code: "ENOENT", syscall: "open", path });
}
