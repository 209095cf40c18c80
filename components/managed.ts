import * as pulumi from "@pulumi/pulumi";

/** The managed resources of the plugin, and what each tells. The plugin's schema says more. */
export const OUTPUTS = {
    KeyPair: ["publicKey", "privateKey"],
    Seed: ["seed"],
    SshKeyPair: ["publicKey", "privateKey"],
    HostKey: ["hostKey", "record"],
    Registry: ["peers", "services", "record"],
    CertificateAuthority: ["certificate", "privateKey", "record"],
    Host: ["machine", "address", "hostKey", "keyExchange", "wireguard", "supervisor", "tools", "record", "drift"],
    Firewall: ["table", "chains", "record", "drift"],
    WireGuard: ["publicKey", "epochs", "onEpoch", "registry", "record", "drift"],
    Proxy: ["served", "certificates", "record", "drift"],
    Grants: ["elements", "record", "drift"],
    Script: ["sha256", "edition", "publicKey", "registry", "served", "certificates", "receipt", "record", "drift"],
    AuditCheckpoint: ["genesis", "size", "bytes", "head", "root", "note"],
} as const;

export type ManagedType = keyof typeof OUTPUTS;

/** One resource of the plugin. Its outputs are read by name: the plugin decides what is in them, not a class per type. */
export class Managed extends pulumi.CustomResource {
    constructor(type: ManagedType, name: string, inputs: pulumi.Inputs, options: pulumi.CustomResourceOptions) {
        // An output exists on the resource only if it is asked for.
        const asked = Object.fromEntries(OUTPUTS[type].map((output) => [output, undefined]));
        super(`qptunnel:index:${type}`, name, { ...asked, ...inputs }, options);
    }

    output<T>(name: string): pulumi.Output<T> {
        return (this as unknown as Record<string, pulumi.Output<T>>)[name] as pulumi.Output<T>;
    }
}

/**
 * Options of a resource that lives in the state alone and has a secret output. A replacement (`--replace`, taint)
 * deletes it first and makes it anew in the same process, which hands the old value on: it is no rotation.
 */
export function secretChild(parent: pulumi.Resource): (output: string) => pulumi.CustomResourceOptions {
    return (output) => ({ parent, additionalSecretOutputs: [output], deleteBeforeReplace: true });
}
