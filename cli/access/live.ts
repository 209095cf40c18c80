import type { Right } from "../../core/access/rights.js";
import { RELAY } from "../../core/access/index.js";
import { isOpen } from "../../core/access/window.js";
import { InvalidArgument, TunnelError } from "../../core/errors.js";
import { compare, type Finding, findingsOf, unownedFindings, unownedRights } from "../../core/flows/index.js";
import { tableName } from "../../core/names.js";
import { type AskedRelay, liveRelay } from "../../providers/hosts/flows.js";
import { askStatus } from "../../providers/hosts/status.js";
import { Exit, type Output, printJson } from "../output.js";
import { chosenRelays, relaysOf, type StackRelay } from "../relays.js";
import { isRelay, readStack, type StackResource, type StateOptions } from "../state.js";
import { type Column, table, widthOf } from "../table.js";
import { rightsIn } from "./rights.js";

interface LiveOptions extends StateOptions {
    relay?: string;
    json?: boolean;
    timeout?: string;
}

/** A relay's differences, or why it could not be asked. */
interface Answered {
    relay: string;
    findings: Finding[];
    problem?: string;
}

/** `qp-tunnel access --live`: what the relays let through, computed from what they say of themselves, beside what the program allows. */
export async function compareLive(options: LiveOptions, output: Output): Promise<number> {
    const timeout = secondsOf(options.timeout ?? "30");
    let resources = await readStack(options);
    const relaysIn = (): StackRelay[] => chosenRelays(relaysOf(resources), options.relay);
    if (options.state === undefined && relaysIn().some(({ sealedKey }) => sealedKey))
        resources = await readStack(options, { secrets: true });
    const rights = new Map(
        rightsIn(resources, "the stack's state", options.relay).map(({ relay, rights: own }) => [relay, own]),
    );
    const answers = await Promise.all(
        relaysIn().map((relay) => answerOf(relay, rights.get(relay.name) ?? [], tunnelOf(relay, resources), timeout)),
    );
    if (options.json === true)
        printJson(output, {
            relays: answers.map(({ relay, findings, problem }) => ({
                ...{ relay, equal: problem === undefined && findings.length === 0, differences: findings },
                ...(problem === undefined ? {} : { problem }),
            })),
        });
    else output.stdout.write(answers.map((answer) => textOf(answer, widthOf(output))).join("\n"));
    if (answers.some(({ problem }) => problem !== undefined)) return Exit.unusable;
    return answers.some(({ findings }) => findings.length > 0) ? Exit.problem : Exit.fine;
}

function secondsOf(text: string): number {
    if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text);
    throw new InvalidArgument("--timeout", `${text} must be an integer ≥ 1`, "give one");
}

function tunnelOf({ name }: StackRelay, resources: readonly StackResource[]): Record<string, unknown> {
    return resources.find((each) => isRelay(each) && each.inputs["relay"] === name)?.inputs ?? {};
}

async function answerOf(
    relay: StackRelay,
    rights: Right[],
    inputs: Record<string, unknown>,
    timeout: number,
): Promise<Answered> {
    const { name, target, known } = relay;
    const own = [inputs["address"], inputs["address6"]].filter((each) => typeof each === "string");
    const asked: AskedRelay = { names: target.names, peers: known.peers, routes: routesIn(inputs["peers"]), own };
    try {
        const live = liveRelay(asked, await askStatus(target, timeout));
        const expired = new Set(live.expired);
        const addresses = Object.fromEntries(
            Object.entries(known.peers)
                .filter(([, { listed }]) => listed)
                .map(([peer, each]) => [peer, each.addresses.filter((address) => !expired.has(address))]),
        );
        const declared = {
            rights: rights
                .filter(({ from, to }) => !expired.has(from) && !expired.has(to))
                .filter(({ window }) => window === undefined || isOpen(window, Math.floor(Date.now() / 1000))),
            addresses: { ...addresses, [RELAY]: own },
            routes: asked.routes,
        };
        const naming = { wire: live.wire, table: tableName(target.names), exists: live.exists };
        const routes = Object.values(asked.routes).flat();
        const found = findingsOf(compare(declared, live), { ...naming, routes });
        const unowned = unownedFindings(unownedRights(declared, live));
        return { relay: name, findings: [...live.unread, ...unowned, ...found] };
    } catch (error) {
        if (!(error instanceof TunnelError)) throw error;
        return { relay: name, findings: [], problem: error.message };
    }
}

/** Networks behind each peer. */
function routesIn(peers: unknown): Record<string, string[]> {
    return Object.fromEntries(
        Object.entries((peers ?? {}) as Record<string, { routes?: string[] }>).map(([name, { routes = [] }]) => [
            name,
            routes,
        ]),
    );
}

const COLUMNS: Column[] = [
    { heading: "DIFFERENCE" },
    { heading: "FROM" },
    { heading: "TO" },
    { heading: "PORTS" },
    { heading: "BECAUSE OF", below: 1 },
    { heading: "PACKET", below: 2 },
];

const KINDS: Record<Finding["kind"], string> = {
    extra: "passes, not allowed",
    missing: "allowed, does not pass",
    undecided: "cannot be decided",
};

function textOf({ relay, findings, problem }: Answered, width: number): string {
    if (problem !== undefined) return `${relay}: it cannot be compared: ${problem}\n`;
    if (findings.length === 0) return `${relay}: what passes is what the program allows\n`;
    const rows = findings.map(({ kind, from, to, ports, cause, by, packet }) => [
        ...[KINDS[kind], from, to, ports],
        by === undefined ? cause : `${cause} (allowed by ${by})`,
        packet,
    ]);
    return `${relay}\n\n${table(COLUMNS, rows, width)}`;
}
