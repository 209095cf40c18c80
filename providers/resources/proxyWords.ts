import { daysLeft, expiresSoon, renewalDue } from "../../core/certificates/validity.js";
import type { ProxyService } from "../../core/model.js";
import { join, same } from "./changes.js";
import { placed } from "./placed.js";
import type { CertificateRecord } from "./proxy.js";
import type { IssuerRecord } from "./proxyRenewal.js";
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
    sentences.push(...renewalSentences(change));
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
        .filter(([name, record]) => isOurs(record) && services[name] !== undefined && expiresSoon(record.notAfter, now))
        .map(([name, { notBefore, notAfter }]) => {
            const certificate = `${relay}: certificate of ${name} ${ends(notAfter, now)}`;
            return renewalDue(notBefore, notAfter, now) ? `${certificate}; the next up renews it` : certificate;
        });
    const issuers = sorted(inputs.renewal === "relay" ? issuersOf(before?.outputs) : {})
        .filter(([, { notAfter }]) => expiresSoon(notAfter, now))
        .map(
            ([algorithm, { notAfter }]) =>
                `${relay}: the authority with which it renews ${algorithm} certificates ${ends(notAfter, now)}; the next up leaves it a new one`,
        );
    return [...weaker, ...ending, ...issuers];
}

/** Who renews certificates from now on, and what that leaves on the relay. */
function renewalSentences(change: Change): string[] {
    const { before, inputs } = change;
    const { relay, appName } = placed(inputs);
    const addresses = (inputs.addresses as string[] | undefined) ?? [];
    const by = (of: Properties | undefined): boolean => of?.renewal === "relay";
    if (by(inputs) && !by(before?.inputs)) {
        return [
            `${relay}: renews the certificates of its services by itself from now on, each valid for 90 days: an authority for names below ${appName}.internal and ${addresses.join(", ")} is left on it`,
        ];
    }
    if (!by(inputs) && by(before?.inputs)) {
        const last = Object.values(issuersOf(before?.outputs)).map(({ notAfter }) => notAfter);
        return [
            `${relay}: certificates are renewed by an up again; the relay's own authority is deleted there, and who copied it could use it until ${last.sort().at(-1)}`,
        ];
    }
    return dueIssuers(change).map(
        (algorithm) => `${relay}: the authority with which it renews ${algorithm} certificates is renewed`,
    );
}

/** A third of its life after it was made a certificate is renewed by whatever apply comes along. */
export function renewals(change: Change): Record<string, ChangeKind> {
    return Object.fromEntries([
        ...due(change).map((name) => [renewal(name), "update"]),
        ...dueIssuers(change).map((algorithm) => [`${join("issuers", algorithm)}.renew`, "update"]),
    ]) as Record<string, ChangeKind>;
}

/** Algorithms of the relay's own authorities that have had a third of their life. */
export function dueIssuers({ before, inputs }: Change): string[] {
    if (inputs.renewal !== "relay") return [];
    const now = new Date();
    return sorted(issuersOf(before?.outputs))
        .filter(([, { notBefore, notAfter }]) => renewalDue(notBefore, notAfter, now))
        .map(([algorithm]) => algorithm);
}

export function issuersOf(outputs: Properties | undefined): Record<string, IssuerRecord> {
    return (outputs?.issuers ?? {}) as Record<string, IssuerRecord>;
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
        .filter(([name, record]) => isOurs(record) && name in servicesOf(inputs))
        .filter(([, { notBefore, notAfter }]) => renewalDue(notBefore, notAfter, now))
        .map(([name]) => name);
}

/** Not one that the relay has made for itself: what the state knows of those may long be over. */
function isOurs({ renewal: by }: CertificateRecord): boolean {
    return by === undefined;
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
