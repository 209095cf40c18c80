import type { ProxyService } from "../../../core/registry/model.js";
import type { Change } from "../relay/change.js";
import { type PlacedInputs, readPlaced } from "../relay/placed.js";
import type { Properties, Unknown } from "../resource.js";
import { fields, listOf, mapOf, number, oneOf, optional, previewed, read, type Shape, text } from "../shape.js";
import type { ProxyOutputs } from "./outputs.js";

/** What the proxy's inputs are once they are resolved. */
export interface ProxyInputs {
    addresses: string[];
    services: Record<string, ProxyService>;
    /** By algorithm: the authorities in use. */
    authorities?: Record<string, string>;
    authorityKeys?: Record<string, string>;
    /** Version of the configuration; absent: the first, or no services. */
    configuration?: number;
    /** `relay`: it renews the certificates by itself, with an authority of its own. Absent: an apply does. */
    renewal?: "relay";
}

/** What the proxy is told, of which a preview may not know some. */
interface OwnInputs {
    addresses?: string[] | Unknown;
    services?: Record<string, ProxyService> | Unknown;
    authorities?: Record<string, string | Unknown> | Unknown;
    authorityKeys?: Record<string, string | Unknown> | Unknown;
    configuration?: number;
    renewal?: "relay";
}

export type ProxyPlan = PlacedInputs & OwnInputs;
export type ProxyChange = Change<ProxyPlan, ProxyOutputs>;

const servicesShape: Shape<Record<string, ProxyService>> = mapOf(
    fields<ProxyService>({
        port: number,
        upstream: text,
        certificate: oneOf("ed25519", "ecdsa-p256", "both"),
        keyExchange: oneOf("require", "prefer"),
    }),
);

const plain = { configuration: optional(number), renewal: optional(oneOf("relay")) };

const toldShape: Shape<OwnInputs> = fields<OwnInputs>({
    ...plain,
    addresses: optional(previewed(listOf(text))),
    services: optional(previewed(servicesShape)),
    authorities: optional(previewed(mapOf(previewed(text)))),
    authorityKeys: optional(previewed(mapOf(previewed(text)))),
});

const resolvedShape: Shape<ProxyInputs> = fields<ProxyInputs>({
    ...plain,
    addresses: listOf(text),
    services: servicesShape,
    authorities: optional(mapOf(text)),
    authorityKeys: optional(mapOf(text)),
});

export function readProxy(inputs: Properties): ProxyPlan {
    return read(toldShape, readPlaced(inputs));
}

/** Inputs of which nothing is unknown any more, as an apply and a refresh have them. */
export function resolvedProxy(inputs: ProxyPlan): ProxyPlan & ProxyInputs {
    return read(resolvedShape, inputs);
}
