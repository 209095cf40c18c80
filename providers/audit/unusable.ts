import { AuditError } from "../../core/errors.js";
import { misplaced } from "./misplaced.js";

/** The log is gone, or so short that nothing of it is left; or it is beside the place where it should be. */
export function missing(
    { path, name }: { path: string; name: string },
    line: number,
    genesis: string | undefined,
): AuditError {
    const elsewhere = genesis === undefined ? undefined : misplaced(path, name, line, genesis);
    if (elsewhere !== undefined) return elsewhere;
    const acknowledge = genesis === undefined ? "restartFrom" : `restartFrom: "${genesis}"`;
    return new AuditError(
        `line ${line} of ${name}`,
        "it is missing: the log does not exist, but the state pins records in it",
        `restore the log from version control or its mirror, or set \`path\` of AuditSink if the relay came from another project; if it is lost for good, acknowledge that with ${acknowledge}`,
    );
}

/** An error of the file system as one of the log; one of ours stays as it is. */
export function unusable(name: string, error: unknown): AuditError {
    if (error instanceof AuditError) return error;
    if (!isSystemError(error)) throw error;
    return new AuditError(
        name,
        `it cannot be read or written: ${error.message}`,
        "check the disk and the permissions, then run again: an incomplete line is repaired then",
        { cause: error },
    );
}

/** Anything else is a bug and keeps its shape. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
    const { code } = error as NodeJS.ErrnoException;
    return typeof code === "string" && !code.startsWith("ERR_");
}
