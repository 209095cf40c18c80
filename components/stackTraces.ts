/**
 * Switches stack traces off until the returned function is called, at the latest until the code that runs now is done. For constructors of
 * resources: the SDK takes several for every property, to tell where a promise comes from that nothing resolves, and with source maps these
 * take longer than everything else of a registration.
 */
export function withoutStackTraces(): () => void {
    const { stackTraceLimit } = Error;
    const restore = (): void => void (Error.stackTraceLimit = stackTraceLimit);
    Error.stackTraceLimit = 0;
    // The constructor of the SDK may throw.
    queueMicrotask(restore);
    return restore;
}
