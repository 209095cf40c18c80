import { webcrypto, X509Certificate } from "node:crypto";

import { differsIn, type Drift } from "../../../core/drift.js";
import { type ProxyChange, type ProxyInputs, type ProxyPlan, resolvedProxy } from "./inputs.js";
import type { CertificateRecord, IssuerRecord } from "./certificates.js";
import type { CertificateAlgorithm } from "../../../core/certificates/index.js";
import { allLeaves, leafTitle } from "../../../core/certificates/leaves.js";
import { serviceDomain } from "../../../core/names.js";
import { renewals } from "../../../core/protocol/renewals.js";
import { REPAIR } from "../../../core/repair.js";
import { DAY_MS, rfc3339 } from "../../../core/time.js";
import type { PartAnswers, Requests } from "../../../core/protocol/steps.js";
import { changesOf } from "../changes.js";
import { dueIssuers, isElsewhere, issuersOf, newAuthorities } from "./sentences.js";

/** Days that a certificate is valid which a relay makes for itself. */
export const SHORT_LEAF_DAYS = 90;

export function renewsItself(inputs: ProxyPlan): boolean {
    return inputs.renewal === "relay";
}

/** Where the relay keeps a certificate of its own making. */
export function renewedFile(service: string): string {
    return `${service}-relay`;
}

/**
 * The relay's authorities, one for each algorithm in use, and what goes to it: those that are new with their keys, and what to
 * certify. An authority is kept until a third of its life is over, or anything about it is in doubt.
 */
export async function delegate(
    change: ProxyChange,
): Promise<{ issuers: Record<string, IssuerRecord>; files: Requests<"proxy"> }> {
    const { before, inputs } = change;
    const { addresses, services, authorities, authorityKeys } = resolvedProxy(inputs);
    const { relay, appName } = inputs;
    const place = ["machine", "addresses", "renewal"];
    const kept =
        before !== undefined &&
        !isElsewhere(change) &&
        Object.keys(changesOf(before.inputs, inputs, place)).length === 0;
    const lost = differsIn(before?.outputs.drift, "records", "certificate", "certificate file", "issuer");
    const due = [...dueIssuers(change), ...newAuthorities(change)];
    const issuers: Record<string, IssuerRecord> = {};
    const files: Requests<"proxy"> = {};
    for (const algorithm of algorithmsOf(services)) {
        const old = issuersOf(before?.outputs)[algorithm];
        if (kept && !lost && old !== undefined && !due.includes(algorithm)) {
            issuers[algorithm] = old;
            continue;
        }
        const { createIntermediate } = await import("../../../core/certificates/index.js");
        const { privateKey, ...record } = await createIntermediate({
            authority: { certificate: authorities?.[algorithm] ?? "", privateKey: authorityKeys?.[algorithm] ?? "" },
            relay,
            appName,
            addresses,
            algorithm,
            now: new Date(),
            crypto: webcrypto,
        });
        issuers[algorithm] = record;
        files[`issuer.${algorithm}.pem`] = record.certificate;
        files[`issuer.${algorithm}.key`] = privateKey;
    }
    files.renewals = renewals.render(
        allLeaves(services).map(({ id, service, algorithm }) => ({
            service: id,
            algorithm,
            until: Math.floor(Date.parse(issuers[algorithm]?.notAfter ?? "") / 1000),
            days: SHORT_LEAF_DAYS,
            name: serviceDomain(service, appName),
            addresses,
        })),
    );
    return { issuers, files };
}

/** The certificates that the relay made for itself, as it shows them. */
export function renewedCertificates(
    { services }: Pick<ProxyInputs, "services">,
    answer: PartAnswers<"proxy">,
): Record<string, CertificateRecord> {
    return Object.fromEntries(
        allLeaves(services).map(({ id }) => {
            const file = renewedFile(id);
            const shown = certificateIn(answer[`certificate.${file}.pem`]);
            return [
                id,
                {
                    file,
                    renewal: "relay",
                    fingerprint: shown?.fingerprint256.replaceAll(":", "").toLowerCase() ?? "",
                    notBefore: shown === undefined ? "" : rfc3339(shown.validFromDate),
                    notAfter: shown === undefined ? "" : rfc3339(shown.validToDate),
                },
            ];
        }),
    );
}

/**
 * Where a relay's own certificates are not what it was to make. Their keys and dates change between updates, so not these are
 * compared with the state, but issuer, names and lifetime.
 */
export function renewalDrift(
    appName: string,
    { services, addresses }: Pick<ProxyInputs, "services" | "addresses">,
    issuers: Record<string, IssuerRecord>,
    answer: PartAnswers<"proxy">,
    now: Date,
): Drift[] {
    const drift: Drift[] = [];
    for (const [algorithm, { fingerprint }] of Object.entries(issuers)) {
        const found = certificateIn(answer[`issuer.${algorithm}.pem`])?.fingerprint256;
        if (found?.replaceAll(":", "").toLowerCase() !== fingerprint)
            drift.push({
                kind: "issuer",
                name: algorithm,
                sentence: `the ${algorithm} intermediate CA for certificate renewal is missing or differs; ${REPAIR} installs a new one`,
            });
    }
    for (const { id, service: name, algorithm } of allLeaves(services)) {
        const leaf = certificateIn(answer[`certificate.${renewedFile(id)}.pem`]);
        const issuer = certificateIn(issuers[algorithm]?.certificate);
        const wanted = [`DNS:${serviceDomain(name, appName)}`, ...addresses.map((address) => `IP Address:${address}`)];
        const problem =
            leaf === undefined
                ? "is missing on the relay"
                : issuer === undefined || !leaf.checkIssued(issuer) || !leaf.verify(issuer.publicKey)
                  ? "was not issued by the relay's intermediate CA"
                  : !sameNames(leaf.subjectAltName, wanted)
                    ? `is for other names (${leaf.subjectAltName})`
                    : lifetime(leaf) > (SHORT_LEAF_DAYS + 1) * DAY_MS
                      ? `is valid for more than ${SHORT_LEAF_DAYS} days`
                      : leaf.validToDate <= now
                        ? `expired on ${rfc3339(leaf.validToDate)}: the relay does not renew it`
                        : undefined;
        if (problem !== undefined)
            drift.push({
                kind: "certificate",
                name: id,
                sentence: `the certificate of ${leafTitle(id)} ${problem}; ${REPAIR} issues a new one`,
            });
    }
    return drift;
}

function algorithmsOf(services: ProxyInputs["services"]): CertificateAlgorithm[] {
    return [...new Set(allLeaves(services).map(({ algorithm }) => algorithm))].sort();
}

/** The first one in a text; undefined where there is none that can be read. */
function certificateIn(pem: string | undefined): X509Certificate | undefined {
    try {
        return pem === undefined || pem.trim() === "" ? undefined : new X509Certificate(pem);
    } catch {
        return undefined;
    }
}

/** Node spells IPv6 addresses out: FD12:0:0:0:0:0:0:1. */
function sameNames(found: string | undefined, wanted: readonly string[]): boolean {
    const plain = (name: string): string =>
        name.startsWith("IP Address:") && name.includes(":", 11)
            ? new URL(`http://[${name.slice(11)}]`).hostname
            : name.toLowerCase();
    const names = (found ?? "").split(", ").map(plain).sort();
    return names.join() === wanted.map(plain).sort().join();
}

function lifetime({ validFromDate, validToDate }: X509Certificate): number {
    return validToDate.getTime() - validFromDate.getTime();
}
