import { InvalidArgument } from "../../../core/errors.js";

/** The message with which something is refused; anything but an InvalidArgument is a failure of the test. */
export function refusal(action: () => unknown): string {
    let result: unknown;
    try {
        result = action();
    } catch (error) {
        if (error instanceof InvalidArgument) {
            return error.message;
        }
        throw error;
    }
    throw new Error(`expected a refusal, got ${JSON.stringify(result)}`);
}
