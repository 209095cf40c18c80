import { attempt, faultOf, invalid, InvalidArgument } from "../errors.js";
import { type Fault, faultText } from "../fault.js";

/**
 * Runs a check; what it refuses becomes a fault.
 *
 * @param path of the fault; default: what the check says itself
 */
export function checked<T>(check: () => T, fault: (fault: Fault) => void, path?: string): T | undefined {
    return attempt(check, (error) => fault(faultOf(error, path)));
}

/** One error for all faults. A single one speaks for itself. */
export function refuse(subject: string, faults: readonly Fault[]): never {
    const [first, ...more] = faults;
    if (first !== undefined && more.length === 0) {
        throw invalid(first);
    }
    const list = faults.map((fault) => `\n  ${faultText(fault)}`).join("");
    throw new InvalidArgument(subject, `${faults.length} arguments are invalid`, `correct them:${list}`);
}
