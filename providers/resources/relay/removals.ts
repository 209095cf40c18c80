import { conforms, fields, listOf, number, optional, type Shape, text } from "../shape.js";
import {
    type Admitted,
    isNarrower,
    isOfRule,
    parseAdmittedPeers,
    parseAdmittedServices,
    renderAdmitted,
    renderAdmittedElements,
} from "../../../core/protocol/admitted.js";
import { parseRule } from "../../../core/access/index.js";
import { HostError, HostUnreachable } from "../../../core/errors.js";
import { fingerprint } from "../../../core/keys/index.js";
import { tableName } from "../../../core/names.js";
import { formatMark } from "../../../core/protocol/mark.js";
import { type GoneKey, leftSentences, notGone, parseRevocation } from "../../../core/protocol/revocation.js";
import { problems as problemRows, removed as removedRows } from "../../../core/protocol/removed.js";
import { servedPorts } from "../../../core/protocol/services.js";
import { linesOf } from "../../../core/protocol/table.js";
import type { Answers, Requests } from "../../../core/protocol/steps.js";
import { describeHost, isOtherInstance } from "../../hosts/descriptors.js";
import { changeRelay } from "../../hosts/facts.js";
import type { Target } from "../../hosts/host.js";
import { atItsOwnAddress } from "./move.js";
import { keptIn } from "../keys/kept.js";
import { formerPlace, hasSameNames, targetOf } from "./target.js";
import type { Announcement } from "./announcement.js";
import { proofOf } from "./proof.js";
import type { Change, Running } from "./change.js";
import type { Properties } from "../resource.js";
import { inBatches } from "../wireguard/records.js";
import { count, rogueCutOff } from "../sentences.js";

/** What an update takes away, before anything else of it: peers, rights and services that the program has no more. */
export function takesAway({ before, inputs }: Pick<Change, "before" | "inputs">): boolean {
    const now = admittedIn(inputs);
    return before !== undefined && now !== undefined && isNarrower(admittedIn(before.inputs), now);
}

/**
 * Takes it away where the relay is now, reads back, and records what went. It needs the log and the machine, and nothing else of the
 * update.
 *
 * @throws HostError when something of it is left
 */
export async function takeAway(change: Change, running: Running): Promise<void> {
    const { operation, facts } = running;
    const now = admittedIn(change.inputs);
    // A resource that was replaced finds the relay as it is.
    const isFound = change.before === undefined && facts?.owner !== undefined;
    if (now === undefined || !(takesAway(change) || isFound)) return;
    const { target, isLeft } = whereItIs(change, running);
    const values = {
        table: tableName(target.names),
        auditMark: formatMark(operation.mark),
        undecided: now.undecided?.join(" "),
        role: change.inputs.role,
    };
    let answer: Answers<"removals">;
    try {
        const options = isLeft ? { timeout: ASKED_SECONDS } : {};
        answer = await changeRelay(
            target,
            "removals",
            values,
            removalFiles(admittedBefore(change) ?? keptPeers(change), now),
            options,
        );
    } catch (error) {
        if (!isLeft || !(error instanceof HostUnreachable)) throw error;
        change.context.log(
            "warning",
            `${change.inputs.relay}: ${describeHost(target.host)}, which the relay leaves, cannot be reached: what this update removes stays active there as long as that machine runs`,
        );
        return;
    }
    const gone = goneIn(change, answer);
    for (const record of recordsOf(change, gone, answer)) await operation.record({ status: "success", ...record });
    const problems = problemsIn(gone, answer);
    if (problems.length > 0)
        throw new HostError(
            describeHost(target.host),
            problems.join("; "),
            "fix the reported problem and apply again: all other removals of this update are done",
        );
}

/** What the relay's program is told. */
export function removalFiles(then: Admitted | undefined, now: Admitted): Requests<"removals"> {
    return {
        admitted: renderAdmitted(then, now),
        elements: renderAdmittedElements(now, then),
        services: servedPorts.render(parseAdmittedServices(now.services)),
    };
}

const admittedShape: Shape<Admitted> = fields<Admitted>({
    peers: text,
    rules: text,
    services: text,
    terms: optional(text),
    keyOverlap: optional(number),
    undecided: optional(listOf(text)),
});

/** undefined: it is not told, or not known yet. */
export function admittedIn({ admitted }: Properties): Admitted | undefined {
    return conforms(admittedShape, admitted) ? admitted : undefined;
}

/** A relay that moves is still at the place that it leaves; a machine is known by its id, however it is reached. */
function whereItIs(
    { before, inputs, context }: Change,
    { facts, target }: Running,
): { target: Target; isLeft: boolean } {
    if (before === undefined) return { target, isLeft: false };
    const [then, now] = [before.inputs, inputs];
    if (hasSameNames(then, now) && facts !== undefined && facts.machine === before.outputs.machine)
        return { target, isLeft: false };
    if (isOtherInstance(then.host, now.host))
        return { target: atItsOwnAddress(targetOf(before.inputs, context)), isLeft: true };
    const left = formerPlace(before, inputs, context);
    return left === undefined ? { target, isLeft: false } : { target: left, isLeft: true };
}

const ASKED_SECONDS = 15;

function admittedBefore({ before }: Change): Admitted | undefined {
    return before === undefined ? undefined : admittedIn(before.inputs);
}

