import { HostError } from "../../core/errors.js";
import { fingerprint } from "../../core/keys.js";
import type { RecordMark } from "../../core/audit/record.js";
import type { Files } from "../hosts/bundle.js";
import { describeHost } from "../hosts/descriptors.js";
import { changeRelay } from "../hosts/facts.js";
import type { Target } from "../hosts/host.js";
import { formatMark } from "./placed.js";
import { listNames } from "./words.js";

/**
 * Confirms a change that waits for it, over a new connection: the old one keeps working after a lock-out. The relay
 * takes the confirmation only if the peers that it was hearing before, and that the plan leaves alone, are there still,
 * and its services too. Otherwise it rolls itself back, to something that is never wider than it was.
 *
 * @param nameOf who a public key belongs to, for the message
 * @throws HostError that says who lost the connection, or that none could be made
 */
export async function confirm(
    target: Target,
    answer: Files,
    table: string,
    mark: RecordMark,
    nameOf: (publicKey: string) => Promise<string | undefined>,
): Promise<void> {
    if (answer.pending === undefined) return;
    const confirmed = await changeRelay(
        target,
        "confirm",
        { table, auditMark: formatMark(mark) },
        {},
        { anew: true },
    ).catch((cause: Error) => {
        throw new HostError(
            describeHost(target.host),
            `the change could not be confirmed over a new connection (${cause.message})`,
            `nothing to do: the relay rolls itself back within ${answer.pending?.trim()} s; what was cut stays cut. Then look at what the change did to the way there`,
            { cause },
        );
    });
    const lost = (confirmed.lost ?? "").split("\n").filter((line) => line !== "");
    if (lost.length === 0) return;
    throw new HostError(
        describeHost(target.host),
        `${listNames(await Promise.all(lost.map((line) => inWords(line, nameOf))))} lost the connection by this change, which was rolled back at once`,
        "look at what the change does to the way there, such as a route over the address it comes from; who only left in these seconds is not in the way of the next apply",
    );
}

/** "peer KEY ADDRESS" or "service NAME", as the relay says it. */
async function inWords(line: string, nameOf: (publicKey: string) => Promise<string | undefined>): Promise<string> {
    const [kind, id = "", address = ""] = line.split(" ");
    if (kind !== "peer") return `service ${id}`;
    return `${(await nameOf(id)) ?? `the peer with the key ${fingerprint(id)}`} (${address})`;
}
