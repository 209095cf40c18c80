import { X509Certificate } from "node:crypto";

import type { Drift } from "../../core/drift.js";
import { HostError, TunnelError } from "../../core/errors.js";
import { tableName } from "../../core/names.js";
import {
    statusOf,
    unreachableStatus,
    type KnownRelay,
    type RelayAnswer,
    type RelayStatus,
    type ServedCertificate,
} from "../../core/status/index.js";
import { linesOf } from "../../core/protocol/table.js";
import { parseDump } from "../../core/wireguard/index.js";
import type { Answers } from "../../core/protocol/steps.js";
import { statusValues } from "../../core/protocol/facts.js";
import { interfaces, type InterfaceRow } from "../../core/protocol/interfaces.js";
import { listeners } from "../../core/protocol/listeners.js";
import { moving } from "../../core/protocol/moving.js";
import { rfc3339 } from "../../core/time.js";
import { describeHost } from "./descriptors.js";
import { runStep, type Target } from "./host.js";
import { surroundingConflicts } from "./surroundings.js";
import { probeServices, type ProbeRequest } from "./probe.js";

/** A relay, where it is, and what the state of its stack says about it. */
export interface RelayQuery {
    target: Target;
    known: KnownRelay;
    /** What a TLS probe of its services needs. */
    services: ProbeRequest;
    /** In what its answer is not as the state says: what a refresh finds. */
    drift?: (answer: Answers<"status">) => Drift[];
}

/** How a relay is asked. */
interface Questions {
    /** Also open a TLS connection to each service, a round trip or two more. */
    probe?: boolean;
    /** Seconds the relay has for its answer. */
    timeout: number;
}

/** How a relay is now. One that cannot be asked is answered for by the state alone, with the reason. */
export async function relayStatus(asked: RelayQuery, options: Questions): Promise<RelayStatus> {
    const status = await statusOrRefusal(asked, options);
    return status instanceof TunnelError ? unreachableStatus(asked.known, status.message) : status;
}

/** How a relay is now, or why it cannot be asked. */
export async function statusOrRefusal(
    { target, known, services, drift }: RelayQuery,
    options: Questions,
): Promise<RelayStatus | TunnelError> {
    try {
        const answer = await askStatus(target, options.timeout);
        const found = statusOf(known, parseStatus(answer));
        const status: RelayStatus = {
            ...found,
            ...(drift === undefined ? {} : { drift: sentencesOf(drift(answer)) }),
            conflicts: surroundingConflicts(target.names, answer),
        };
        return options.probe ? { ...status, services: await probed(status.services, target, services) } : status;
    } catch (error) {
        if (!(error instanceof TunnelError)) throw error;
        return error;
    }
}

/** Unknown peers are told as peers. */
export function sentencesOf(drift: readonly Drift[]): string[] {
    return drift
        .filter(({ kind }) => kind !== "rogue peer")
        .map(({ sentence }) => sentence)
        .sort();
}

async function probed(
    services: RelayStatus["services"],
    target: Target,
    request: ProbeRequest,
): Promise<RelayStatus["services"]> {
    const results = await probeServices(target, request, target.names.appName);
    return services.map((service) => {
        const { group, cipher, problem } = results[service.name] ?? {};
        return {
            ...service,
            group: group ?? null,
            cipher: cipher ?? null,
            probed: true,
            ...(problem === undefined ? {} : { problem }),
        };
    });
}

/**
 * Asks a relay how it is: one round trip, nothing changed, no lock taken.
 *
 * @throws HostError when it cannot be reached, is another stack's, or was never set up
 */
export async function askStatus(target: Target, timeout: number): Promise<Answers<"status">> {
    const answer = await runStep(target, "status", { table: tableName(target.names) }, {}, { timeout });
    if (answer.missing !== undefined) {
        throw new HostError(
            describeHost(target.host),
            "the relay is not set up there: the machine was rebuilt, or its records were removed",
            "run `pulumi up --refresh`",
        );
    }
    return answer;
}

/** What the relay's program answered. */
export function parseStatus(answer: Answers<"status">): RelayAnswer {
    const { one } = statusValues.parse(answer.status);
    const [generation, rolledBack, proxy] = [one("generation"), one("rolledBack"), one("proxy")];
    return {
        time: Number(one("time")),
        ...(generation === undefined ? {} : { generation: Number(generation) }),
        ...(rolledBack === undefined ? {} : { rolledBack }),
        pending: words(one("pending")),
        table: one("table") === "1",
        ...(proxy === undefined ? {} : { proxy: proxy === "1" }),
        interfaces: interfaces.parse(answer.interfaces).map((row) => interfaceOf(row, answer)),
        moving: moving.parse(answer.moving),
        listeners: listeners
            .parse(answer.listeners)
            .flatMap(({ address, whose }) => (whose === "ours" ? [address] : [])),
        certificates: Object.entries(answer)
            .filter(([name]) => name.startsWith("certificate."))
            .flatMap(([, pem]) => certificateOf(pem)),
        journal: linesOf(answer.journal),
    };
}

function interfaceOf({ interface: name, epoch, publicKey }: InterfaceRow, answer: Answers<"status">): Interface {
    const text = answer[`dump.${name}`] ?? "";
    if (text === "") return { name };
    const dump = parseDump(text);
    // Another key than the recorded one belongs to no epoch.
    return { name, dump, ...(dump.publicKey === publicKey ? { epoch } : {}) };
}

type Interface = RelayAnswer["interfaces"][number];

/** A file that is no certificate is none: its service then has none, which is told. */
function certificateOf(pem: string): ServedCertificate[] {
    let certificate: X509Certificate;
    try {
        certificate = new X509Certificate(pem);
    } catch {
        return [];
    }
    const names = [...(certificate.subjectAltName ?? "").matchAll(/DNS:([^,\s]+)/g)].map(([, name = ""]) => name);
    return [
        {
            names,
            kind: certificate.publicKey.asymmetricKeyType ?? "",
            notBefore: rfc3339(certificate.validFromDate),
            notAfter: rfc3339(certificate.validToDate),
            fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
        },
    ];
}

function words(text: string | undefined): string[] {
    return (text ?? "").split(" ").filter((word) => word !== "");
}
