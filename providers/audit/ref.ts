import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, isAbsolute } from "node:path";

import type { Approvers } from "../../core/approval/approvers.js";
import type { LogOrigin } from "../../core/audit/record.js";
import { AuditError } from "../../core/errors.js";
import { inProject, projectFolder } from "./paths.js";

/** Which log, as AuditSink hands it to every resource. */
export interface AuditRef extends LogOrigin {
    /** Relative to the project's folder, or absolute. */
    path: string;
    /** "file:PATH" or "env:NAME"; default: one file per project and stack in the user's configuration directory. */
    signingKey?: string;
    /** Name (hash of the first record) of a log whose loss is acknowledged. */
    restartFrom?: string;
    /** What a preview makes of a log that is merely older than the state. Default "fail". */
    onBehind?: "fail" | "warn";
    /** Bytes beyond which the file is closed as a segment and a new one begun. Default 64 MiB. */
    segmentBytes?: number;
    /** Who has to approve an update. Absent: nothing has to be approved. */
    approvers?: Approvers;
}

/**
 * Where the log's file is.
 *
 * @throws AuditError when the log would be lost
 */
export function pathOf(ref: AuditRef): string {
    refuseTemporary(ref);
    return inProject(ref.path, ref.project);
}

/** An inline program of the Automation API has a folder of its own, made for this run and deleted afterwards. */
function refuseTemporary({ path, project }: AuditRef): void {
    if (isAbsolute(path) || path.startsWith("~/")) return;
    const folder = projectFolder(project);
    if (!TEMPORARY.test(basename(folder)) || !isBelow(realpathSync(tmpdir()), realpathSync(folder))) return;
    throw new AuditError(
        path,
        `the project's folder ${folder} is a temporary one of an inline program, and the log would be lost with it`,
        "give AuditSink an absolute `path` in a permanent folder, or the workspace a `workDir`",
    );
}

/** What the Automation API calls them. */
const TEMPORARY = /^(?:automation-|pulumi_auto)/;

function isBelow(folder: string, path: string): boolean {
    return path.startsWith(`${folder}/`);
}
