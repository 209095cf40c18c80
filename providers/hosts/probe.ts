import { serviceDomain } from "../../core/names.js";
import type { ProxyService } from "../../core/model.js";
import type { HostDescriptor } from "./host.js";
import { runIn } from "./local.js";

export interface ProbeRequest {
    addresses: string[];
    services: Record<string, ProxyService>;
    /** CA certificates by algorithm, PEM. */
    authorities: Record<string, string>;
}

export interface ProbeResult {
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
    host: HostDescriptor,
    request: ProbeRequest,
    appName: string,
): Promise<Record<string, ProbeResult>> {
    const [address] = request.addresses;
    const targets = Object.entries(request.services).map(([name, { port, certificate }]) => ({
        name,
        port,
        address,
        servername: serviceDomain(name, appName),
        ca: request.authorities[certificate],
    }));
    if (targets.length === 0) return {};
    const { stdout, stderr } = await runIn(
        host,
        [process.execPath, "-e", SCRIPT],
        JSON.stringify({ targets, group: GROUP }),
    );
    const results = parse(stdout, stderr);
    for (const result of Object.values(results)) {
        if (result.problem !== undefined) continue;
        if (result.group !== GROUP)
            result.problem = `negotiated ${result.group ?? "no group"} instead of ${GROUP}; use a Caddy whose build has it`;
        else if (result.cipher !== CIPHER)
            result.problem = `negotiated ${result.cipher ?? "no cipher"} instead of ${CIPHER}; use the Caddy of this package (\`npm run tools\`)`;
    }
    return results;
}

function parse(stdout: string, stderr: string): Record<string, ProbeResult> {
    try {
        return JSON.parse(stdout) as Record<string, ProbeResult>;
    } catch (cause) {
        throw new Error(`the TLS probe gave no answer: ${stderr.slice(0, 300)}`, { cause });
    }
}

/**
 * Runs where the relay is, in its network namespace. Node before 24 does not report the group; offering that group
 * alone proves it there.
 */
const SCRIPT = `
const tls = require("node:tls");
const { targets, group } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const probe = ({ name, address, port, servername, ca }) => new Promise((resolve) => {
    const done = (result) => { socket.destroy(); resolve([name, result]); };
    const socket = tls.connect({ host: address, port, servername, ca, ecdhCurve: group, minVersion: "TLSv1.3", timeout: 10000 }, () => {
        const { standardName } = socket.getCipher();
        done({ group: socket.getEphemeralKeyInfo().name ?? group, cipher: standardName });
    });
    socket.on("error", (error) => done({ problem: "the TLS handshake failed: " + error.message }));
    socket.on("timeout", () => done({ problem: "the TLS handshake took more than 10 s" }));
});
Promise.all(targets.map(probe)).then((results) => console.log(JSON.stringify(Object.fromEntries(results))));
`;
