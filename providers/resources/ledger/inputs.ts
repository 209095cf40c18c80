import type { Fault } from "../../../core/fault.js";
import type { Ledger, RegistryService, RetiredPeer } from "../../../core/registry/model.js";
import type { LedgerChange } from "../../../core/registry/ledgerChange.js";
import type { PeerRequest, ServiceRequest } from "../../../core/registry/request.js";
import { type LoggedInputs, readLogged } from "../relay/placed.js";
import type { Properties } from "../resource.js";
import { anything, fields, flag, listOf, mapOf, number, optional, read, type Shape, text } from "../shape.js";
import { peerShape } from "../wireguard/inputs.js";
import { type SuppliedInputs, suppliedShape } from "./supplied.js";

interface OwnInputs {
    subnet: string;
    subnet6?: string;
    /** Addresses that are never allocated. */
    reserved?: string[];
    peers: Record<string, PeerRequest>;
    services: Record<string, ServiceRequest>;
    /** What other resources say of peers; some is not known in a preview. */
    supplied?: SuppliedInputs;
    /** Public keys that resources put out; some are not known in a preview. */
    publicKeys?: Record<string, unknown>;
    /** Names for sets of peers. */
    groups?: Record<string, string[]>;
    /** What the ledger's history forbids. */
    refused?: Fault[];
}

export type RegistryInputs = LoggedInputs & OwnInputs;

const requestsShape: Shape<Record<string, PeerRequest>> = mapOf(
    fields<PeerRequest>({
        address: optional(text),
        publicKey: optional(text),
        isOutput: optional(flag),
        routes: optional(listOf(text)),
        keyEpoch: optional(number),
        expires: optional(text),
        reinstate: optional(flag),
    }),
);

const toldShape: Shape<OwnInputs> = fields<OwnInputs>({
    subnet: text,
    subnet6: optional(text),
    reserved: optional(listOf(text)),
    peers: requestsShape,
    supplied: optional(suppliedShape),
    services: mapOf(fields<ServiceRequest>({ port: optional(number), formerly: optional(listOf(text)) })),
    publicKeys: optional(mapOf(anything)),
    groups: optional(mapOf(listOf(text))),
    refused: optional(listOf(fields<Fault>({ path: text, problem: text, fix: text }))),
});

const serviceShape: Shape<RegistryService> = fields<RegistryService>({ port: number });

const retiredPeerShape: Shape<RetiredPeer> = fields<RetiredPeer>({
    address: text,
    address6: optional(text),
    publicKey: optional(text),
    admitted: optional(number),
    expires: optional(text),
    keyEpoch: optional(number),
});

const ledgerShape: Shape<Ledger> = fields<Ledger>({
    peers: mapOf(peerShape),
    services: mapOf(serviceShape),
    retired: fields<Ledger["retired"]>({
        peers: mapOf(retiredPeerShape),
        services: mapOf(serviceShape),
        keys: optional(listOf(text)),
    }),
    groups: optional(mapOf(listOf(text))),
});

const changeShape: Shape<LedgerChange> = fields<LedgerChange>({
    peers: optional(mapOf(orGone(peerShape))),
    services: optional(mapOf(orGone(serviceShape))),
    retired: optional(
        fields<NonNullable<LedgerChange["retired"]>>({
            peers: optional(mapOf(orGone(retiredPeerShape))),
            services: optional(mapOf(orGone(serviceShape))),
            keys: optional(
                fields<{ added: string[]; removed: string[] }>({ added: listOf(text), removed: listOf(text) }),
            ),
        }),
    ),
    groups: optional(mapOf(orGone(listOf(text)))),
});

export function readRegistry(inputs: Properties): RegistryInputs {
    return read(toldShape, readLogged(inputs));
}

/** Peers that another resource lists, once they are known. */
export function readRequests(peers: unknown): Record<string, PeerRequest> {
    return read(requestsShape, peers, "supplied.peers");
}

/** The ledger, out of inputs that check has filled in, out of outputs, or out of the log. */
export function readLedger(values: unknown): Ledger {
    const { peers, services, retired, groups } = read(ledgerShape, values);
    return { peers, services, retired, ...(groups === undefined ? {} : { groups }) };
}

/** What a record of the log says changed in the ledger. */
export function readChange(values: unknown): LedgerChange {
    return read(changeShape, values, "change");
}

/** An entry, or null for one that is gone. */
function orGone<T>(shape: Shape<T>): Shape<T | null> {
    return (value, path) => (value === null ? undefined : shape(value, path));
}
