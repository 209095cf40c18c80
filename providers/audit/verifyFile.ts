import { closeSync, fstatSync, openSync } from "node:fs";

import { verifyLog, type Verdict, type VerifyOptions } from "../../core/audit/verify.js";
import { nativePrimitives } from "./primitives.js";
import { fileBytes } from "./read.js";

/**
 * Verifies a log file as it is now; what is appended meanwhile is not looked at.
 *
 * @throws AuditError naming line and problem; a system error when the file cannot be read
 */
export async function verifyFile(
    path: string,
    options: Omit<VerifyOptions, "primitives">,
    name: string = path,
): Promise<Verdict> {
    const size = sizeOf(path);
    return verifyLog(name, () => fileBytes(path, size), { ...options, primitives: nativePrimitives });
}

function sizeOf(path: string): number {
    const file = openSync(path, "r");
    try {
        return fstatSync(file).size;
    } finally {
        closeSync(file);
    }
}