/** The peers of a replaced Host: a generated key is known by its peer's name, which may have changed. */
function keptPeers({ inputs }: Change): Admitted | undefined {
    const { peers } = keptIn(inputs) ?? {};
    return typeof peers === "string" ? { peers, rules: "", services: "" } : undefined;
}

/** A key that went from the interface: of a peer that the program had, a former key of one that stays, or a stranger's. */
interface Gone extends GoneKey {
    kind: "peer" | "former" | "stranger";
}

function goneIn(change: Change, answer: Answers<"removals">): Gone[] {
    const then = admittedBefore(change);
    const known = then === undefined ? [] : parseAdmittedPeers(then.peers);
    return rowsOf(answer, "peer").map(({ publicKey, name, allowedIps: ips, what }): Gone => {
        const peer = known.find((each) => each.publicKey === publicKey) ?? known.find((each) => each.name === name);
        // Of a resource that was replaced the relay alone knows what was.
        if (peer === undefined && (then !== undefined || name === "-"))
            return { kind: "stranger", name: "", publicKey, allowedIps: [] };
        const { name: called, allowedIps } = peer ?? { name, allowedIps: ips };
        return { kind: what === "key" ? "former" : "peer", name: called, publicKey, allowedIps };
    });
}

type Removed = ReturnType<typeof removedRows.parse>[number];

function rowsOf<Kind extends Removed["kind"]>(
    answer: Answers<"removals">,
    kind: Kind,
): Extract<Removed, { kind: Kind }>[] {
    const isOfKind = (row: Removed): row is Extract<Removed, { kind: Kind }> => row.kind === kind;
    return removedRows.parse(answer.removed).filter(isOfKind);
}

/** What went, as the relay read it back, without peers of which something is left. */
function recordsOf(change: Change, all: Gone[], answer: Answers<"removals">): Announcement[] {
    const { relay } = change.inputs;
    const left = notGone(parseRevocation(answer.proof), all);
    const gone = all.filter(({ publicKey }) => !left.has(publicKey));
    const proof = { proof: proofOf(answer), ...FIRST };
    const detailsOf = ({ name, publicKey, allowedIps }: Gone): Record<string, unknown> => ({
        name,
        ...addressesOf(allowedIps),
        public_key: publicKey,
        fingerprint: fingerprint(publicKey),
    });
    const peers = gone.filter(({ kind }) => kind === "peer").map(detailsOf);
    const elements = rowsOf(answer, "element").map(({ element }) => element);
    const rules = linesOf(admittedBefore(change)?.rules ?? "").filter((rule) => {
        const parsed = parseRule(rule);
        return elements.some((element) => isOfRule(element, parsed));
    });
    return [
        ...inBatches(
            peers,
            (peer) => ({
                action: "peer_remove",
                message: `Removed peer ${String(peer.name)} (${String(peer.tunnel_ip)}) from relay ${relay}`,
                details: { relay, ...peer, ...proof },
            }),
            (batch) => ({
                action: "peer_remove",
                message: `Removed ${count(batch.length, "peer")} on relay ${relay}`,
                details: { relay, peers: batch, ...proof },
            }),
        ),
        ...gone
            .filter(({ kind }) => kind === "former")
            .map((key) => ({
                action: "key_remove",
                message: `Removed the former key of ${key.name} from relay ${relay}`,
                details: { relay, ...detailsOf(key), ...proof },
            })),
        ...gone
            .filter(({ kind }) => kind === "stranger")
            .map(({ publicKey }) => ({
                action: "drift_overwritten",
                message: rogueCutOff(publicKey),
                details: { relay },
            })),
        ...inBatches(
            rules,
            (rule) => rulesRecord(relay, [rule]),
            (batch) => rulesRecord(relay, batch),
            1,
        ),
        ...rowsOf(answer, "service").map(({ name, port }) => ({
            action: "service_close",
            message: `Closed ${name} (port ${port})`,
            details: { relay, name, port, ...FIRST },
        })),
    ];
}

function rulesRecord(relay: string, removed: string[]): Announcement {
    return {
        action: "grants_apply",
        message: `Relay ${relay} no longer allows ${count(removed.length, "rule")}`,
        details: { relay, added: [], removed, added_count: 0, removed_count: removed.length, ...FIRST },
    };
}

/** Marks a record of what went before the rest of its update: the resource that comes later does not tell it again. */
const FIRST = { removed_first: true };

function addressesOf(allowedIps: string[]): Record<string, string> {
    const bare = (suffix: string): string | undefined =>
        allowedIps.find((cidr) => cidr.endsWith(suffix))?.slice(0, -suffix.length);
    const [four, six] = [bare("/32"), bare("/128")];
    return { ...(four === undefined ? {} : { tunnel_ip: four }), ...(six === undefined ? {} : { tunnel_ip6: six }) };
}

function problemsIn(gone: Gone[], answer: Answers<"removals">): string[] {
    const revocation = parseRevocation(answer.proof);
    return [
        ...problemRows.parse(answer.problems).map(({ part, said: output }) => {
            return `${PARTS[part] ?? part}: ${output.replace(/[A-Za-z0-9+/]{43}=/g, "[key]")}`;
        }),
        ...(revocation === undefined ? [] : leftSentences(revocation, gone)),
    ];
}

const PARTS: Record<string, string> = {
    remove_unadmitted: "peers could not be removed from the interface",
    close_rights: "access rules could not be removed from the firewall",
    close_listeners: "a service could not be closed",
    end_flows: "running connections could not be ended",
};
