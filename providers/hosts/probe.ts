import type { Duplex } from "node:stream";
import { connect } from "node:tls";

import { algorithmsOf } from "../../core/certificates/leaves.js";
import { serviceDomain } from "../../core/names.js";
import type { ProxyService } from "../../core/registry/model.js";
import { connectionTo } from "./connection.js";
import type { Target } from "./host.js";

export interface ProbeRequest {
    addresses: string[];
    services: Record<string, ProxyService>;
    /** CA certificates by algorithm, PEM. */
    authorities: Record<string, string>;
}

interface ProbeResult {
    /** TLS group, e.g. X25519MLKEM768. */
    group?: string;
    cipher?: string;
    /** Why this is not what was promised. */
    problem?: string;
}

/** What every service promises, and what "our" Caddy build negotiates with any client that can. */
const GROUP = "X25519MLKEM768";
const CIPHER = "TLS_AES_256_GCM_SHA384";

/**
 * Opens a TLS connection to each service from where the relay is and reports what was negotiated. The promise is
 * checked, not assumed: distributions ship Caddy builds that silently lack the post-quantum group.
 */
export async function probeServices(
    target: Target,
    request: ProbeRequest,
    appName: string,
): Promise<Record<string, ProbeResult>> {
    const connection = connectionTo(target.host, target.credentials);
    const [address = ""] = request.addresses;
    const probes = Object.entries(request.services).map(async ([name, { port, certificate }]) => {
        const ca = algorithmsOf({ certificate }).map((algorithm) => request.authorities[algorithm] ?? "");
        const result = await handshake(connection.stream(address, port), serviceDomain(name, appName), ca);
        return [name, { ...result, ...verdictOf(result) }] as const;
    });
    return Object.fromEntries(await Promise.all(probes));
}

function handshake(stream: Duplex, servername: string, ca: string[]): Promise<ProbeResult> {
    return new Promise((resolve) => {
        const done = (result: ProbeResult): void => {
            clearTimeout(timer);
            socket.destroy();
            stream.destroy();
            resolve(result);
        };
        const timer = setTimeout(() => done({ problem: "the TLS handshake took more than 10 s" }), 10_000);
        const socket = connect({ socket: stream, servername, ca, ecdhCurve: GROUP, minVersion: "TLSv1.3" }, () => {
            // Node before 24 does not report the group; that this one alone was offered proves it there.
            const { name } = socket.getEphemeralKeyInfo() as { name?: string };
            done({ group: name ?? GROUP, cipher: socket.getCipher().standardName });
        });
        const failed = (error: Error): void => done({ problem: `the TLS handshake failed: ${error.message}` });
        socket.on("error", failed);
        stream.on("error", failed);
    });
}

function verdictOf({ group, cipher, problem }: ProbeResult): { problem?: string } {
    if (problem !== undefined) return {};
    if (group !== GROUP) {
        return { problem: `negotiated ${group ?? "no group"} instead of ${GROUP}; use a Caddy whose build has it` };
    }
    if (cipher !== CIPHER) {
        return {
            problem: `negotiated ${cipher ?? "no cipher"} instead of ${CIPHER}; use the Caddy of this package (\`npm run tools\`)`,
        };
    }
    return {};
}
