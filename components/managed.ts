import * as pulumi from "@pulumi/pulumi";

import type { RecordMark } from "../core/audit/record.js";
import { isPacked, packed, unpacked } from "../core/packed/index.js";
import { renderAdmittedPeers } from "../core/protocol/admitted.js";
import type { Ledger } from "../core/registry/model.js";
import type { OutputsOf, ResourceType } from "../providers/plugin/outputTypes.js";
import { packageVersion } from "../providers/plugin/packageInfo.js";
import { keptOutputs, type Outputs, type Select } from "./kept.js";
import { isMocked } from "./mocked.js";
import { completeOutputs } from "./mockOutputs.js";
import { withoutStackTraces } from "./stackTraces.js";

/** The managed resources of the plugin, and what each tells. The plugin's schema says more. */
export const OUTPUTS = {
    KeyPair: ["publicKey", "privateKey"],
    Seed: ["seed"],
    SshKeyPair: ["publicKey", "privateKey"],
    HostKey: ["hostKey", "record"],
    Registry: ["peers", "services", "record"],
    CertificateAuthority: ["certificate", "privateKey", "record"],
    Host: [
        "machine",
        "address",
        "hostKey",
        "keyExchange",
        "wireguard",
        "supervisor",
        "tools",
        "moved",
        "client",
        "record",
        "drift",
    ],
    Firewall: ["table", "chains", "record", "drift"],
    WireGuard: ["publicKey", "epochs", "onEpoch", "registry", "record", "drift"],
    Proxy: ["served", "certificates", "record", "drift"],
    Grants: ["elements", "record", "drift"],
    Script: ["sha256", "edition", "publicKey", "registry", "served", "certificates", "receipt", "record", "drift"],
    AuditCheckpoint: ["genesis", "size", "bytes", "head", "root", "note"],
} as const satisfies { [Type in ResourceType]: readonly (keyof OutputsOf<Type>)[] };

/** Names of the outputs that a resource of a type is asked for. */
type OutputName<Type extends ResourceType> = (typeof OUTPUTS)[Type][number] & keyof OutputsOf<Type>;

/** A resource that writes records. */
export interface Recorded extends pulumi.CustomResource {
    output(name: "record"): pulumi.Output<RecordMark>;
}

/** One resource of the plugin. Its outputs are read by name, as what the plugin's resource of this type puts out. */
export class Managed<Type extends ResourceType> extends pulumi.CustomResource {
    /** For the compiler alone: a resource of one type is not taken for another. */
    declare readonly resourceType: Type;
    readonly #type: Type;

    constructor(type: Type, name: string, inputs: pulumi.Inputs, options: pulumi.CustomResourceOptions) {
        // An output exists on the resource only if it is asked for.
        const asked = Object.fromEntries(OUTPUTS[type].map((output) => [output, undefined]));
        const token = `qptunnel:index:${type}`;
        const kept = keptOutputs(token, name, options.parent, KEEPING[type]);
        const version = packageVersion();
        const restore = withoutStackTraces();
        super(token, name, { ...asked, ...inputs, ...(kept === undefined ? {} : { kept }) }, { version, ...options });
        restore();
        this.#type = type;
        if (isMocked()) completeOutputs(this, type, name, inputs, OUTPUTS[type]);
    }

    output<Name extends OutputName<Type>>(name: Name): pulumi.Output<OutputsOf<Type>[Name]> {
        const output = this.packed(name) as pulumi.Output<OutputsOf<Type>[Name]>;
        if (!isPacked(this.#type, name)) return output;
        return output.apply((value) => unpacked(this.#type, { [name]: value })[name] as OutputsOf<Type>[Name]);
    }

    /** An output in the form in which it travels, to be handed on. */
    packed<Name extends OutputName<Type>>(name: Name): pulumi.Output<unknown> {
        return (this as unknown as Record<Name, pulumi.Output<unknown>>)[name];
    }
}

const everything = (outputs: Outputs): Outputs => outputs;

/**
 * What resources keep of their outputs when they are replaced. SSH key pairs keep nothing: replacing one creates a
 * new pair.
 */
const KEEPING: Partial<Record<ResourceType, Select>> = {
    KeyPair: everything,
    Seed: everything,
    HostKey: everything,
    Registry: (...known) => packed("Registry", { kept: withPublicKeys(...known) })["kept"] as Outputs,
    CertificateAuthority: everything,
    Host: namesThen,
    WireGuard: peersOnInterface,
};

/** What it was called, and its peers, tell renames in an update that replaces it: `peers` are lines as `admitted` has them. */
function namesThen(_outputs: Outputs, urn: string, state: ReadonlyMap<string, Outputs>): Outputs {
    const ledger = state.get(urn.replace(/Host::(.*)-host$/, "Registry::$1-registry"));
    const peers = unpacked("Registry", ledger ?? {})["peers"] as Ledger["peers"] | undefined;
    return { urn, ...(peers === undefined ? {} : { peers: renderAdmittedPeers(peers) }) };
}

/** The ledger, with the generated keys by which it would know a peer that is renamed: they are not in it, the interface has them. */
function withPublicKeys(ledger: Outputs, urn: string, state: ReadonlyMap<string, Outputs>): Outputs {
    const sibling = (type: string): Outputs | undefined =>
        state.get(urn.replace(/Registry::(.*)-registry$/, `${type}::$1-${type.toLowerCase()}`));
    const { registry } = unpacked("WireGuard", sibling("WireGuard") ?? sibling("Script") ?? {});
    const listed = (unpacked("Registry", ledger)["peers"] ?? {}) as Record<string, { publicKey?: string }>;
    const known = (registry ?? {}) as Record<string, { publicKey?: string }>;
    const generated = Object.entries(listed).flatMap(([name, { publicKey }]): [string, string][] => {
        const key = known[name]?.publicKey;
        return publicKey !== undefined || key === undefined ? [] : [[name, key]];
    });
    return { ...ledger, ...(registry === undefined ? {} : { publicKeys: Object.fromEntries(generated) }) };
}

/** Who is on it with which key, as text: the engine's time follows the number of values. */
function peersOnInterface(outputs: Outputs): Outputs {
    const { registry = {}, epochs = {} } = unpacked("WireGuard", outputs);
    const peers = Object.entries(registry as Record<string, { [field: string]: string }>)
        .filter(([, { status }]) => status === "active")
        .map(([name, { publicKey = "", address = "", address6 = "" }]) =>
            [name, publicKey, address, address6].join("\t"),
        );
    const keys = Object.entries(epochs as Record<string, { publicKey: string }>);
    return {
        peers: peers.join("\n"),
        epochs: Object.fromEntries(keys.map(([epoch, { publicKey }]) => [epoch, publicKey])),
    };
}

/**
 * Options of a resource that lives in the state alone and has a secret output. A replacement deletes it first, which
 * removes nothing: the engine keeps a resource that it deleted first in the state until the new one takes its place, in
 * one step. The other way round it marks the old one as deleted before it writes the new one, and an engine that is killed
 * in between leaves only what it does not show to the next run.
 */
export function secretChild(
    parent: pulumi.Resource,
    after: pulumi.Resource[] = [],
): (output: string) => pulumi.CustomResourceOptions {
    return (output) => ({
        parent,
        dependsOn: after,
        additionalSecretOutputs: [output],
        deleteBeforeReplace: true,
    });
}
