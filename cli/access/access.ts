import { membersOf } from "../../core/access/groups.js";
import { cover, isNetwork, parseTargets, type Target, touches } from "../../core/access/target.js";
import { termsWords } from "../../core/access/terms.js";
import type { Right } from "../../core/access/rights.js";
import { asMermaid, asSvg } from "../../core/access/graph.js";
import { RELAY } from "../../core/access/index.js";
import { matrixOf } from "../../core/access/matrix.js";
import { contains } from "../../core/addresses/index.js";
import { InvalidArgument } from "../../core/errors.js";
import { Exit, type Output, printJson } from "../output.js";
import type { StateOptions } from "../state.js";
import { type Column, table, widthOf } from "../table.js";
import { changedRights, changeText, type ComparedRelay, whyText } from "./diff.js";
import { rightsInFile } from "./file.js";
import { type RelayRights, rightsInStack } from "./rights.js";

export interface AccessOptions extends StateOptions {
    relay?: string;
    from?: string;
    to?: string;
    matrix?: boolean;
    graph?: string;
    diff?: string[];
    live?: boolean;
    timeout?: string;
    json?: boolean;
    csv?: boolean;
}

/** `qp-tunnel access`: who is allowed to reach what through the stack's relays, and by which grant or service. */
export async function access(options: AccessOptions, output: Output): Promise<number> {
    refuseTogether(options);
    if (options.live === true) {
        const { compareLive } = await import("./live.js");
        return compareLive(options, output);
    }
    if (options.diff !== undefined) return difference(options, options.diff, output);
    const asked = askedOf(await rightsInStack(options), options);
    output.stdout.write(printed(asked, options, widthOf(output)));
    return options.from !== undefined && options.to !== undefined ? answer(asked, options, output) : Exit.fine;
}

/** What each form of the result excludes. */
function refuseTogether(options: AccessOptions): void {
    const forms = (["matrix", "graph", "csv", "json"] as const).filter((form) => options[form] !== undefined);
    const exclusive = forms.filter((form) => form !== "json" || options.matrix === undefined);
    if (exclusive.length > 1)
        throw new InvalidArgument(
            `--${exclusive[0]}`,
            `cannot be combined with --${exclusive[1]}`,
            "choose one of them",
        );
    const narrowing = ["from", "to", "matrix", "graph", "csv", "diff"] as const;
    const narrowed = narrowing.find((option) => options[option] !== undefined);
    if (options.live === true && narrowed !== undefined)
        throw new InvalidArgument(
            "--live",
            `cannot be combined with --${narrowed}`,
            "leave one of them out: it compares everything",
        );
    if (options.graph !== undefined && !Object.hasOwn(GRAPHS, options.graph))
        throw new InvalidArgument("--graph", `"${options.graph}" is not a form of a graph`, "choose mermaid or svg");
}

const GRAPHS: Record<string, (rights: readonly Right[]) => string> = { mermaid: asMermaid, svg: asSvg };

/** A relay with those of its rights that are asked for. */
interface Asked extends RelayRights {
    /** What `--to` means on this relay: with a group, one for each member. */
    targets: Target[] | undefined;
    /** What `--from` means: with a group, its members. */
    sources: string[] | undefined;
}

/** Names are looked up on each relay, and one that does not have them is left out, unless none has. */
function askedOf(relays: readonly RelayRights[], options: AccessOptions): Asked[] {
    const asked: Asked[] = [];
    let unknown: InvalidArgument | undefined;
    for (const relay of relays) {
        try {
            asked.push(chosen(relay, options));
        } catch (error) {
            if (!(error instanceof InvalidArgument)) throw error;
            unknown ??= error;
        }
    }
    if (asked.length === 0 && unknown !== undefined) throw unknown;
    return asked;
}

/** @throws InvalidArgument for a name that this relay does not have */
function chosen(all: RelayRights, { from, to }: AccessOptions): Asked {
    const { relay, rights, known } = all;
    const targets = to === undefined ? undefined : parseTargets(to, known, "--to", from);
    const sources = from === undefined ? undefined : [...membersOf([from], known.groups ?? {}).keys()];
    const isGroup = from !== undefined && Object.hasOwn(known.groups ?? {}, from);
    if (from !== undefined && !isGroup && !isNetwork(from) && !Object.hasOwn(known.peers, from) && from !== RELAY) {
        const fix = "list the peers with qp-tunnel list";
        throw new InvalidArgument("--from", `relay ${relay} has no peer "${from}"`, fix);
    }
    const chosen = rights
        .filter((right) => sources === undefined || sources.some((source) => isFrom(right, source)))
        .filter((right) => targets === undefined || targets.some((target) => touches(right, target)));
    return { ...all, rights: chosen, targets, sources };
}

function isFrom({ from }: Right, asked: string): boolean {
    return from === asked || (isNetwork(from) && isNetwork(asked) && contains(from, asked));
}

