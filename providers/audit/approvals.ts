import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { APPROVALS_FOLDER } from "../../core/approval/approvers.js";
import { parseStatement, type Statement } from "../../core/approval/statement.js";
import { InvalidArgument } from "../../core/errors.js";
import { inProject } from "./paths.js";
import { nativePrimitives } from "./primitives.js";

/** A statement with its signatures, as files have them. */
export interface Approval {
    /** Name of its file. */
    name: string;
    text: string;
    /** SHA3-256 of the text. */
    digest: string;
    statement: Statement;
    /** Armoured; whose they are is not checked yet. */
    signatures: string[];
}

/** Name of a statement's file, without folder. */
export function approvalName(digest: string): string {
    return `${digest.slice(0, 16)}.json`;
}

/** Absolute path of the folder in which a project's approvals are. */
export function approvalsFolder(project: string, folder = APPROVALS_FOLDER): string {
    return inProject(folder, project);
}

/**
 * The approvals in a folder: statements (`….json`) and their signatures (`….json.….sig`). Other files are left alone, and so is a
 * folder that is not there.
 */
export function readApprovals(folder: string): Approval[] {
    const names = namesIn(folder);
    return names
        .filter((name) => name.endsWith(".json"))
        .flatMap((name) => {
            const text = readFileSync(join(folder, name), "utf8");
            const statement = statementIn(text, name);
            if (statement === undefined) return [];
            const signatures = names
                .filter((other) => other.startsWith(`${name}.`) && other.endsWith(".sig"))
                .map((other) => readFileSync(join(folder, other), "utf8"));
            return [{ name, text, digest: nativePrimitives.sha3(text), statement, signatures }];
        });
}

function namesIn(folder: string): string[] {
    try {
        return readdirSync(folder).sort();
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
    }
}

function statementIn(text: string, name: string): Statement | undefined {
    try {
        return parseStatement(text, name);
    } catch (error) {
        if (error instanceof InvalidArgument) return undefined;
        throw error;
    }
}
