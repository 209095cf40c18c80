import * as pulumi from "@pulumi/pulumi";

import { allocated } from "../../core/mocks/index.js";
import { packed, unpacked } from "../../core/packed/index.js";

/** A resource as a program registered it, its lines read. */
export interface Registered {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
}

const KEY = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";

/** How a secret input arrives. */
export function secret(value: unknown): Record<string, unknown> {
    return { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value };
}

/** What stands for the plugin: Registry allocates as it would, of everything else only the shape is right. */
const OUTPUTS: Record<string, Record<string, unknown>> = {
    KeyPair: { publicKey: "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=", privateKey: KEY },
    Seed: { seed: KEY },
    CertificateAuthority: { certificate: "-----BEGIN CERTIFICATE-----\n", privateKey: "-----BEGIN PRIVATE KEY-----\n" },
    Host: { machine: "m1", address: "192.0.2.7" },
    WireGuard: { registry: {} },
    Proxy: { served: {} },
    AuditCheckpoint: { size: 1, head: "h", root: "r", note: "n" },
    SshKeyPair: { publicKey: "ssh-ed25519 AAAA", privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n" },
    HostKey: { hostKey: "ssh-ed25519 BBBB" },
    "digitalocean:index/sshKey:SshKey": { fingerprint: "aa:bb" },
    "digitalocean:index/droplet:Droplet": { ipv4Address: "203.0.113.5" },
    "digitalocean:index/reservedIp:ReservedIp": { ipAddress: "203.0.113.200" },
};

/** Ids that mean something elsewhere; any other resource's is its name. */
const IDS: Record<string, string> = { "digitalocean:index/droplet:Droplet": "4711" };

/**
 * Runs a Pulumi program without an engine.
 *
 * @param build declares resources and returns outputs, as a module exports them
 */
export async function runProgram<T>(build: () => T): Promise<{ registered: Registered[]; outputs: pulumi.Unwrap<T> }> {
    const registered: Registered[] = [];
    await pulumi.runtime.setMocks(
        {
            newResource({ type, name, inputs }) {
                const short = type.replace("qptunnel:index:", "");
                const read = unpacked(short, inputs as Record<string, unknown>);
                registered.push({ type, name, inputs: read });
                const ledger =
                    short === "Registry"
                        ? packed(short, { ...allocated(unpacked(short, plain(inputs as Record<string, unknown>))) })
                        : {};
                const record = { sequence: 0, hash: "0".repeat(64), offset: 0 };
                return { id: IDS[type] ?? name, state: { ...inputs, record, ...ledger, ...OUTPUTS[short] } };
            },
            call: () => ({}),
        },
        "office",
        "prod",
    );
    const outputs = await new Promise<pulumi.Unwrap<T>>((resolve, reject) => {
        pulumi.output(build()).apply(resolve);
        // What goes wrong in an output goes wrong for the whole program.
        process.once("unhandledRejection", reject);
    });
    await pulumi.runtime.disconnect();
    return { registered, outputs };
}

/** Secrets among inputs, as the plugin reads them. */
function plain<T>(value: T): T {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(plain) as T;
    if ("4dabf18193072939515e22adb298388d" in value) return plain((value as { value?: T }).value as T);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)])) as T;
}
