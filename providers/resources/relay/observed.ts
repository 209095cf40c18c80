import type { PlacedInputs, PlacedOutputs } from "./placed.js";
import { restoredDrift } from "./restored.js";
import type { RelayResourceParts } from "./parts.js";
import type { Answers, Observing, Part, PartAnswers } from "../../../core/protocol/steps.js";
import { files, keptFile } from "../../../core/protocol/files.js";
import { processes, units } from "../../../core/protocol/units.js";
import { type Drift, withoutRepeated } from "../../../core/drift.js";
import { REPAIR } from "../../../core/repair.js";

/** Answers that only an apply of a part changes. */
const OWNED: Record<Part, RegExp> = {
    host: /^(\.|owner|relay-id|manifest|program|audit-mark|generation|unit\/.*-(watch|firewall|wireguard|wireguard-b|proxy)\.service)$/,
    firewall: /^firewall\.nft$/,
    wireguard: /^(interfaces|key\..*|identity\..*)$/,
    proxy: /^(services|caddy\.json|renewals|certs\/|issuers\/|certs\/.*\.(pem|key)|issuers\/.*|caddy\/caddy|unit\/.*-renewal\.(service|timer))$/,
    grants: /^(elements|ends)$/,
};

/** Of these the content changes with every operation, or is looked at elsewhere: that they are there, and who may read them. */
const CONTENT_VARIES = /^(owner|program|audit-mark|generation|elements|ends|certs\/[^/]*-relay\.pem)$/;

/** What a part keeps in the state of its files, to compare them with: one line of text a file. */
export function filesOf(part: Part, answer: PartAnswers<Part>): string | undefined {
    if (answer.files === undefined) return undefined;
    return files
        .parse(answer.files)
        .filter(({ path }) => OWNED[part].test(path))
        .map(({ path, mode, hash }) => keptFile(path, mode, CONTENT_VARIES.test(path) ? undefined : hash))
        .sort()
        .join("");
}

/** Differences between a part's files, units and processes and what its last apply left. */
export function observedDrift(part: Part, outputs: PlacedOutputs, answer: Answers<Observing>): Drift[] {
    return [
        ...(typeof outputs.files === "string" ? fileDrift(outputs.files, answer) : []),
        ...(part === "host" ? [...programDrift(answer), ...unitDrift(answer)] : []),
        ...processDrift(part, answer),
    ];
}

function* fileDrift(expected: string, answer: Answers<Observing>): Generator<Drift> {
    const found = new Map(files.parse(answer.files).map((row) => [row.path, row]));
    for (const { path, mode, hash } of files.parse(expected)) {
        const now = found.get(path);
        const what = describe(path);
        // An issued certificate is named by what it is for: without its files another one is issued.
        const differing = { kind: path.startsWith("certs/") ? "certificate file" : "file", name: path } as const;
        if (now === undefined)
            yield { ...differing, sentence: `${what} is missing on the relay; ${REPAIR} writes it again` };
        else if (hash !== "" && now.hash !== hash)
            yield { ...differing, sentence: `${what} was changed on the relay; ${REPAIR} restores it` };
        else if (now.mode !== mode)
            yield { ...differing, sentence: `${what} has mode ${now.mode} instead of ${mode}; ${REPAIR} restores it` };
    }
}

function describe(path: string): string {
    if (path.startsWith("unit/")) return `the unit ${path.slice("unit/".length)}`;
    if (path === "caddy/caddy") return "the Caddy binary";
    return path === "." ? "the relay's folder in /etc" : path.endsWith("/") ? `the folder ${path}` : `the file ${path}`;
}

/** Whichever step was last wrote the program, and its hash beside it. */
function* programDrift(answer: Answers<Observing>): Generator<Drift> {
    const sum = answer["program.sum"]?.trim();
    const found = files.parse(answer.files).find(({ path }) => path === "program");
    if (sum !== undefined && found !== undefined && found.hash !== sum)
        yield {
            kind: "file",
            name: "program",
            sentence: `the file program was changed on the relay; ${REPAIR} restores it`,
        };
}

/** Under systemd. A second interface's unit does nothing until a key is rotated. */
function* unitDrift(answer: Answers<Observing>): Generator<Drift> {
    for (const { unit, enabled, active } of units.parse(answer.units)) {
        if (unit.endsWith("-renewal.timer")) continue;
        if (enabled !== "enabled")
            yield {
                kind: "unit",
                name: unit,
                sentence: `the unit ${unit} is ${enabled || "gone"}: it will not start at boot; ${REPAIR} enables it`,
            };
        else if (active === "failed")
            yield { kind: "unit", name: unit, sentence: `the unit ${unit} has failed; ${REPAIR} starts it` };
    }
}

const PROCESSES: [Part, RegExp, string][] = [
    [
        "wireguard",
        /^watch$/,
        "the relay's watcher is not running: expiries are not enforced and changes are not repaired",
    ],
    ["wireguard", /^wireguard\..*\.supervisor$/, "wireguard-go is not restarted when it ends"],
    ["proxy", /^proxy\.supervisor$/, "the proxy is not restarted when it ends"],
    ["proxy", /^renewal$/, "the relay's certificates are not renewed"],
];

/** Without systemd; with it the units of the same names. */
function* processDrift(part: Part, answer: Answers<Observing>): Generator<Drift> {
    const suffix = part === "wireguard" ? "-watch.service" : part === "proxy" ? "-renewal.timer" : undefined;
    const ofUnits = units
        .parse(answer.units)
        .filter(({ unit }) => suffix !== undefined && unit.endsWith(suffix))
        .map(({ active }) => ({
            name: part === "wireguard" ? "watch" : "renewal",
            runs: active === "active" ? "1" : "0",
        }));
    const serves = (answer.caddy ?? "").trim() !== "";
    const renews = files.parse(answer.files).some(({ path }) => path === "renewals");
    for (const { name, runs } of [...ofUnits, ...processes.parse(answer.processes)]) {
        const known = PROCESSES.find(([of, pattern]) => of === part && pattern.test(name));
        if (known === undefined || runs === "1") continue;
        // A proxy that does not run at all is named as such.
        if ((name === "proxy.supervisor" && !serves) || (name === "renewal" && !renews)) continue;
        yield { kind: "process", name, sentence: `${known[2]}; ${REPAIR} starts it` };
    }
}

/** All that a relay's answer says of one resource. A record of it under a different id is not used. */
export function driftIn<I extends PlacedInputs, O extends PlacedOutputs>(
    parts: RelayResourceParts<I, O>,
    { id, inputs, outputs }: { id?: string | undefined; inputs: I; outputs: O },
    answer: Answers<Observing>,
): Drift[] {
    const mark = answer.mark?.trim();
    return withoutRepeated([
        ...(id !== undefined && mark !== undefined && mark !== id ? ANOTHER : []),
        ...parts.drift(inputs, outputs, answer),
        ...observedDrift(parts.step, outputs, answer),
        ...restoredDrift(outputs, answer),
    ]);
}

const ANOTHER: Drift[] = [
    {
        kind: "records",
        sentence: `the relay's records of it have a different id: another stack or an older state changed it; ${REPAIR} takes it over`,
    },
];

export const GONE: Drift[] = [
    {
        kind: "records",
        sentence: `the relay's own records of it are missing: the machine was rebuilt or they were removed; ${REPAIR} creates it again`,
    },
];
