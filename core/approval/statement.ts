import { canonicalJson } from "../audit/canonical.js";
import { isObject } from "../audit/entry.js";
import { sanitizeText } from "../audit/sanitize.js";
import { InvalidArgument } from "../errors.js";
import type { ApprovedStep, StepOperation, ValuePath } from "./step.js";

/** What an approver signs: one plan of one stack, and what it was made on. */
export interface Statement {
    project: string;
    stack: string;
    /** SHA3-256 of the preview's file. */
    plan: string;
    /** The stack's logs as the preview found them. */
    logs: ApprovedLog[];
    /** Relays with the record under which each was changed last. */
    relays: { relay: string; generation: number }[];
    /** What the preview says will happen. */
    sentences: string[];
    steps: ApprovedStep[];
}

export interface ApprovedLog {
    path: string;
    /** Hash of the first record; empty where there is no log yet. */
    genesis: string;
    size: number;
    /** Hash of the last record; empty where there is none. */
    head: string;
}

const FORMAT = "qp-tunnel-approval/1";

/**
 * The text that is signed: canonical JSON on one line, with its newline.
 *
 * @throws InvalidArgument where something in it has no such form
 */
export function renderStatement(statement: Statement): string {
    try {
        const text = `${canonicalJson({ format: FORMAT, ...statement })}\n`;
        if (linesOfStatement(text).every((part) => sanitizeText(part) === part)) return text;
        throw new RangeError("a name contains invisible characters");
    } catch (cause) {
        if (!(cause instanceof RangeError)) throw cause;
        throw new InvalidArgument("plan", `cannot be signed: ${cause.message}`, "use plain names and values", {
            cause,
        });
    }
}

/**
 * The inverse, for exactly what {@link renderStatement} writes.
 *
 * @throws InvalidArgument naming the text
 */
export function parseStatement(text: string, subject: string): Statement {
    const statement = readStatement(text);
    if (statement === undefined || rendered(statement) !== text)
        throw new InvalidArgument(
            subject,
            "is not the statement of an approval, or was changed",
            "write it again with qp-tunnel approve",
        );
    return statement;
}

/** Characters of a piece: a record holds 16 384 units of UTF-16, and some characters are two. */
const PART = 8000;

/** The text without its newline in pieces that a record holds. */
export function linesOfStatement(text: string): string[] {
    return text.trimEnd().match(new RegExp(`[^]{1,${PART}}`, "gu")) ?? [];
}

function rendered(statement: Statement): string | undefined {
    try {
        return renderStatement(statement);
    } catch (error) {
        if (error instanceof InvalidArgument) return undefined;
        throw error;
    }
}

function readStatement(text: string): Statement | undefined {
    let json: unknown;
    try {
        json = JSON.parse(text);
    } catch {
        return undefined;
    }
    if (!isObject(json) || json["format"] !== FORMAT) return undefined;
    const { format: _format, ...rest } = json;
    return isStatement(rest) ? rest : undefined;
}

function isStatement(value: object): value is Statement {
    const { project, stack, plan, logs, relays, sentences, steps } = value as Record<string, unknown>;
    return (
        [project, stack, plan].every(isText) &&
        isListOf(logs, isLog) &&
        isListOf(relays, isRelay) &&
        isListOf(sentences, isText) &&
        isListOf(steps, isStep)
    );
}

function isLog(value: unknown): value is ApprovedLog {
    return isObject(value) && ["path", "genesis", "head"].every((key) => isText(value[key])) && isCount(value["size"]);
}

function isRelay(value: unknown): boolean {
    return isObject(value) && isText(value["relay"]) && isCount(value["generation"]);
}

const OPERATIONS: readonly unknown[] = ["create", "update", "delete"] satisfies StepOperation[];

function isStep(value: unknown): value is ApprovedStep {
    if (!isObject(value)) return false;
    const { urn, operation, digest, hidden, open } = value;
    const isNamed = isText(urn) && OPERATIONS.includes(operation) && isText(digest);
    return isNamed && isListOf(hidden, isPath) && typeof open === "boolean";
}

function isPath(value: unknown): value is ValuePath {
    return isListOf(value, (step) => isText(step) || isCount(step)) && value.length > 0;
}

function isText(value: unknown): value is string {
    return typeof value === "string";
}

function isCount(value: unknown): value is number {
    return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is T[];
function isListOf(value: unknown, is: (item: unknown) => boolean): value is unknown[];
function isListOf(value: unknown, is: (item: unknown) => boolean): boolean {
    return Array.isArray(value) && value.every(is);
}
