import { writeFileSync } from "node:fs";

import { z } from "zod";

import { appleProfile, authoritiesIn, spelledFingerprint, type TrustedAuthority } from "../core/certificates/trust.js";
import type { CertificateAlgorithm } from "../core/certificates/index.js";
import { InvalidArgument } from "../core/errors.js";
import { Exit, printJson, type Output } from "./output.js";
import { readStack, stored, type StackResource, type StateOptions } from "./state.js";

export interface CaOptions extends StateOptions {
    relay?: string;
    format: string;
    algorithm?: string;
    output?: string;
    json?: boolean;
}

interface Chosen {
    relay: string;
    appName: string;
    authorities: TrustedAuthority[];
    /** What the format has no room for. */
    left: TrustedAuthority[];
}

/**
 * Formats with only the CA that browsers and operating systems accept, if a relay has two: a DER file holds one certificate, and
 * Apple's systems refuse a whole profile that has one certificate of an unknown kind.
 */
const SUITABLE: Record<string, CertificateAlgorithm> = { der: "ecdsa-p256", mobileconfig: "ecdsa-p256" };

/** Each writes what clients install. */
const FORMATS: Record<string, (chosen: Chosen) => string | Uint8Array> = {
    pem: ({ authorities }) => authorities.map(({ pem }) => pem).join(""),
    der: ({ authorities: [first] }) => first?.der ?? "",
    mobileconfig: ({ relay, appName, authorities }) => appleProfile(relay, appName, authorities),
};

/** `qp-tunnel ca`: the CA certificates that clients must trust. Standard error has the fingerprint to compare. */
export async function ca(options: CaOptions, output: Output): Promise<number> {
    const write = Object.hasOwn(FORMATS, options.format) ? FORMATS[options.format] : undefined;
    if (write === undefined) {
        throw new InvalidArgument(
            "--format",
            `${options.format} is unknown`,
            `choose ${Object.keys(FORMATS).join(", ")}`,
        );
    }
    const chosen = choose(await readStack(options), options);
    if (options.json === true) {
        const authorities = chosen.authorities.map(({ der: _, pem, ...info }) => ({ ...info, certificate: pem }));
        printJson(output, { relay: chosen.relay, authorities });
        return Exit.fine;
    }
    const content = write(chosen);
    if (options.output === undefined) output.stdout.write(content);
    else writeFileSync(options.output, content, { mode: 0o644 });
    for (const { algorithm, notAfter, fingerprint } of chosen.authorities) {
        output.stderr.write(
            `${chosen.relay}: ${algorithm}, valid until ${notAfter}, SHA-256 ${spelledFingerprint(fingerprint)}\n`,
        );
    }
    for (const { algorithm } of options.format === "der" ? chosen.left : []) {
        output.stderr.write(
            `note: a der file holds one certificate; --algorithm ${algorithm} exports the CA certificate of that kind\n`,
        );
    }
    return Exit.fine;
}

const AUTHORITY = z.object({ relay: z.string(), appName: z.string(), certificate: z.string() });

function choose(resources: StackResource[], { relay: wanted, algorithm, format, json, state }: CaOptions): Chosen {
    const from = state === undefined ? "pulumi stack export" : `--state ${state}`;
    const authorities = resources
        .filter(({ kind }) => kind === "CertificateAuthority")
        .map(({ urn, inputs, outputs }) => stored(AUTHORITY, { ...inputs, ...outputs }, "the certificate", urn, from));
    const relays = [...new Set(authorities.map(({ relay }) => relay))].sort();
    const relay = wanted ?? relays[0];
    if (relay === undefined) {
        throw new InvalidArgument("stack", "no relay in it has a CA yet", "run pulumi up first");
    }
    if (wanted === undefined && relays.length > 1) {
        throw new InvalidArgument("--relay", "the stack has more than one relay", `choose ${relays.join(" or ")}`);
    }
    const its = authorities.filter((authority) => authority.relay === relay);
    if (its.length === 0) {
        throw new InvalidArgument("--relay", `the stack has no relay ${relay}`, `choose ${relays.join(" or ")}`);
    }
    const all = its.flatMap(({ certificate }) => authoritiesIn(certificate));
    const suitable = SUITABLE[format];
    const kind = algorithm ?? (json !== true && all.some((each) => each.algorithm === suitable) ? suitable : undefined);
    const chosen = all.filter((authority) => kind === undefined || authority.algorithm === kind);
    if (chosen.length === 0) {
        const kinds = all.map((authority) => authority.algorithm).join(" or ");
        throw new InvalidArgument("--algorithm", `${relay} has no ${kind} CA`, `choose ${kinds}`);
    }
    const left = all.filter((each) => algorithm === undefined && !chosen.includes(each));
    return { relay, appName: its[0]?.appName ?? "", authorities: chosen, left };
}
