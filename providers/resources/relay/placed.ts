import type { RecordMark } from "../../../core/audit/record.js";
import type { Approvers } from "../../../core/approval/approvers.js";
import type { StoredDrift } from "../../../core/drift.js";
import type { AuditRef } from "../../audit/log.js";
import type { HostDescriptor } from "../../hosts/descriptors.js";
import { isMap } from "../changes.js";
import type { Properties, Unknown } from "../resource.js";
import {
    conforms,
    fields,
    listOf,
    mapOf,
    number,
    oneOf,
    optional,
    previewed,
    read,
    type Shape,
    text,
} from "../shape.js";

/** What every resource of a relay is told: which relay, where, and which log. May change without a diff. */
export interface Placed {
    relay: string;
    /** Its own id. Absent in states of 0.1.0; not known in a preview that makes it. */
    relayId?: string | Unknown;
    /** A managed peer's machine. Absent: the relay's own. */
    role?: "leaf";
    host: HostDescriptor;
    appName: string;
    interface: string;
    audit: AuditRef;
    /** A private SSH key, if the program sets one. A secret. */
    credentials?: string | Unknown;
    /** The host key that Host saw, where none is pinned by the program. */
    hostKey?: string | Unknown;
    /** Identity of the machine, from Host: another one has to be filled again. */
    machine?: string | Unknown;
    /** Seconds within which a change on a remote host must be confirmed. */
    confirmTimeout?: number;
}

/** Inputs of a resource of a relay: what all of them have is typed, and what else a resource has it types itself. */
export type PlacedInputs = Placed & Properties;

/** Outputs that all resources of a relay have, as the state has them. */
export interface RelayOutputs {
    /** The last record of this resource. */
    record?: RecordMark;
    /** What the last refresh found, by name, each with a sentence. */
    drift?: StoredDrift;
    /** Files of this resource on the machine. */
    files?: string;
    /** The record under which it last changed the machine. */
    applied?: number;
}

export type PlacedOutputs = RelayOutputs & Properties;

const isHost = (value: unknown): value is HostDescriptor =>
    isMap(value) && ["local", "ssh", "script"].includes(String(value.kind));

export const hostShape: Shape<HostDescriptor> = (value, path) =>
    isHost(value) ? undefined : { path, problem: "is not a host", fix: "give one of `hosts`" };

const approversShape: Shape<Approvers> = fields<Approvers>({
    signers: listOf(text),
    required: number,
    folder: optional(text),
    emergency: optional(oneOf("record", "refuse")),
});

export const auditShape: Shape<AuditRef> = fields<AuditRef>({
    project: text,
    stack: text,
    path: text,
    signingKey: optional(text),
    restartFrom: optional(text),
    onBehind: optional(oneOf("fail", "warn")),
    segmentBytes: optional(number),
    approvers: optional(approversShape),
});

const placedShape: Shape<Placed> = fields<Placed>({
    relay: text,
    relayId: optional(previewed(text)),
    role: optional(oneOf("leaf")),
    host: hostShape,
    appName: text,
    interface: text,
    audit: auditShape,
    credentials: optional(previewed(text)),
    hostKey: optional(previewed(text)),
    machine: optional(previewed(text)),
    confirmTimeout: optional(number),
});

export const markShape: Shape<RecordMark> = fields<RecordMark>({
    sequence: number,
    hash: text,
    offset: number,
    genesis: optional(text),
});

const outputsShape: Shape<RelayOutputs> = fields<RelayOutputs>({
    record: optional(markShape),
    drift: optional(mapOf(text)),
    files: optional(text),
    applied: optional(number),
});

/** What a resource is told that writes records: for which relay, into which log. */
export type LoggedInputs = Pick<Placed, "relay" | "audit"> & Properties;

const loggedShape: Shape<Pick<Placed, "relay" | "audit">> = fields<Pick<Placed, "relay" | "audit">>({
    relay: text,
    audit: auditShape,
});

export function readLogged(inputs: Properties): LoggedInputs {
    return read(loggedShape, inputs);
}

/** Whether a resource is told where its relay is: in states of older versions the ledger is not. */
export function isPlaced(inputs: Properties): inputs is PlacedInputs {
    return conforms(placedShape, inputs);
}

/** The last record of a resource, out of its outputs. */
export function recordIn({ record }: Properties): RecordMark | undefined {
    return read(optional(markShape), record, "record");
}

/** Inputs as every resource of a relay reads them at the border. */
export function readPlaced(inputs: Properties): PlacedInputs {
    return read(placedShape, inputs);
}

export function readOutputs(outputs: Properties): PlacedOutputs {
    return read(outputsShape, outputs);
}
