import * as pulumi from "@pulumi/pulumi";

import type { Authorities } from "./authorities.js";
import { Managed, type Recorded } from "./managed.js";
import type { MadePeer } from "./managedPeer.js";
import type { MadeRelay, RelayBase } from "./relayOnHost.js";

/** What the log must still contain tomorrow. */
interface Pin {
    size: number;
    head: string;
    root: string;
    note: string;
}

/** Everything of a relay that writes records, by role. */
export function recordedBy(
    { registry, machine }: RelayBase,
    made: MadeRelay,
    managed: MadePeer[],
    authorities: Authorities,
): Record<string, Recorded> {
    return {
        registry,
        ...machine.recorded,
        ...made.recorded,
        ...(Object.assign({}, ...managed.map((peer) => peer.recorded)) as MadePeer["recorded"]),
        ...Object.fromEntries(
            Object.entries(authorities).map(([algorithm, authority]) => [`ca-${algorithm}`, authority]),
        ),
    };
}

/** Hash of the last record of each. */
export function recordHashes(recorded: Record<string, Recorded>): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
        Object.entries(recorded).map(([role, resource]) => [
            role,
            resource.output("record").apply((record) => record.hash),
        ]),
    );
}

/** Pins the log in the stack's state, once everything has written to it. */
export function pinLog(
    { parent, name, place, leaves }: RelayBase,
    { way }: MadeRelay,
    recorded: Record<string, Recorded>,
): pulumi.Output<Pin> {
    const checkpoint = new Managed(
        "AuditCheckpoint",
        `${name}-audit`,
        { ...place, ...way, ...leaves, records: recordHashes(recorded) },
        { parent, dependsOn: Object.values(recorded) },
    );
    return pulumi
        .all([
            checkpoint.output("size"),
            checkpoint.output("head"),
            checkpoint.output("root"),
            checkpoint.output("note"),
        ])
        .apply(([size, head, root, note]) => ({ size, head, root, note }));
}
