import type { PropertySchema, ResourceSchema } from "./resource.js";

/** What all resources of a relay take: which relay, where, which log. */
export const PLACED_INPUTS: Record<string, PropertySchema> = {
    relay: { type: "string", description: "Name of the relay; every message starts with it." },
    relayId: {
        type: "string",
        description: "The relay's own id, independent of the names of project, stack and relay.",
        optional: true,
    },
    role: { type: "string", description: "`leaf`: the machine of a managed peer.", optional: true },
    host: { type: { named: "HostDescriptor" }, description: "The relay's host, as described by `hosts.*`." },
    appName: { type: "string", description: "Prefix of every path, table, unit and process on the host." },
    interface: { type: "string", description: "Name of the WireGuard interface." },
    credentials: {
        type: "string",
        description: "A private SSH key, if the program sets one.",
        secret: true,
        optional: true,
    },
    confirmTimeout: {
        type: "integer",
        description: "Seconds within which a change on a remote host must be confirmed. Default: 60.",
        optional: true,
    },
    audit: {
        type: { named: "AuditReference" },
        description: "The sealed log: path, project, stack and where its signing key is.",
    },
};

export const MACHINE_INPUT: Record<string, PropertySchema> = {
    machine: {
        type: "string",
        description: "Identity of the machine, from Host; a different machine is set up from scratch.",
    },
    hostKey: { type: "string", description: "The SSH host key, from Host.", optional: true },
    moved: { type: { named: "HostMove" }, description: "The last move to another place, from Host.", optional: true },
};

/** What all resources of a relay tell. */
export const PLACED_OUTPUTS: Record<string, PropertySchema> = {
    record: {
        type: { named: "AuditRecordMark" },
        description: "Sequence, hash and offset of the last audit record of this resource.",
    },
    files: {
        type: "string",
        description: "Files of this resource on the machine: path, mode and SHA-256, a line each.",
        optional: true,
    },
    applied: {
        type: "integer",
        description: "Sequence of the record under which this resource last changed the machine.",
        optional: true,
    },
    drift: {
        type: { map: "string" },
        description: "Differences from the program that the last refresh found, by name.",
    },
    plan: { type: { list: "string" }, description: "In a preview: one sentence per effect.", optional: true },
};

export function relaySchema(
    inputs: Record<string, PropertySchema>,
    outputs: Record<string, PropertySchema>,
): ResourceSchema {
    return { inputs: { ...PLACED_INPUTS, ...inputs }, outputs: { ...PLACED_OUTPUTS, ...outputs } };
}
