import type { RegisteredPeer } from "../../../core/registry/model.js";
import { HostError } from "../../../core/errors.js";
import type { ScriptHost } from "../../hosts/descriptors.js";
import { type FirewallInputs, readFirewall } from "../firewall/inputs.js";
import { type GrantsInputs, readGrants } from "../grants/inputs.js";
import { type HostInputs, readHost } from "../host/inputs.js";
import { type ProxyPlan, readProxy } from "../proxy/inputs.js";
import type { CertificateRecord } from "../proxy/certificates.js";
import type { Change } from "../relay/change.js";
import { type Placed, type PlacedOutputs, readOutputs } from "../relay/placed.js";
import type { Properties, Unknown } from "../resource.js";
import { fields, mapOf, number, oneOf, optional, previewed, read, type Shape, text } from "../shape.js";
import { readWireGuard, type WireGuardPlan } from "../wireguard/inputs.js";
import { registryShape } from "../wireguard/outputs.js";

interface OwnInputs {
    /** The output of the script. */
    receipt?: string | Unknown;
    /** The relay's public key, if there is no receipt. */
    relayPublicKey?: string | Unknown;
}

/** All that Host, Firewall, WireGuard, Proxy and Grants are told elsewhere. */
export type ScriptInputs = HostInputs & FirewallInputs & WireGuardPlan & ProxyPlan & GrantsInputs & OwnInputs;

/** What stays of a receipt in the state. */
export interface ReceiptMark {
    edition: string;
    generation: number;
    machine: string;
    /** The relay's. One that was set up from nothing has another. */
    publicKey: string;
    /** SHA-256 of the script that printed it. */
    script: string;
}

/** A certificate with what it takes to hand it out again: every script carries all of them. */
export interface ScriptCertificate extends CertificateRecord {
    /** PEM. */
    certificate: string;
    /** Of the key it is for. */
    request: string;
}

export type Certificates = Record<string, ScriptCertificate>;

/** A service, as far as a receipt tells. */
export interface ServedService {
    url: string;
    addressUrl: string;
    port: number;
    upstream: string;
    /** `waits`: for the relay's receipt, or for its next one. */
    state: "open" | "waits";
}

export type Served = Record<string, ServedService>;

export interface ScriptOwnOutputs {
    sha256?: string;
    edition?: string;
    /** SHA-256 of what the script does. */
    payload?: string;
    /** The relay's; empty until it is known. */
    publicKey?: string;
    registry?: Record<string, RegisteredPeer>;
    served?: Served;
    certificates?: Certificates;
    requests?: Record<string, string>;
    receipt?: ReceiptMark;
}

export type ScriptOutputs = PlacedOutputs & ScriptOwnOutputs;
export type ScriptChange = Change<ScriptInputs, ScriptOutputs>;

const toldShape: Shape<OwnInputs> = fields<OwnInputs>({
    receipt: optional(previewed(text)),
    relayPublicKey: optional(previewed(text)),
});

const outputsShape: Shape<ScriptOwnOutputs> = fields<ScriptOwnOutputs>({
    sha256: optional(text),
    edition: optional(text),
    payload: optional(text),
    publicKey: optional(text),
    registry: optional(registryShape),
    served: optional(
        mapOf(
            fields<ServedService>({
                url: text,
                addressUrl: text,
                port: number,
                upstream: text,
                state: oneOf("open", "waits"),
            }),
        ),
    ),
    certificates: optional(
        mapOf(
            fields<ScriptCertificate>({
                file: text,
                fingerprint: text,
                notBefore: text,
                notAfter: text,
                renewal: optional(oneOf("relay")),
                certificate: text,
                request: text,
            }),
        ),
    ),
    requests: optional(mapOf(text)),
    receipt: optional(
        fields<ReceiptMark>({ edition: text, generation: number, machine: text, publicKey: text, script: text }),
    ),
});

export function readScript(inputs: Properties): ScriptInputs {
    const own = read(toldShape, readHost(inputs));
    return { ...own, ...readFirewall(inputs), ...readWireGuard(inputs), ...readProxy(inputs), ...readGrants(inputs) };
}

export function readScriptOutputs(outputs: Properties): ScriptOutputs {
    return read(outputsShape, readOutputs(outputs));
}

/** Where the script is written, as the program gives it. */
export function scriptPath({ host }: Pick<Placed, "host">): string {
    return scriptHost(host).path;
}

function scriptHost(host: Placed["host"]): ScriptHost {
    if (host.kind === "script") return host;
    throw new HostError(
        "host",
        "is reached over a connection, and a script is for one that is not",
        "give hosts.script",
    );
}
