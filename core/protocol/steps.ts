/**
 * What a relay's program is asked and what it answers. A step is one run of `main.sh` over a connection: the manifest says which, and
 * with which values; request files come beside it; the answer is files as well. `*` in a name stands for what differs from relay to
 * relay. A test compares these lists with the program, both ways.
 */
import { valuesTable, type Value } from "./values.js";

/** What every step and every boot is told: where the relay is on its machine, and what it is called. */
export const RELAY_VALUES = ["name", "etc", "run", "owner", "relayId", "interface", "namespace"] as const;

/** What shows a relay under a former name to be this one: the resource that acts, and what the state has of the relay. */
export const CLAIM_VALUES = ["id", "formerOwner", "formerRelayId"] as const;

/** On what a change was planned (generation, lines of the journal that the log has), and the record that it is made under. */
export const PLAN_VALUES = ["expected", "journal", "auditMark"] as const;

/** What a step may end with, or say of why it did not. */
export const ENDS = ["done", "stale", "refused", "error"] as const;

interface Definition {
    readonly values: readonly string[];
    readonly requests: readonly string[];
    readonly answers: readonly string[];
}

/** What is said of files, units and processes, and of everything else on the machine that stops packets. */
const OBSERVED = ["files", "program.sum", "units", "processes"] as const;
const SURROUNDINGS = ["ours", "ruleset", "legacy.ip", "legacy.ip6", "legacy.unread"] as const;
const APPLIED = ["generation", "swept", ...OBSERVED, ...SURROUNDINGS] as const;

const HOST = ["host", ...SURROUNDINGS] as const;
const FIREWALL = ["expired", "ended", "guarded", "nft"] as const;
const WIREGUARD = ["former", "interfaces", "expired", "moving", "moved", "sysctls", "dump.*", "network.*"] as const;
const PROXY = ["caddy", "listeners", "certificate.*", "issuer.*"] as const;

/** What a refresh compares besides, which an apply does not answer. */
const COMPARED = ["elements.differ", "kept.network", "kept.peers", "rotation"] as const;
/** What a refresh reads of all parts of a relay. */
const ALL_PARTS = [...HOST, ...FIREWALL, ...WIREGUARD, ...PROXY, ...OBSERVED, ...COMPARED] as const;
const REMOVED = { values: ["table"], requests: [], answers: ["skipped", "generation"] } as const;

export const STEPS = {
    /** What is true of a machine before anything on it is changed. */
    facts: { values: [], requests: [], answers: ["facts", "journal"] },
    /** An interface that is about to be taken over, as it is. */
    adoption: { values: [], requests: [], answers: ["dump.*", "network.*"] },
    /** What a refresh reads of one part of a relay. */
    read: {
        values: ["what", "record", "table"],
        requests: [],
        answers: [
            "missing",
            "mark",
            "auditmark",
            ...ALL_PARTS,
            "record.auditmark",
            "record.network",
            "record.interfaces",
            "record.services",
            "record.peers",
            "record.key.*",
        ],
    },
    /** How a relay is, all of it in one answer. */
    status: {
        values: ["table"],
        requests: [],
        answers: ["missing", "status", "marks", "auditmark", "journal", ...ALL_PARTS],
    },
    /** Takes over a Caddy that was pushed, and says which one is there. */
    caddy: { values: ["sha256"], requests: [], answers: ["caddy"] },
    /** The relay's copy of the log. */
    mirror: {
        values: ["do", "offset", "length", "digest"],
        requests: ["content"],
        answers: ["missing", "bytes", "tail", "digest", "content"],
    },
    /** Keeps a change, if the peers and services of before are there still. */
    confirm: { values: ["table"], requests: [], answers: ["late", "lost", "generation"] },
    /** Gives a machine that the program made an SSH host key of its own. */
    hostkey: { values: ["instance"], requests: ["private", "public"], answers: ["other", "hostkey"] },
    /** Everything of a relay that moves away. */
    remove: { values: ["table"], requests: [], answers: ["skipped", "generation", "devices"] },
    /** Takes away first what an update takes away. */
    removals: {
        values: ["table", "undecided", "edition", "role"],
        requests: ["admitted", "elements", "services"],
        answers: ["missing", "generation", "removed", "proof", "problems"],
    },
    /** In a script: what is looked at from afar elsewhere. */
    check: { values: ["services", "packages", "edition"], requests: ["networks", "routes"], answers: [] },
    /** In a script: keys for services, and requests for their certificates. */
    requests: { values: [], requests: ["wanted"], answers: ["request.*"] },
    /** In a script: what the kernel says after all steps. */
    receipt: {
        values: ["table"],
        requests: ["services", "keys"],
        answers: ["receipt", "peers", "services"],
    },
    host: {
        values: ["table", "packages"],
        requests: ["program", "boot-manifest", "carried", "unit.*"],
        answers: ["host", ...APPLIED],
    },
    firewall: {
        values: ["table", "confirm", "adopts"],
        requests: ["program", "firewall.nft"],
        answers: ["pending", ...FIREWALL, ...APPLIED],
    },
    wireguard: {
        values: ["table", "confirm", "adopts", "identity", "role", "overlap", "force"],
        requests: ["program", "interfaces", "key.*", "peers", "network", "rekeyed", "formers", "gone", "inherited"],
        answers: ["pending", "adopted", "backup", "removed", "proof", ...WIREGUARD, ...APPLIED],
    },
    proxy: {
        values: ["table", "role"],
        requests: ["program", "services", "caddy.json", "cert.*", "leaf-keys", "renewals", "issuer.*", "unit.*"],
        answers: [...PROXY, ...APPLIED],
    },
    grants: {
        values: ["table", "role"],
        requests: ["program", "elements", "ends"],
        answers: [...FIREWALL, ...APPLIED],
    },
    "host-delete": { ...REMOVED, answers: ["skipped", "generation", "devices"] },
    "firewall-delete": REMOVED,
    "wireguard-delete": { ...REMOVED, answers: ["skipped", "generation", "devices"] },
    "proxy-delete": REMOVED,
    "grants-delete": REMOVED,
} as const satisfies Record<string, Definition>;

