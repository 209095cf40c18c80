import { expectedListeners } from "../../core/caddy.js";
import type { Files } from "../hosts/bundle.js";
import type { CertificateRecord, ProxyInputs } from "./proxy.js";

/** Differences between what Caddy runs and what the program says, by name. */
export function proxyDrift(
    args: ProxyInputs,
    certificates: Record<string, CertificateRecord>,
    answer: Files,
): Record<string, string> {
    const names = Object.keys(args.services);
    if (names.length === 0) return {};
    if ((answer.caddy ?? "").trim() === "") {
        return { proxy: `the proxy does not run: ${names.join(", ")} cannot be reached; the next up starts it` };
    }
    return { ...configDrift(args, answer), ...listenerDrift(args, answer), ...certificateDrift(certificates, answer) };
}

function configDrift(args: ProxyInputs, answer: Files): Record<string, string> {
    const running = JSON.parse(answer.caddy ?? "null") as {
        apps?: { http?: { servers?: Record<string, { listen?: string[] }> } };
    } | null;
    const servers = running?.apps?.http?.servers ?? {};
    const drift: Record<string, string> = {};
    const listen = Object.values(servers).flatMap((server) => server.listen ?? []);
    const wanted = expectedListeners({ listen: args.addresses, services: args.services as never });
    for (const address of wanted) {
        if (!listen.includes(address))
            drift[`listener ${address}`] =
                `Caddy has no server for ${address}; the next up loads its configuration again`;
    }
    for (const address of listen) {
        if (!wanted.includes(address))
            drift[`server ${address}`] =
                `Caddy serves ${address}, which no service asks for; the next up loads its configuration again`;
    }
    return drift;
}

function listenerDrift(args: ProxyInputs, answer: Files): Record<string, string> {
    const drift: Record<string, string> = {};
    const lines = (answer.listeners ?? "").split("\n").map((line) => line.split(" "));
    const wanted = expectedListeners({ listen: args.addresses, services: args.services as never });
    for (const address of wanted) {
        const owner = lines.find(([local]) => local === address)?.[1];
        if (owner === undefined) drift[`port ${address}`] = `nothing listens on ${address}; the next up starts it`;
        else if (owner !== "ours")
            drift[`port ${address}`] = `another program listens on ${address}; end it, then apply again`;
    }
    for (const [local, owner] of lines) {
        if (owner === "ours" && local !== undefined && !wanted.includes(local))
            drift[`port ${local}`] =
                `the proxy listens on ${local}, which no service asks for; the next up loads its configuration again`;
    }
    return drift;
}

function certificateDrift(certificates: Record<string, CertificateRecord>, answer: Files): Record<string, string> {
    const drift: Record<string, string> = {};
    for (const [name, { file, renewal }] of Object.entries(certificates)) {
        if (renewal === undefined && answer[`certificate.${file}.pem`] === undefined)
            drift[`certificate ${name}`] =
                `the certificate of ${name} is gone from the relay; the next up makes another`;
    }
    return drift;
}
