import { attempt, InvalidArgument } from "../errors.js";

/** One thing wrong with the arguments. */
export interface Fault {
    /** Property path. */
    path: string;
    problem: string;
    fix: string;
}

/**
 * Runs a check; what it refuses becomes a fault.
 *
 * @param path of the fault; default: what the check says itself
 */
export function checked<T>(check: () => T, fault: (fault: Fault) => void, path?: string): T | undefined {
    return attempt(check, ({ subject, problem, fix }) => fault({ path: path ?? subject, problem, fix }));
}

/** One error for all faults. A single one speaks for itself. */
export function refuse(subject: string, faults: readonly Fault[]): never {
    const [first, ...more] = faults;
    if (first !== undefined && more.length === 0) {
        throw new InvalidArgument(first.path, first.problem, first.fix);
    }
    const list = faults.map(({ path, problem, fix }) => `\n  ${path}: ${problem}; ${fix}`).join("");
    throw new InvalidArgument(subject, `${faults.length} arguments are invalid`, `correct them:${list}`);
}
