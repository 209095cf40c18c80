import { createHash } from "node:crypto";

import { expectedListeners } from "../../../core/caddy/index.js";
import { leafTitle } from "../../../core/certificates/leaves.js";
import { listeners } from "../../../core/protocol/listeners.js";
import type { Drift } from "../../../core/drift.js";
import { REPAIR } from "../../../core/repair.js";
import type { PartAnswers } from "../../../core/protocol/steps.js";
import { isMap } from "../changes.js";
import type { ProxyInputs } from "./inputs.js";
import type { CertificateRecord } from "./certificates.js";

/** Differences between what Caddy runs and what the program says. */
export function proxyDrift(
    args: ProxyInputs,
    certificates: Record<string, CertificateRecord>,
    answer: PartAnswers<"proxy">,
): Drift[] {
    const names = Object.keys(args.services);
    if (names.length === 0) return [];
    if ((answer.caddy ?? "").trim() === "") {
        const sentence = `the proxy is not running: ${names.join(", ")} cannot be reached; ${REPAIR} starts it`;
        return [{ kind: "proxy", sentence }];
    }
    return [...serverDrift(args, answer), ...listenerDrift(args, answer), ...certificateDrift(certificates, answer)];
}

/** SHA-256 of the configuration that Caddy runs, whatever the order of its keys; undefined when there is none. */
export function configHash({ caddy = "" }: PartAnswers<"proxy">): string | undefined {
    if (caddy.trim() === "" || caddy.trim() === "null") return undefined;
    const sorted = (_key: string, value: unknown): unknown =>
        isMap(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
    return createHash("sha256")
        .update(JSON.stringify(JSON.parse(caddy), sorted))
        .digest("hex");
}

/** Whether Caddy runs what it was given; the state of an older version does not say. */
export function configDrift(kept: unknown, { services }: ProxyInputs, answer: PartAnswers<"proxy">): Drift[] {
    const running = configHash(answer);
    if (typeof kept !== "string" || running === undefined || running === kept || Object.keys(services).length === 0)
        return [];
    const sentence = `Caddy's running configuration was changed; ${REPAIR} loads it again`;
    return [{ kind: "configuration", sentence }];
}

function serverDrift(args: ProxyInputs, answer: PartAnswers<"proxy">): Drift[] {
    const running = JSON.parse(answer.caddy ?? "null") as {
        apps?: { http?: { servers?: Record<string, { listen?: string[] }> } };
    } | null;
    const servers = running?.apps?.http?.servers ?? {};
    const drift: Drift[] = [];
    const listen = Object.values(servers).flatMap((server) => server.listen ?? []);
    const wanted = expectedListeners({ listen: args.addresses, services: args.services });
    for (const address of wanted) {
        if (!listen.includes(address))
            drift.push({
                kind: "listener",
                name: address,
                sentence: `Caddy has no server for ${address}; ${REPAIR} loads its configuration again`,
            });
    }
    for (const address of listen) {
        if (!wanted.includes(address))
            drift.push({
                kind: "server",
                name: address,
                sentence: `Caddy serves ${address}, which belongs to no service; ${REPAIR} loads its configuration again`,
            });
    }
    return drift;
}

function listenerDrift(args: ProxyInputs, answer: PartAnswers<"proxy">): Drift[] {
    const drift: Drift[] = [];
    const live = listeners.parse(answer.listeners);
    const wanted = expectedListeners({ listen: args.addresses, services: args.services });
    for (const address of wanted) {
        const owner = live.find((each) => each.address === address)?.whose;
        if (owner === "ours") continue;
        drift.push({
            kind: "port",
            name: address,
            sentence:
                owner === undefined
                    ? `nothing listens on ${address}; ${REPAIR} starts it`
                    : `another program listens on ${address}; stop it, then apply again`,
        });
    }
    for (const { address: local, whose } of live) {
        if (whose === "ours" && !wanted.includes(local))
            drift.push({
                kind: "port",
                name: local,
                sentence: `the proxy listens on ${local}, which belongs to no service; ${REPAIR} loads its configuration again`,
            });
    }
    return drift;
}

function certificateDrift(certificates: Record<string, CertificateRecord>, answer: PartAnswers<"proxy">): Drift[] {
    const drift: Drift[] = [];
    for (const [name, { file, renewal }] of Object.entries(certificates)) {
        if (renewal === undefined && answer[`certificate.${file}.pem`] === undefined)
            drift.push({
                kind: "certificate",
                name,
                sentence: `the certificate of ${leafTitle(name)} is missing on the relay; ${REPAIR} issues a new one`,
            });
    }
    return drift;
}
