import { type PlacedOutputs, readOutputs } from "../relay/placed.js";
import type { Properties } from "../resource.js";
import { fields, mapOf, oneOf, optional, read, type Shape, text } from "../shape.js";
import type { CertificateRecord, IssuerRecord } from "./certificates.js";

/** A service as the last apply found it. */
export interface ServedByProxy {
    url: string;
    addressUrl: string;
    upstream: string;
    /** What was negotiated; `none` where it could not be asked. */
    group?: string;
    cipher?: string;
}

export interface ProxyOwnOutputs {
    served?: Record<string, ServedByProxy>;
    certificates?: Record<string, CertificateRecord>;
    /** By algorithm. */
    issuers?: Record<string, IssuerRecord>;
    /** SHA-256 of the running configuration. */
    config?: string;
}

export type ProxyOutputs = PlacedOutputs & ProxyOwnOutputs;

const dated = { fingerprint: text, notBefore: text, notAfter: text };

const shape: Shape<ProxyOwnOutputs> = fields<ProxyOwnOutputs>({
    served: optional(
        mapOf(
            fields<ServedByProxy>({
                url: text,
                addressUrl: text,
                upstream: text,
                group: optional(text),
                cipher: optional(text),
            }),
        ),
    ),
    certificates: optional(
        mapOf(fields<CertificateRecord>({ file: text, ...dated, renewal: optional(oneOf("relay")) })),
    ),
    issuers: optional(mapOf(fields<IssuerRecord>({ certificate: text, ...dated }))),
    config: optional(text),
});

/** Of the proxy, or what is kept of an apply while it runs. */
export function readOwnProxyOutputs(outputs: Properties): ProxyOwnOutputs {
    return read(shape, outputs);
}

export function readProxyOutputs(outputs: Properties): ProxyOutputs {
    return read(shape, readOutputs(outputs));
}
