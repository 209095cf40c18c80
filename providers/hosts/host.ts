import { HostError } from "../../core/errors.js";
import type { RelayNames } from "../../core/model.js";
import { formatBundle, formatTable, parseBundle, type Files } from "./bundle.js";
import { runLocal } from "./local.js";
import { relayProgram } from "./program.js";

/** This machine, or one of its network namespaces. */
export interface LocalHost {
    kind: "local";
    namespace?: string;
}

/** Where a relay runs: plain data, as `hosts.*` returns it and as it travels through the engine. */
export type HostDescriptor = LocalHost;

/** One relay on one host. */
export interface Target {
    host: HostDescriptor;
    names: RelayNames;
    /** project/stack/relay: who may change it. */
    owner: string;
}

/** The steps of the relay's program. `facts` and `read` change nothing. */
export type Step =
    | "facts"
    | "read"
    | "remove"
    | "host"
    | "firewall"
    | "wireguard"
    | "proxy"
    | "grants"
    | "host-delete"
    | "firewall-delete"
    | "wireguard-delete"
    | "proxy-delete"
    | "grants-delete";

/** The relay is not as it was when the change was planned; nothing was done. Whoever planned it looks again. */
export class RelayChanged extends HostError {
    constructor(
        where: string,
        readonly generation: number,
    ) {
        super(where, `another program changed the relay meanwhile (generation ${generation})`, "apply again");
    }
}

/**
 * Runs one step on the relay: one round trip, the program and its bundle on standard input, secrets nowhere else.
 *
 * @throws HostError with the program's own words when it refuses, and with its line when a command in it failed.
 */
export async function runStep(
    target: Target,
    step: Step,
    values: Record<string, string | number | undefined>,
    files: Files = {},
): Promise<Files> {
    const manifest = formatTable({ step, ...relayValues(target), ...values });
    const input = `${relayProgram()}\n${formatBundle({ manifest, ...files })}`;
    const { code, stdout, stderr } = await runLocal(target.host, input);
    const answer = parseBundle(stdout);
    if (answer.done !== undefined) return answer;
    if (answer.stale !== undefined) throw new RelayChanged(describeHost(target.host), Number(answer.stale));
    throw failure(target, step, answer, code, stderr);
}

/** What every step and every boot needs to know; no secrets. */
export function relayValues(target: Target): Record<string, string | undefined> {
    const { names, host } = target;
    const name = `${names.appName}-${names.interface}`;
    const place = host.namespace === undefined ? name : `${name}.${host.namespace}`;
    return {
        name,
        etc: `/etc/${place}`,
        run: `/run/${place}`,
        owner: target.owner,
        interface: names.interface,
        namespace: host.namespace,
    };
}

/**
 * Whether the person said to go on without this host when it cannot be reached, by naming it (its namespace; "local"
 * for this machine) in the environment.
 */
export function isAbandoned(host: HostDescriptor): boolean {
    return process.env[ABANDON] === (host.namespace ?? "local");
}
export const ABANDON = "QPTUNNEL_ABANDON_UNREACHABLE";

/** A host as it is called in messages. */
export function describeHost(host: HostDescriptor): string {
    return host.namespace === undefined ? "this machine" : `namespace ${host.namespace} of this machine`;
}

function failure(target: Target, step: Step, answer: Files, code: number | null, stderr: string): HostError {
    const where = describeHost(target.host);
    const refused = lines(answer.refused);
    if (refused.length >= 2) return new HostError(where, refused[0] ?? "", refused[1] ?? "");
    const said = lines(redact(stderr)).slice(-3).join("; ");
    const error = lines(answer.error)[0];
    return new HostError(
        where,
        `step ${step} failed${error === undefined ? ` (exit code ${code ?? "none"})` : ` at ${error}`}${said === "" ? "" : `: ${said}`}`,
        "mend what it names and apply again; nothing was opened that was closed before",
    );
}

/** Tools quote a malformed key back. No 44-character base64 token leaves in a message. */
function redact(text: string): string {
    return text.replace(/[A-Za-z0-9+/]{43}=/g, "[key]");
}

function lines(text: string | undefined): string[] {
    return (text ?? "").split("\n").filter((line) => line !== "");
}