function printed(relays: readonly RelayRights[], options: AccessOptions, width: number): string {
    const { json, csv, matrix, graph } = options;
    if (json === true) {
        const each = relays.map(({ relay, rights }) => ({
            relay,
            ...(matrix ? { matrix: matrixOf(rights), ...termsBeside(rights) } : { rights }),
        }));
        return `${JSON.stringify({ relays: each }, undefined, 4)}\n`;
    }
    if (csv === true) return asCsv(relays);
    if (graph !== undefined) return GRAPHS[graph]?.(relays.flatMap(({ rights }) => rights)) ?? "";
    return relays
        .map(({ relay, rights }) =>
            [`${relay}\n`, matrix === true ? matrixText(rights, width) : list(rights, width)].join("\n"),
        )
        .join("\n");
}

const COLUMNS: Column[] = [{ heading: "FROM" }, { heading: "TO" }, { heading: "PORTS" }, { heading: "BY" }];

function list(rights: readonly Right[], width: number): string {
    if (rights.length === 0) return "  nothing is allowed\n";
    return table(
        COLUMNS,
        rights.map((right) => [right.from, right.to, right.ports, whyText(right)]),
        width,
    );
}

function hasTerms(right: Right): boolean {
    return termsWords(right) !== "";
}

/** Rights on conditions, beside a matrix that has no room for these. */
function termsBeside(rights: readonly Right[]): { terms?: Right[] } {
    const terms = rights.filter(hasTerms);
    return terms.length === 0 ? {} : { terms };
}

function matrixText(rights: readonly Right[], width: number): string {
    const rows = Object.entries(matrixOf(rights));
    if (rows.length === 0) return "  nothing is allowed\n";
    const destinations = [...new Set(rights.map(({ to }) => to))].sort();
    const notes = [...new Set(rights.filter(hasTerms).map(whyText))];
    const noted = (from: string, to: string, ports: string): string => {
        const own = rights.filter((right) => right.from === from && right.to === to && right.ports === ports);
        // What something else allows without conditions has none.
        if (!own.every(hasTerms)) return ports;
        return [ports, ...new Set(own.map((right) => `[${notes.indexOf(whyText(right)) + 1}]`))].join(" ");
    };
    const cells = rows.map(([from, row]) => [
        from,
        ...destinations.map((to) => (row[to] ?? []).map((ports) => noted(from, to, ports)).join(" ")),
    ]);
    const text = table([{ heading: "FROM" }, ...destinations.map((heading) => ({ heading }))], cells, width);
    return [
        text,
        ...(notes.length === 0 ? [] : ["\n"]),
        ...notes.map((note, index) => `  [${index + 1}] ${note}\n`),
    ].join("");
}

/** RFC 4180. */
function asCsv(relays: readonly RelayRights[]): string {
    const rows = relays.flatMap(({ relay, rights }) =>
        rights.map(({ from, to, ports, by, groups = [], until = "", ticket = "", reason = "" }) => [
            ...[relay, from, to, ports, by],
            ...[groups.join(" "), until, ticket, reason],
        ]),
    );
    const lines = [["relay", "from", "to", "ports", "by", "groups", "until", "ticket", "reason"], ...rows].map((row) =>
        row.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(","),
    );
    return lines.map((line) => `${line}\r\n`).join("");
}

/** With --from and --to: whether all of it is allowed, a part, or nothing. */
function answer(relays: readonly Asked[], { from = "", to = "" }: AccessOptions, output: Output): number {
    const isAllowed = ({ rights, targets = [], sources = [] }: Asked): boolean =>
        sources.every((source) => {
            const own = rights.filter((right) => isFrom(right, source));
            const others = targets.length < 2 ? targets : targets.filter((target) => !isItself(target, source));
            return others.length > 0 && others.every((target) => cover(own, target));
        });
    if (relays.some(isAllowed)) return Exit.fine;
    const part = relays.some(({ rights }) => rights.length > 0);
    output.stderr.write(
        part ? `${from} is allowed to reach only a part of ${to}\n` : `${from} is not allowed to reach ${to}\n`,
    );
    return Exit.problem;
}

/** A member of a group is not asked about itself. */
function isItself({ to }: Target, source: string): boolean {
    return "name" in to && to.name === source;
}

function difference(options: AccessOptions, files: string[], output: Output): number {
    const [old, next, ...more] = files;
    if (old === undefined || next === undefined || more.length > 0)
        throw new InvalidArgument("--diff", `${files.length} files are given`, "give two: the old one and the new one");
    const sides = [old, next].map((path) => rightsInFile(path, options.relay)) as [ComparedRelay[], ComparedRelay[]];
    if (options.relay !== undefined && sides.flat().length === 0)
        throw new InvalidArgument(
            `--relay ${options.relay}`,
            "neither file has such a relay",
            "name a relay of one of them",
        );
    const changes = changedRights(...sides);
    if (options.json === true) printJson(output, { changes });
    else if (changes.length === 0) output.stdout.write("no access rule differs\n");
    else output.stdout.write(changes.map((change) => `${changeText(change)}\n`).join(""));
    return Exit.fine;
}
