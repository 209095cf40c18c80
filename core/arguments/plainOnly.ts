import type { Fault } from "../fault.js";
import { refuse } from "./faults.js";
import { isSupplied } from "./validate.js";

/*
 * Arguments that must be plain values, and why: what they decide is planned, checked or shown before any resource has supplied anything.
 * All others take what other resources supply.
 */

/** How a program comes to a plain value. */
const PLAIN =
    "give a plain value: from the stack's configuration, a file, or `await` of a StackReference's `getOutputDetails`; creating the Relay in an `apply` hides it from every preview";

interface Reason {
    /** Completes "is an Output, but …". */
    why: string;
    fix?: string;
}

type Reasons = Readonly<Record<string, Reason>>;

/** The same for an argument and whatever is in it. */
function reasons(why: string, paths: string, fix?: string): Reasons {
    return Object.fromEntries(paths.split(" ").map((path) => [path, fix === undefined ? { why } : { why, fix }]));
}

const SHOWN = "which a preview has to say";

const RELAY: Reasons = {
    ...reasons(
        "it decides which resources the relay is made of",
        "host",
        "give what hosts.* returns, and the Output to an argument of that, like `address` of hosts.ssh",
    ),
    ...reasons("the log is opened and verified before anything else", "audit", "give the AuditSink itself"),
    ...reasons(
        "the services decide which certificate authorities are created",
        "services services[]",
        "give a list of ExposedServices, of which `upstream` may be an Output",
    ),
    ...reasons(
        "who a grant is about is checked before any resource exists",
        "grants grants[] grants[].from grants[].from[] grants[].from.peer grants[].from[].peer grants[].to grants[].to.peer",
        "give a list of grants, of which `ports` and every `network` may be Outputs",
    ),
    ...reasons("who is in a group is checked before any resource exists", "groups groups.* groups.*[]"),
    ...reasons(
        "when a right ends, a preview has to say",
        "grants[].until grants[].window grants[].window.days grants[].window.from grants[].window.to grants[].window.zone grants[].reason grants[].ticket",
    ),
    ...reasons(
        "expectations are checked before any resource exists",
        "expect expect[] expect[].from expect[].from[] expect[].from.peer expect[].from.network expect[].from[].peer expect[].from[].network expect[].allow expect[].allow[] expect[].deny expect[].deny[]",
    ),
    ...reasons("it decides what a preview says", "warnHours"),
    ...reasons(`another port cuts off every peer, ${SHOWN}`, "listenPort"),
    ...reasons("addresses are allocated from it before the update, and a preview shows them", "subnet subnet6"),
    ...reasons("it is part of the names of everything on the machine", "interface appName"),
    ...reasons("the epochs decide which key pairs are created", "keyEpochs keyEpochs[]"),
    ...reasons(`it cuts peers off, ${SHOWN}`, "forceRetire"),
    ...reasons(`it decides whether former keys end at once, ${SHOWN}`, "keyOverlap"),
    ...reasons("it decides whether a key pair is created", "identity"),
    ...reasons(
        "it says that a person has read a refusal",
        "adoptChanges replaceLostKeys",
        "copy the hash that the refusal names",
    ),
    ...reasons(`it decides whether an authority is left on the relay, ${SHOWN}`, "certificateRenewal"),
    ...reasons("it protects the update itself, so it depends on nothing that the update makes", "confirmTimeout"),
    ...reasons(
        "only the data of a peer may come from another resource: a Peer may need a key pair of its own",
        "peers[].peer",
        "list the Output itself, with `address` in it",
    ),
    ...reasons("addresses are allocated before the update, and a preview shows them", "peers[].address"),
};

const PEER: Reasons = {
    ...reasons("its address, keys and records are kept under it", "name"),
    ...reasons("addresses are allocated before the update, and a preview shows them", "address"),
    ...reasons("it decides whether a new key pair is created", "keyEpoch"),
    ...reasons(`it admits a revoked key again, ${SHOWN}`, "reinstate"),
    ...reasons(`it removes a private key from the state, ${SHOWN}`, "handedOut"),
    ...reasons(
        "it decides whether the peer's machine has resources",
        "host",
        "give what hosts.* returns, and the Output to an argument of that, like `address` of hosts.ssh",
    ),
    ...reasons("it is part of the names of everything on the machine", "interface"),
};

const SERVICE: Reasons = {
    ...reasons(
        "who may open a service is checked before any resource exists",
        "allow allow[] allow[].peer allow[].until allow[].window allow[].window.days allow[].window.from allow[].window.to allow[].window.zone allow[].reason allow[].ticket",
        'list peers: `allow: [alice]`, or "everyone"',
    ),
    ...reasons("the peer behind a service is checked before any resource exists", "upstream.peer"),
    ...reasons(
        "the access rule to it is planned before the update",
        "upstream.port",
        "give a plain port, or an Output of the whole `host:port`",
    ),
    ...reasons("ports are allocated before the update, and a preview shows them", "port"),
    ...reasons("it decides which certificate authorities are created", "certificate"),
    ...reasons(`it decides whether clients need a post-quantum key exchange, ${SHOWN}`, "keyExchange"),
    ...reasons("it decides on which machine the service's resources are", "on"),
};

const LOG: Reasons = reasons(
    "the log is opened and verified before anything else",
    "path signingKey mirror onBehind restartFrom approvers approvers.signers approvers.signers[] approvers.required approvers.folder approvers.emergency",
);

const SETUP: Reasons = reasons(
    "it decides whether there is a resource for the scripts",
    "setup",
    "give { create, delete }, which may be Outputs",
);

/** By what has the arguments. A `[]` stands for every entry of a list, a `*` for every key. */
export const PLAIN_ONLY = {
    relay: RELAY,
    peer: PEER,
    service: SERVICE,
    log: LOG,
    local: { ...reasons("it names the place of every resource, which a preview compares", "namespace"), ...SETUP },
    ssh: {
        ...reasons(`it decides whether any machine that answers is trusted, ${SHOWN}`, "trustOnFirstUse"),
        ...SETUP,
    },
    digitalOcean: { ...reasons("it decides whether an address is created", "reservedIp"), ...SETUP },
    script: reasons("it is where the script is written, and names the machine", "path"),
} as const satisfies Record<string, Reasons>;

/**
 * Refuses an Output where only a plain value will do, and says why.
 *
 * @param subject what has the arguments, the start of every property path
 * @throws InvalidArgument naming every such argument
 */
export function refuseSupplied(kind: keyof typeof PLAIN_ONLY, args: unknown, subject: string): void {
    const faults: Fault[] = Object.entries<Reason>(PLAIN_ONLY[kind]).flatMap(([path, { why, fix = PLAIN }]) =>
        suppliedAt(args, path.split(/\.|(?=\[\])/), subject).map((found) => ({
            path: found,
            problem: `is an Output, but ${why}`,
            fix,
        })),
    );
    if (faults.length > 0) refuse(subject, faults);
}

/** Where a value is an Output. What is in one cannot be seen. */
function suppliedAt(value: unknown, [step, ...rest]: string[], path: string): string[] {
    if (step === undefined) return isSupplied(value) ? [path] : [];
    if (typeof value !== "object" || value === null || isSupplied(value)) return [];
    if (step === "[]")
        return Array.isArray(value) ? value.flatMap((each, index) => suppliedAt(each, rest, `${path}[${index}]`)) : [];
    if (Array.isArray(value)) return [];
    if (step === "*") return Object.entries(value).flatMap(([key, each]) => suppliedAt(each, rest, `${path}.${key}`));
    return suppliedAt((value as Record<string, unknown>)[step], rest, `${path}.${step}`);
}
