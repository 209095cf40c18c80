import type { CertificateAlgorithm } from "./algorithm.js";

/** What a service shows: a certificate of one kind, or one of each, from which the handshake takes what the client knows. */
export type ServiceCertificate = CertificateAlgorithm | "both";

/** One certificate of a service. */
export interface Leaf {
    /** Names its files and records: the service's name, and for a second one something that no service is called. */
    id: string;
    service: string;
    algorithm: CertificateAlgorithm;
}

/** Ed25519 first: of several that a client knows the proxy takes the one it loaded first. */
export function algorithmsOf({ certificate }: { certificate: ServiceCertificate }): CertificateAlgorithm[] {
    return certificate === "both" ? ["ed25519", "ecdsa-p256"] : [certificate];
}

/** The certificates of a service. */
export function leavesOf(service: string, of: { certificate: ServiceCertificate }): Leaf[] {
    return algorithmsOf(of).map((algorithm, index) => ({
        id: index === 0 ? service : `${service}${SECOND}`,
        service,
        algorithm,
    }));
}

/** Those of many services. */
export function allLeaves(services: Record<string, { certificate: ServiceCertificate }>): Leaf[] {
    return Object.entries(services).flatMap(([name, service]) => leavesOf(name, service));
}

/** What a certificate is called in a sentence. */
export function leafTitle(id: string): string {
    return id.endsWith(SECOND) ? `${id.slice(0, -SECOND.length)} (P-256)` : id;
}

const SECOND = ".p256";
