/**
 * An error that a person can act on: it names the thing, the problem and the fix.
 *
 * Everything the library refuses on purpose is one of these; any other error is a bug and travels unchanged.
 */
export class TunnelError extends Error {
    /**
     * @param subject what it is about: an argument's path (`peers.alice.publicKey`), a file, a host
     * @param problem what is wrong, without a full stop
     * @param fix what to do about it, without a full stop
     */
    constructor(
        readonly subject: string,
        readonly problem: string,
        readonly fix: string,
        options?: ErrorOptions,
    ) {
        super(`${subject}: ${problem}; ${fix}`, options);
        this.name = new.target.name;
    }
}

/** An argument a program gave that cannot be used. `subject` is the property path. */
export class InvalidArgument extends TunnelError {}

/** A log that lost, changed or replaced something, or that is not ours to write. */
export class AuditError extends TunnelError {}

/** A relay that cannot be changed or read as asked: no root, a missing tool, something foreign in the way. */
export class HostError extends TunnelError {}

/** A host that cannot be entered at all: what is on it is neither there nor known to be gone. */
export class HostUnreachable extends HostError {}
