import { algorithmsOf, type ServiceCertificate } from "../../../core/certificates/leaves.js";
import type { CertificateAlgorithm } from "../../../core/certificates/algorithm.js";

interface Certified {
    certificate: ServiceCertificate;
}

const TITLES: Record<CertificateAlgorithm, string> = { ed25519: "Ed25519", "ecdsa-p256": "P-256" };

/** Adding a second certificate beside the first changes nothing for those who use the service. */
export function kept(then: Certified, now: Certified): Partial<Certified> {
    return then.certificate === "ed25519" && now.certificate === "both" ? { certificate: now.certificate } : {};
}

/**
 * What the kinds of certificates of a service mean for its clients.
 *
 * @param service "hub: service wiki"
 * @param was undefined: the service is new
 */
export function certificateSentences(service: string, was: Certified | undefined, now: Certified): string[] {
    const [then, next] = [was === undefined ? [] : algorithmsOf(was), algorithmsOf(now)];
    const sentences = then
        .filter((algorithm) => !next.includes(algorithm))
        .map(
            (algorithm) =>
                `${service} no longer has its ${TITLES[algorithm]} certificate: clients that trust only that CA can no longer connect; hand out the ${next.map((each) => TITLES[each]).join(" and ")} one with \`qp-tunnel ca\` first`,
        );
    if (was?.certificate === "ed25519" && now.certificate === "both") {
        sentences.push(
            `${service} gets a P-256 certificate in addition to its Ed25519 one: browsers can open it once they trust the relay's P-256 CA (\`qp-tunnel ca\`); existing clients get the same certificate as before`,
        );
    }
    if (was?.certificate === "ecdsa-p256" && now.certificate === "both") {
        sentences.push(
            `${service} presents its Ed25519 certificate to clients that accept it, which must then trust that CA too: hand it out with \`qp-tunnel ca\` first; browsers are not affected`,
        );
    }
    if (now.certificate === "ed25519" && was?.certificate !== "ed25519") {
        sentences.push(
            `${service} has an Ed25519 certificate, which no browser accepts; use \`certificate: "both"\` for browsers`,
        );
    }
    return sentences;
}
