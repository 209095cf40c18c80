import { type Fault, faultText } from "./fault.js";

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
        options?: { cause?: unknown },
    ) {
        super(visible(faultText({ path: subject, problem, fix })), options);
        this.name = new.target.name;
    }
}

/**
 * Runs a check that may refuse.
 *
 * @param refused told what it refuses; any other error travels on
 * @returns undefined when it refused
 */
export function attempt<T>(check: () => T, refused: (error: TunnelError) => void): T | undefined {
    try {
        return check();
    } catch (error) {
        if (!(error instanceof TunnelError)) throw error;
        refused(error);
        return undefined;
    }
}

/** Text that a terminal shows as it is: what a value quoted in it holds of escapes and invisible marks becomes code points. */
export function visible(text: string): string {
    return text.replace(HIDDEN, (character) => {
        const code = character.codePointAt(0) ?? 0;
        return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
    });
}

/** Control characters but for the line break, format characters (zero-width, reordering), line separators. */
const HIDDEN = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** An argument a program gave that cannot be used. `subject` is the property path. */
export class InvalidArgument extends TunnelError {}

/** The one thing that is wrong, to be thrown. */
export function invalid({ path, problem, fix }: Fault): InvalidArgument {
    return new InvalidArgument(path, problem, fix);
}

/** What an error says is wrong, to be passed on. */
export function faultOf({ subject, problem, fix }: TunnelError, path: string = subject): Fault {
    return { path, problem, fix };
}

/** Several things that are wrong at once, a line each. */
export class Refused extends Error {
    constructor(readonly faults: readonly Fault[]) {
        super(visible(faults.map(faultText).join("\n")));
        this.name = new.target.name;
    }
}

/** A log that lost, changed or replaced something, or that is not ours to write. */
export class AuditError extends TunnelError {}

/** A relay that cannot be changed or read as asked: no root, a missing tool, something foreign in the way. */
export class HostError extends TunnelError {}

/** A host that cannot be entered at all: what is on it is neither there nor known to be gone. */
export class HostUnreachable extends HostError {}

/** An update that has to be approved, and is not. */
export class NotApproved extends TunnelError {}
