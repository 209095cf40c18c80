import { HostError } from "../../core/errors.js";
import type { RelayNames } from "../../core/registry/model.js";
import type { Claimant } from "../../core/relayIdentity.js";
import { linesOf } from "../../core/protocol/table.js";
import { formatBundle, parseBundle, type Files } from "../../core/protocol/bundle.js";
import {
    manifest,
    type Answers,
    type ClaimValue,
    type Manifest,
    type RelayValue,
    type Requests,
    type Step,
} from "../../core/protocol/steps.js";
import { connectionTo } from "./connection.js";
import { describeHost, type HostDescriptor } from "./descriptors.js";

/** One relay on one host. */
export interface Target {
    host: HostDescriptor;
    names: RelayNames;
    /** project/stack/relay: what it is called. */
    owner: string;
    /** Its own id; undefined in a preview that makes it. */
    relayId?: string;
    /** The resource that acts, and what the state has of the relay: it may have been renamed. */
    claim?: { resource?: string; owner?: string; relayId?: string };
    /** A private SSH key, when the program gave one. A secret. */
    credentials?: string;
}

/** The relay is not as it was when the change was planned; nothing was done. The caller plans again. */
export class RelayChanged extends HostError {
    constructor(
        where: string,
        readonly generation: number,
    ) {
        super(where, `another program changed the relay in the meantime (generation ${generation})`, "apply again");
    }
}

/**
 * Runs one step on the relay: one round trip, its bundle on the standard input of the program there, secrets nowhere else.
 *
 * @throws HostError with the program's own words when it refuses, and with its line when a command in it failed.
 */
export async function runStep<S extends Step>(
    target: Target,
    step: S,
    values: Manifest<S>,
    requests: Requests<S> = {},
    options: StepOptions = {},
): Promise<Answers<S>> {
    const bundle = formatBundle(
        stepFiles(step, { ...relayValues(target), ...claimValues(target), ...values }, requests),
    );
    const { code, stdout, stderr: printed } = await connectionTo(target.host, target.credentials).ask(bundle, options);
    // Bash begins its messages with the name of the file that it reads the program from, which is none of the machine's.
    const stderr = printed.replace(/^\/dev\/fd\/\d+: (?=line \d+: )/gm, "bash: ");
    const answer = parseBundle(stdout);
    if (answer.done !== undefined) return answer as Answers<S>;
    if (answer.stale !== undefined) throw new RelayChanged(describeHost(target.host), Number(answer.stale));
    throw failure(target, step, answer, code, stderr);
}

type RelayValues = Record<"name" | "etc" | "run" | "owner" | "interface", string> &
    Record<"relayId" | "namespace", string | undefined>;

export interface StepOptions {
    /** Over a connection made for it, which shows that one can still be made. */
    newConnection?: boolean;
    /** Seconds it may take. Default: an hour. */
    timeout?: number;
}

/** The files of a step as they travel: its manifest first. */
export function stepFiles<S extends Step>(
    step: S,
    values: Manifest<S> & Partial<Record<RelayValue, string | undefined>>,
    requests: Requests<S>,
): Files {
    return { manifest: manifest.render({ step, ...values }), ...requests };
}

/** What every step and every boot needs to know; no secrets. */
export function relayValues(target: Target): RelayValues {
    const { names, host } = target;
    const name = `${names.appName}-${names.interface}`;
    const namespace = host.kind === "local" ? host.namespace : undefined;
    const place = namespace === undefined ? name : `${name}.${namespace}`;
    return {
        name,
        etc: `/etc/${place}`,
        run: `/run/${place}`,
        owner: target.owner,
        relayId: target.relayId,
        interface: names.interface,
        namespace,
    };
}

/** What else shows the relay on the machine to be this one: see `check_owner` in lib.sh. */
function claimValues({ claim }: Target): Record<ClaimValue, string | undefined> {
    return { id: claim?.resource, formerOwner: claim?.owner, formerRelayId: claim?.relayId };
}

/** Who asks, for a comparison with what the machine says. */
export function claimantOf({ owner, relayId, claim }: Target): Claimant {
    const known = (...texts: (string | undefined)[]): string[] => texts.filter((text) => text !== undefined);
    return {
        labels: known(owner, claim?.owner),
        relayIds: known(relayId, claim?.relayId),
        resource: claim?.resource,
    };
}

function failure(target: Target, step: Step, answer: Files, code: number | null, stderr: string): HostError {
    const where = describeHost(target.host);
    const refused = linesOf(answer.refused);
    if (refused.length >= 2) return new HostError(where, refused[0] ?? "", refused[1] ?? "");
    const lastLines = linesOf(redact(stderr)).slice(-3).join("; ");
    const error = linesOf(answer.error)[0];
    const disk = diskTrouble(stderr);
    if (disk !== undefined) return new HostError(where, `step ${step} failed: ${disk[0]}`, disk[1]);
    return new HostError(
        where,
        `step ${step} failed${error === undefined ? ` (exit code ${code ?? "none"})` : ` at ${error}`}${lastLines === "" ? "" : `: ${lastLines}`}`,
        "fix the reported problem and apply again; no access was opened",
    );
}

/** What is wrong with the machine's disk and what to do, when that is why a step failed. */
function diskTrouble(stderr: string): [problem: string, fix: string] | undefined {
    const full = /(?:(\/[^\s:']+)[^\n]*)?No space left on device/.exec(stderr);
    if (full !== null) {
        return [
            `no space is left ${full[1] === undefined ? "below /etc or /run" : `for ${full[1]}`} (or no inode)`,
            "free some space (`df -h`, `df -i`) and apply again; no access was opened",
        ];
    }
    const readOnly = /(\/[^\s:']+)[^\n]*Read-only file system/.exec(stderr);
    if (readOnly === null) return undefined;
    return [
        `${readOnly[1]} is on a read-only file system`,
        "find out why (`dmesg` says when a disk failed), remount it writable and apply again; no access was opened",
    ];
}

/** Tools quote a malformed key back. No 44-character base64 token leaves in a message. */
function redact(text: string): string {
    return text.replace(/[A-Za-z0-9+/]{43}=/g, "[key]");
}
