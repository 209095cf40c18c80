import { daysLeft, expiresSoon, renewalDue } from "../../core/certificates/validity.js";
import type { ProxyService } from "../../core/model.js";
import { join, same } from "./changes.js";
import { placed } from "./placed.js";
import type { CertificateRecord } from "./proxy.js";
import type { Change } from "./relayResource.js";
import type { ChangeKind, Properties } from "./resource.js";
import { count } from "./words.js";

/** What a change of services means for who uses them. */
export function proxySentences(change: Change): string[] {
    const { before, inputs } = change;
    const { relay } = placed(inputs);
    const now = servicesOf(inputs);
    const then = servicesOf(before?.inputs);
    const sentences: string[] = [];
    for (const [name, service] of sorted(now)) {
        if (then[name] === undefined)
            sentences.push(`${relay}: service ${name} opens on port ${service.port}, for ${service.upstream}`);
        else if (!same(then[name], service))
            sentences.push(`${relay}: service ${name} changes; who uses it reconnects`);
        if (service.certificate === "ed25519" && then[name]?.certificate !== "ed25519") {
            sentences.push(
                `${relay}: service ${name} has an Ed25519 certificate, which no browser accepts; \`certificate: "ecdsa-p256"\` is for those`,
            );
        }
    }
    for (const [name, { port }] of sorted(then)) {
        if (now[name] === undefined) sentences.push(`${relay}: service ${name} on port ${port} closes at once`);
    }
    for (const name of due(change)) sentences.push(`${relay}: certificate of ${name} is renewed`);
    if (before !== undefined && Object.keys(then).length > 0 && sentences.length > 0) {
        sentences.push(
            `${relay}: the proxy loads its new configuration: idle keep-alive connections to services are reset, others go on`,
        );
    }
    return sentences;
}

/** What somebody should hear although she did not ask: certificates near their end, and what is not post-quantum. */
export function proxyWarnings(change: Change): string[] {
    const { before, inputs } = change;
    const { relay } = placed(inputs);
    const now = new Date();
    const [services, then] = [servicesOf(inputs), servicesOf(before?.inputs)];
    const weaker = sorted(services)
        .filter(([name, { keyExchange }]) => keyExchange === "prefer" && then[name]?.keyExchange !== "prefer")
        .map(
            ([name]) =>
                `${relay}: service ${name} also accepts clients without a post-quantum key exchange (\`keyExchange: "prefer"\`): who records what these send can read it once there is a quantum computer`,
        );
    const ending = sorted(certificatesOf(before?.outputs))
        .filter(([name, { notAfter }]) => services[name] !== undefined && expiresSoon(notAfter, now))
        .map(([name, { notBefore, notAfter }]) => {
            const certificate = `${relay}: certificate of ${name} ${ends(notAfter, now)}`;
            return renewalDue(notBefore, notAfter, now) ? `${certificate}; the next up renews it` : certificate;
        });
    return [...weaker, ...ending];
}

/** A third of its life after it was made a certificate is renewed by whatever apply comes along. */
export function renewals(change: Change): Record<string, ChangeKind> {
    return Object.fromEntries(due(change).map((name) => [renewal(name), "update"]));
}

/** Where a diff shows that a service's certificate is renewed. */
export function renewal(name: string): string {
    return `${join("certificates", name)}.renew`;
}

export function certificatesOf(outputs: Properties | undefined): Record<string, CertificateRecord> {
    return (outputs?.certificates ?? {}) as Record<string, CertificateRecord>;
}

/** Services whose certificate has had a third of its life. */
function due({ before, inputs }: Change): string[] {
    const now = new Date();
    return sorted(certificatesOf(before?.outputs))
        .filter(([name, { notBefore, notAfter }]) => name in servicesOf(inputs) && renewalDue(notBefore, notAfter, now))
        .map(([name]) => name);
}

function ends(notAfter: string, now: Date): string {
    const days = daysLeft(notAfter, now);
    return days < 0
        ? `has been invalid since ${notAfter}: clients refuse it`
        : `is valid until ${notAfter}, ${days === 0 ? "less than a day" : count(days, "day")} more`;
}

function servicesOf(inputs: Properties | undefined): Record<string, ProxyService> {
    return (inputs?.services ?? {}) as Record<string, ProxyService>;
}

function sorted<T>(map: Record<string, T>): [string, T][] {
    return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}
