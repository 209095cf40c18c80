import type * as pulumi from "@pulumi/pulumi";

import { algorithmsOf } from "../core/certificates/leaves.js";
import { Managed, secretChild } from "./managed.js";
import type { ResolvedRelay } from "./relayArguments.js";
import type { RelayBase } from "./relayOnHost.js";

/** A relay's own authorities, by algorithm. */
export type Authorities = Record<string, Managed<"CertificateAuthority">>;

export function relayAuthorities({ parent, name, resolved }: RelayBase, after: pulumi.Resource): Authorities {
    const { plain, subnet, audit } = resolved;
    const secret = secretChild(parent, [after]);
    return Object.fromEntries(
        Object.entries(authorityNames(name, resolved)).map(([algorithm, child]) => [
            algorithm,
            new Managed(
                "CertificateAuthority",
                child,
                { relay: name, audit, appName: plain.appName, subnet: subnet.cidr, algorithm },
                secret("privateKey"),
            ),
        ]),
    );
}

/** What they are called, by algorithm. */
export function authorityNames(relay: string, resolved: ResolvedRelay): Record<string, string> {
    return Object.fromEntries(
        algorithmsIn(resolved).map((algorithm) => [
            algorithm,
            algorithm === "ed25519" ? `${relay}-ca` : `${relay}-ca-${algorithm}`,
        ]),
    );
}

/** One output of each, by algorithm. */
export function ofEach(
    authorities: Authorities,
    output: "certificate" | "privateKey",
): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
        Object.entries(authorities).map(([algorithm, authority]) => [algorithm, authority.output(output)]),
    );
}

function algorithmsIn({ services }: ResolvedRelay): ("ed25519" | "ecdsa-p256")[] {
    const isUsed = services.some(({ plain }) => algorithmsOf(plain).includes("ecdsa-p256"));
    return isUsed ? ["ed25519", "ecdsa-p256"] : ["ed25519"];
}
