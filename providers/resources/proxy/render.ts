import { type ProxyChange, resolvedProxy } from "./inputs.js";
import type { CertificateRecord } from "./certificates.js";
import { renderCaddy } from "../../../core/caddy/index.js";
import { leavesOf } from "../../../core/certificates/leaves.js";
import { services as servicesTable } from "../../../core/protocol/services.js";
import { renderRenewalUnits } from "../../../core/units/index.js";
import type { Requests } from "../../../core/protocol/steps.js";
import { relayValues } from "../../hosts/host.js";
import { targetOf } from "../relay/target.js";

/** Caddy's configuration, and the relay's own record of what it serves. */
export function renderProxy(
    { inputs, context }: ProxyChange,
    certificates: Record<string, Pick<CertificateRecord, "file" | "renewal">>,
): Record<string, string> {
    const { addresses, services } = resolvedProxy(inputs);
    const { etc, run } = relayValues(targetOf(inputs, context));
    const caddy = renderCaddy({
        adminSocket: `${run}/admin.sock`,
        listen: addresses,
        appName: inputs.appName,
        services: Object.fromEntries(
            Object.entries(services).map(([name, service]) => {
                const [first, second] = leavesOf(name, service).map(({ id }) => filesOf(etc, certificates[id]));
                return [name, { ...service, ...first!, ...(second === undefined ? {} : { second }) }];
            }),
        ),
    });
    return {
        "caddy.json": `${JSON.stringify(caddy, null, 2)}\n`,
        services: servicesTable.render(
            Object.entries(services).map(([name, { port, upstream }]) => ({ name, port, upstream, addresses })),
        ),
    };
}

/** undefined: it is not made yet. */
function filesOf(
    etc: string,
    certificate: Pick<CertificateRecord, "file" | "renewal"> | undefined,
): { certificateFile: string; keyFile: string } | undefined {
    if (certificate === undefined) return undefined;
    const path = `${etc}/certs/${certificate.file}`;
    // What the relay makes is in one file, so that it is replaced whole or not at all.
    return { certificateFile: `${path}.pem`, keyFile: `${path}.${certificate.renewal === "relay" ? "pem" : "key"}` };
}

export function renewalUnits({ inputs, context }: ProxyChange): Requests<"proxy"> {
    const units = renderRenewalUnits(relayValues(targetOf(inputs, context)));
    return Object.fromEntries(Object.entries(units).map(([unit, text]) => [`unit.${unit}`, text]));
}
