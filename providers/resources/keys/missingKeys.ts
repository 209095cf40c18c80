import { conforms, fields, listOf, mapOf, optional, read, type Shape, text } from "../shape.js";
import { sinceArchived } from "../../../core/audit/renames.js";
import type { AuditLine } from "../../../core/audit/record.js";
import { AuditLog, type AuditRef } from "../../audit/log.js";
import { givenKeys } from "../ledger/recorded.js";
import type { Properties } from "../resource.js";
import { listNames } from "../sentences.js";
import { recordedRegistry } from "../wireguard/history.js";
import type { Evidence, Loss } from "./loss.js";

/*
 * Keys that the state should have and does not, while it has the relay's seed: `pulumi state delete` of a key pair or an authority, or of
 * what they depend on. The program tells which keys to look for; the log tells whether the relay uses them.
 */

/** As words. */
interface Missing {
    epochs?: string;
    peers?: string;
    authorities?: string;
    held?: string;
}

const missingShape: Shape<Missing> = fields<Missing>({
    epochs: optional(text),
    peers: optional(text),
    authorities: optional(text),
    held: optional(text),
});

/** What the relay uses and the state does not have; undefined where that is nothing. */
export async function missingKeys({ missing, relay: name }: Properties, audit: AuditRef): Promise<Loss | undefined> {
    const told = read(missingShape, missing, "missing");
    const wanted = (kind: keyof Missing): string[] => told[kind]?.split(" ").filter((word) => word !== "") ?? [];
    const [log, relay] = [await AuditLog.open(audit, {}), String(name)];
    const held = new Set(wanted("held"));
    const applied = await interfaceIn(log, relay);
    const epochs = applied === undefined ? [] : lostEpochs(applied.details, wanted("epochs"), held);
    const peers = applied === undefined ? [] : await lostPeers({ audit, relay }, log, wanted("peers"), held);
    const authorities = await lostAuthorities(log, relay, wanted("authorities"));
    const lines = [
        ...(applied !== undefined && epochs.length + peers.length > 0 ? [applied.last] : []),
        ...authorities.map(({ capsule }) => capsule),
    ];
    const record = lines.sort((a, b) => b.sequence - a.sequence)[0];
    if (record === undefined) return undefined;
    const algorithms = authorities.map(({ details }) => String(details.algorithm));
    return lossOf(record, { epochs, peers, algorithms }, wanted("epochs"));
}

/** The interface as it was applied last, and the newest record of it or of a peer; undefined when it was removed since. */
async function interfaceIn(
    log: AuditLog,
    relay: string,
): Promise<{ last: Evidence; details: Record<string, unknown> } | undefined> {
    let last: Evidence | undefined;
    for await (const { action, status, capsule, details } of sinceArchived(log.entries("newest"), relay)) {
        if (status !== "success") continue;
        if (action === "interface_remove") break;
        if (action === "peers_apply") return { last: last ?? capsule, details };
        if (action === "peer_add") last ??= capsule;
    }
    // A relay that is set up by a script has no record of its interface.
    return last === undefined ? undefined : { last, details: {} };
}

/** Epochs whose key the state had when the interface was applied. A record of before this was written has the newest epoch's key alone. */
function lostEpochs(
    { keys_in_state: recorded, public_key: newest }: Record<string, unknown>,
    wanted: string[],
    held: ReadonlySet<string>,
): string[] {
    if (conforms(mapOf(text), recorded))
        return wanted.filter((epoch) => recorded[epoch] !== undefined && !held.has(recorded[epoch]));
    return typeof newest === "string" && newest !== "" && !held.has(newest) ? wanted : [];
}

/** Peers that are connected with a key which no program ever gave, and which no key pair in the state has or had. */
async function lostPeers(
    place: { audit: AuditRef; relay: string },
    log: AuditLog,
    wanted: string[],
    held: ReadonlySet<string>,
): Promise<string[]> {
    if (wanted.length === 0) return [];
    const registry = await recordedRegistry(place);
    const found = wanted.flatMap((name): { name: string; publicKey: string }[] => {
        const peer = registry[name];
        return peer?.status === "active" && !held.has(peer.publicKey) ? [{ name, publicKey: peer.publicKey }] : [];
    });
    if (found.length === 0) return [];
    const given = await givenKeys(log, place.relay);
    return found.filter(({ publicKey }) => !given.has(publicKey)).map(({ name }) => name);
}

/** Records of authorities that the relay's services had when they were applied last. */
async function lostAuthorities(log: AuditLog, relay: string, wanted: string[]): Promise<AuditLine[]> {
    const left = new Set(wanted);
    const found: AuditLine[] = [];
    let used: ReadonlySet<string> | undefined;
    for await (const line of sinceArchived(log.entries("newest"), relay)) {
        const { action, status, details } = line;
        if (left.size === 0) break;
        if (status !== "success") continue;
        if (used === undefined && action === "services_remove") break;
        // An authority without a record of its use may be one that an update was killed over. Older records do not say which are used.
        if (action === "services_apply" || action === "script_apply")
            used ??= new Set(conforms(listOf(text), details.authorities) ? details.authorities : wanted);
        if (used === undefined || (action !== "ca_create" && action !== "ca_reissue")) continue;
        const algorithm = String(details.algorithm);
        if (left.delete(algorithm) && used.has(algorithm)) found.push(line);
    }
    return found;
}

interface Lost {
    epochs: string[];
    peers: string[];
    algorithms: string[];
}

/** In words. @param declared every epoch that is looked for: a relay with one alone has a key without a number */
function lossOf(record: Evidence, { epochs, peers, algorithms }: Lost, declared: string[]): Loss {
    const isWhole = epochs.length > 0 && epochs.length === declared.length;
    const what = [
        ...(isWhole && epochs[0] === "1" && epochs.length === 1
            ? ["the relay's key"]
            : epochs.map((epoch) => `the relay's key of epoch ${epoch}`)),
        ...(peers.length === 0 ? [] : [`the ${peers.length === 1 ? "key" : "keys"} of ${listNames(peers)}`]),
        ...algorithms.map((algorithm) => `the ${algorithm} CA`),
    ];
    const isOne = what.length === 1 && peers.length < 2;
    const stops = [
        ...(isWhole ? ["every configuration in use stops working"] : []),
        ...(isWhole ? [] : epochs.map((epoch) => `every configuration of epoch ${epoch} stops working`)),
        ...(isWhole || peers.length === 0
            ? []
            : [
                  peers.length === 1
                      ? `the configuration of ${listNames(peers)} stops working`
                      : `the configurations of ${listNames(peers)} stop working`,
              ]),
    ];
    return {
        record,
        what: listNames(what),
        isOne,
        says: `the relay uses ${isOne ? "it" : "them"}`,
        made: isOne ? "a new one is" : "new ones are",
        stops,
        asks: algorithms.length === 0 ? [] : ["clients of its services must trust a new CA"],
        isOnRelay: epochs.length + peers.length > 0,
    };
}