export type Step = keyof typeof STEPS;

/** The parts of a relay, each with a step that applies it and one that removes it. */
export type Part = "host" | "firewall" | "wireguard" | "proxy" | "grants";

/** What starts the program on its machine, from the files of the last apply: units, supervisors and the watcher. */
export const BOOT_MODES = [
    "rollback",
    "boot-firewall",
    "reload-firewall",
    "boot-wireguard",
    "boot-proxy",
    "supervise-wireguard",
    "supervise-proxy",
    "renew",
    "supervise-renewal",
    "watch",
    "supervise-watch",
    "watch-act",
    "watch-guard",
    "watch-resolve",
] as const;

export type BootMode = (typeof BOOT_MODES)[number];

/** What a script says once for all of its steps. */
export const SCRIPT_VALUES = [
    "name",
    "interface",
    "etc",
    "run",
    "owner",
    "edition",
    "inner",
    "outer",
    "steps",
] as const;

/** A name; with `*` in it, any that fits. */
type Named<Pattern extends string> = Pattern extends `${infer Before}*${infer After}`
    ? `${Before}${string}${After}`
    : Pattern;

export type RelayValue = (typeof RELAY_VALUES)[number];
export type ClaimValue = (typeof CLAIM_VALUES)[number];
type PlanValue = (typeof PLAN_VALUES)[number];

/** The values of a step, besides those that `RelayValue` names. */
export type Manifest<S extends Step = Step> = Partial<
    Record<(typeof STEPS)[S]["values"][number] | ClaimValue | PlanValue, Value>
>;

/** The files that a step is given. */
export type Requests<S extends Step = Step> = { [Name in Named<(typeof STEPS)[S]["requests"][number]>]?: string };

/** The files that a step answers. */
export type Answers<S extends Step = Step> = FilesNamed<(typeof STEPS)[S]["answers"][number]>;

/** What each of several steps answers. */
export type CommonAnswers<S extends Step> = FilesNamed<CommonName<S>>;
type CommonName<S extends Step> = {
    [Name in AnswerOf<S>]: [S] extends [{ [T in Step]: Name extends AnswerOf<T> ? T : never }[Step]] ? Name : never;
}[AnswerOf<S>];
type AnswerOf<S extends Step> = (typeof STEPS)[S]["answers"][number];

/** Steps whose answers are compared with the state. */
export type Observing = "read" | "status";

/** What an apply and a comparison both answer of a part. */
export type PartAnswers<P extends Part> = CommonAnswers<P | Observing>;

type FilesNamed<Name extends string> = { [Plain in Exclude<Name, `${string}*${string}`>]?: string } & {
    [Pattern in Extract<Name, `${string}*${string}`> as Named<Pattern>]: string;
};

/**
 * What a step is told, first of all.
 *
 *     step     facts
 *     name     qp-tunnel-wg0
 *     etc      /etc/qp-tunnel-wg0
 *     owner    acme/prod/office
 */
export const manifest = valuesTable<"step" | RelayValue | keyof Manifest>("manifest");

/** What a boot is told, in `/etc/<name>/manifest`. */
export const bootManifest = valuesTable<RelayValue | "table">("boot-manifest");

/** The head of a script. */
export const scriptValues = valuesTable<(typeof SCRIPT_VALUES)[number]>("script");
