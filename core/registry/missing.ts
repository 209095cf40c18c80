import { InvalidArgument } from "../errors.js";

/**
 * Who or what the program lists, and the registry does not know: the registry is told everything that is listed, so this is an
 * update that leaves it out (`--target`).
 *
 * @param what in words: `"dave"`, `service wiki`
 */
export function notRegistered(subject: string, what: string): InvalidArgument {
    return new InvalidArgument(
        subject,
        `the registry does not know ${what} yet, and this update leaves it out`,
        "target the whole relay (the Relay itself, and a new Peer besides, with `--target-dependents`), or update without `--target`",
    );
}
