import { HostError } from "../../../core/errors.js";
import { tableName } from "../../../core/names.js";
import { carried } from "../../../core/protocol/carried.js";
import { endpoints } from "../../../core/protocol/endpoints.js";
import { moving as movingRows } from "../../../core/protocol/moving.js";
import { parsePeers } from "../../../core/protocol/peers.js";
import { parseDump } from "../../../core/wireguard/index.js";
import type { Answers } from "../../../core/protocol/steps.js";
import { changeRelay, type Facts } from "../../hosts/facts.js";
import { describeHost, isInstance, isOtherInstance, isSameMachine, mayBeSameMachine } from "../../hosts/descriptors.js";
import { runStep, type Target } from "../../hosts/host.js";

/**
 * A relay that moves empties the place it leaves. To another machine: new first, then old, so the last step of the
 * update does it. To other names on the same machine: old first, because one port and one address cannot be had
 * twice, so the first step does it; peers are interrupted until the last step is done.
 *
 * @returns a sentence for the log, or undefined when this step has nothing to leave
 */
export async function leave(
    former: Target | undefined,
    target: Target,
    moment: "first" | "last",
    seen: Seen,
): Promise<string | undefined> {
    if (former === undefined) return undefined;
    const stays = isStaying(former, target, seen);
    // Another way to the machine on which it is: there is nothing that it would leave.
    if (stays && tableName(former.names) === tableName(target.names)) return undefined;
    if (stays !== (moment === "first")) return undefined;
    // A cloud machine that does not answer any more is not waited for: its own resource deletes it, after this update.
    if (!stays && isInstance(former.host)) return emptyIfReached(former);
    // The way that led there may be closed.
    const place = stays ? { ...target, names: former.names } : former;
    await changeRelay(place, "remove", { table: tableName(former.names) });
    return leftSentence(former);
}

/** What the machine says that the new way leads to, and what the state has of the one where the relay was. */
export interface Seen {
    facts: Facts | undefined;
    machine: unknown;
    /** The resource that acts. */
    resource: string;
}

/** Whether the relay is on that machine already: its id says so, and that this resource has been there. */
function isStaying(former: Target, target: Target, { facts, machine, resource }: Seen): boolean {
    if (isSameMachine(former.host, target.host)) return true;
    if (!mayBeSameMachine(former.host, target.host) || facts?.machine !== machine) return false;
    // Machines that are copies of one image may have one id; under other names nothing of it is there yet.
    return facts?.marks.includes(resource) === true || tableName(former.names) !== tableName(target.names);
}

/**
 * Where peers were last, as the machine says that the relay leaves: the new one calls them, and they need not notice by
 * their own timers. It is asked once and not waited for: without an answer nothing is lost but that.
 *
 * @returns "public key TAB address:port" lines, or undefined when nothing moves or the old machine does not answer
 */
export async function endpointsLeft(former: Target, target: Target): Promise<string | undefined> {
    if (isSameMachine(former.host, target.host) && !isOtherInstance(former.host, target.host)) return undefined;
    try {
        const values = { table: tableName(former.names) };
        const answer = await runStep(atItsOwnAddress(former), "status", values, {}, { timeout: ASKED_SECONDS });
        const known = Object.entries(answer)
            .filter(([name, dump]) => name.startsWith("dump.") && dump !== "")
            .flatMap(([, dump]) => parseDump(dump).peers)
            .filter(({ endpoint }) => endpoint !== "");
        return endpoints.render(known);
    } catch (error) {
        if (error instanceof HostError) return undefined;
        throw error;
    }
}

/**
 * Another instance has taken over the address of the one where the relay was. The old one still runs and initiates handshakes, and its peers
 * would follow it to an address that is about to go: it is emptied as soon as it has said where they are, before the new one
 * calls them. They have lost it already, so this interrupts no peer. Without an answer its own resource deletes it, later.
 *
 * @returns a sentence for the log, or undefined when nothing was emptied
 */
export async function emptyReplaced(former: Target | undefined, target: Target): Promise<string | undefined> {
    if (former === undefined || !isSameMachine(former.host, target.host)) return undefined;
    if (!isOtherInstance(former.host, target.host)) return undefined;
    return emptyIfReached(former);
}

async function emptyIfReached(former: Target): Promise<string | undefined> {
    const place = atItsOwnAddress(former);
    try {
        await changeRelay(place, "remove", { table: tableName(place.names) });
    } catch (error) {
        if (error instanceof HostError) return undefined;
        throw error;
    }
    return leftSentence(place);
}

/** For the log: a place was emptied. */
export function leftSentence({ host, names }: Target): string {
    return `Left ${describeHost(host)}, interface ${names.interface}: interface, table, proxy and files were removed there`;
}

/**
 * Former keys of peers that still work where the relay leaves, with the preshared keys that belong to them: they go on working
 * where it comes to, until the same moment. Asked before anything is removed there.
 *
 * @returns "new key TAB former key TAB deadline TAB former preshared key" lines; undefined when there are none
 */
export async function overlapsLeft(
    former: Target | undefined,
    target: Target,
    seen: Seen,
    warn: (sentence: string) => void,
): Promise<string | undefined> {
    if (former === undefined) return undefined;
    const stays = isStaying(former, target, seen);
    if (stays && tableName(former.names) === tableName(target.names)) return undefined;
    const place = stays ? { ...target, names: former.names } : atItsOwnAddress(former);
    const values = { what: "wireguard", record: 1, table: tableName(former.names) };
    try {
        const answer = await runStep(place, "read", values, {}, { timeout: ASKED_SECONDS });
        return carriedOverlaps(answer);
    } catch (error) {
        if (!(error instanceof HostError)) throw error;
        warn(
            `${describeHost(former.host)} does not answer, so it is not known which replaced keys of peers still work there (${error.message}): a peer that has not used its new configuration yet is cut off until it does`,
        );
        return undefined;
    }
}

function carriedOverlaps({ moving = "", "record.peers": peers = "" }: Answers<"read">): string | undefined {
    const recorded = new Map(parsePeers(peers).map((peer) => [peer.publicKey, peer]));
    const rows = movingRows.parse(moving).flatMap((row) => {
        const peer = recorded.get(row.former);
        return peer === undefined ? [] : [{ ...row, presharedKey: peer.presharedKey }];
    });
    return rows.length === 0 ? undefined : carried.render(rows);
}

/** An answer that comes late is better than none: without it every peer waits for its own timers. */
const ASKED_SECONDS = 60;

export function atItsOwnAddress(former: Target): Target {
    const { host } = former;
    if (host.kind !== "ssh" || host.instance?.address === undefined) return former;
    return { ...former, host: { ...host, address: host.instance.address } };
}
