import { setTimeout as sleep } from "node:timers/promises";

import { HostError, HostUnreachable, TunnelError } from "../../../core/errors.js";
import { fingerprint } from "../../../core/keys/index.js";
import type { RecordMark } from "../../../core/audit/record.js";
import type { Answers, Part } from "../../../core/protocol/steps.js";
import { lost as lostRows } from "../../../core/protocol/lost.js";
import { formatMark } from "../../../core/protocol/mark.js";
import { describeHost } from "../../hosts/descriptors.js";
import { changeRelay } from "../../hosts/facts.js";
import type { Target } from "../../hosts/host.js";
import { listNames } from "../sentences.js";

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
    answer: Answers<Part>,
    table: string,
    mark: RecordMark,
    nameOf: (publicKey: string) => Promise<string | undefined>,
): Promise<void> {
    if (answer.pending === undefined) return;
    const seconds = Number(answer.pending);
    const values = { table, auditMark: formatMark(mark) };
    const confirmed = await untilReached(seconds, () =>
        changeRelay(target, "confirm", values, {}, { newConnection: true }),
    ).catch((cause: Error) => {
        throw unconfirmed(describeHost(target.host), cause, seconds);
    });
    if (confirmed.late !== undefined) {
        throw new HostError(
            describeHost(target.host),
            "the change was not confirmed in time and was rolled back",
            "check how it affects connectivity to the relay",
        );
    }
    const lost = lostRows.parse(confirmed.lost);
    if (lost.length === 0) return;
    throw new HostError(
        describeHost(target.host),
        `${listNames(await Promise.all(lost.map((row) => describeLost(row, nameOf))))} lost the connection because of this change, which was rolled back at once`,
        "check how the change affects connectivity, for example a route that contains the address a peer connects from; if a peer just disconnected in these seconds, apply again",
    );
}

/** Between two tries: a firewall that limits new connections, as ufw's `limit` does, is not asked often enough to go on refusing. */
const RETRY_SECONDS = 10;
/** What the last try and the confirmation itself may take. */
const MARGIN_SECONDS = 30;

/**
 * Tries again while the machine cannot be reached and the relay still waits for the confirmation.
 *
 * @param seconds until the relay rolls itself back
 */
export async function untilReached<T>(
    seconds: number,
    attempt: () => Promise<T>,
    wait: (milliseconds: number) => Promise<unknown> = sleep,
    clock: () => number = Date.now,
): Promise<T> {
    const end = clock() + (seconds - RETRY_SECONDS - MARGIN_SECONDS) * 1000;
    while (true) {
        try {
            return await attempt();
        } catch (error) {
            if (!(error instanceof HostUnreachable) || clock() > end) throw error;
        }
        await wait(RETRY_SECONDS * 1000);
    }
}

/**
 * Of the failure only its problem: what it says of the relay and of what to do is about an update that did not begin, and
 * this one has changed the relay already.
 */
export function unconfirmed(where: string, cause: Error, seconds: number): HostError {
    const reason = cause instanceof TunnelError ? cause.problem : cause.message;
    return new HostError(
        where,
        `the change was made, but could not be confirmed over a new connection (${reason})`,
        `wait: the relay rolls back within ${seconds} s, and removed peers stay removed. Then check how the change affects connectivity`,
        { cause },
    );
}

async function describeLost(
    row: ReturnType<typeof lostRows.parse>[number],
    nameOf: (publicKey: string) => Promise<string | undefined>,
): Promise<string> {
    if (row.kind === "service") return `service ${row.name}`;
    const { publicKey, address } = row;
    return `${(await nameOf(publicKey)) ?? `the peer with the key ${fingerprint(publicKey)}`} (${address})`;
}
