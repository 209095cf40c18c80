import type { Terms } from "../core/access/terms.js";
import type { RelayPlain, ServicePlain } from "../core/arguments/index.js";
import { InvalidArgument } from "../core/errors.js";
import type { AskedPeer } from "./listedPeers.js";

/*
 * What a relay that is configured by a script cannot have: nothing connects to it, and the script is run once.
 */

/** What a relay ends by itself takes a relay that is reached: a script is run once. */
export function refuseEnding(
    subject: string,
    plain: Pick<RelayPlain, "grants">,
    services: readonly { name: string; plain: Pick<ServicePlain, "allow"> }[],
): void {
    const paths = [
        ...plain.grants.flatMap((grant, index) => timesIn(grant, `grants[${index}]`)),
        ...services.flatMap(({ name, plain: { allow } }) =>
            allow === "everyone"
                ? []
                : allow.flatMap((each, index) =>
                      typeof each === "object" ? timesIn(each, `services.${name}.allow[${index}]`) : [],
                  ),
        ),
    ];
    const [path] = paths;
    if (path === undefined) return;
    throw new InvalidArgument(
        `${subject}.${path}`,
        "is not enforced on a relay that is configured by a script",
        "remove it, and remove the access from the program on that day",
    );
}

function timesIn(terms: Pick<Terms, "until" | "window">, path: string): string[] {
    return (["until", "window"] as const).filter((time) => terms[time] !== undefined).map((time) => `${path}.${time}`);
}

/** The same of peers. */
export function refuseExpiring(subject: string, peers: readonly AskedPeer[]): void {
    const limited = peers.find((peer) => peer.plain.expires !== undefined);
    if (limited !== undefined) {
        throw new InvalidArgument(
            `${subject}.peers.${limited.name}.expires`,
            "is not enforced on a relay that is configured by a script",
            "remove it, and remove the peer from the program on that day",
        );
    }
}

/** Checks a relay that generates its own key and cannot be queried for its address. */
export function refuseWithoutConnection(subject: string, plain: RelayPlain, peers: readonly AskedPeer[]): void {
    const managed = peers.find((peer) => peer.managed !== undefined);
    if (managed !== undefined) {
        throw new InvalidArgument(
            `${subject}.peers.${managed.name}.host`,
            "is a managed peer, which a relay that is configured by a script cannot have",
            "remove it, and hand out configFor(peer)",
        );
    }
    if (plain.endpoint === undefined) {
        throw new InvalidArgument(
            `${subject}.endpoint`,
            "is missing, and the machine of a script cannot be queried for its address",
            "set the host or host:port that peers connect to",
        );
    }
    if (plain.privateKey !== undefined) {
        throw new InvalidArgument(
            `${subject}.privateKey`,
            "would have to be in the script, and a script must not contain a private key",
            "remove it: the relay generates its own",
        );
    }
    if (plain.certificateRenewal === "relay") {
        throw new InvalidArgument(
            `${subject}.certificateRenewal`,
            '"relay" needs a private key on the relay, and a script must not contain one',
            "remove it: a new script renews the certificates",
        );
    }
    if (Math.max(...plain.keyEpochs) > 1) {
        throw new InvalidArgument(
            `${subject}.keyEpochs`,
            "rotation is not supported for a relay that is configured by a script",
            "remove it",
        );
    }
}
