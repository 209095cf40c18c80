import { InvalidArgument } from "../../core/errors.js";
import { CONNECTED_SECONDS, problemsOf, type Problem, type RelayStatus } from "../../core/status/index.js";
import { relayStatus } from "../../providers/hosts/status.js";
import { Exit, type Output, printJson } from "../output.js";
import { chosenRelays, relaysOf, type StackRelay } from "../relays.js";
import { readStack } from "../state.js";
import { checkOptions, type StatusOptions, type StatusRequest } from "./options.js";

/** The answer of every relay at one time, and its problems. */
interface Report {
    statuses: RelayStatus[];
    problems: Problem[];
}

/** `qp-tunnel status`: once, or repeatedly until it is interrupted. */
export async function status(options: StatusOptions, output: Output): Promise<number> {
    const request = checkOptions(options);
    let relays = await knownRelays(options, request);
    for (let last: Report | undefined; ;) {
        const report = await reportOn(relays, options, request);
        await print(report, options, request, output);
        if (request.watch === undefined) return exitCode(report);
        await new Promise((resume) => setTimeout(resume, (request.watch ?? 0) * 1000));
        // The state is read again if the relay was changed since, or differs from it.
        const differs = report.problems.some(({ kind }) => kind === "drift" || kind === "rogue");
        if (differs || (last !== undefined && generations(last) !== generations(report)))
            relays = await knownRelays(options, request);
        last = report;
    }
}

async function knownRelays(options: StatusOptions, { thresholds }: StatusRequest): Promise<StackRelay[]> {
    const read = async (secrets: boolean): Promise<StackRelay[]> =>
        chosenRelays(relaysOf(await readStack(options, { secrets }), { managed: true }), options.relay);
    let relays = await read(false);
    // Only a relay whose private SSH key is in the state needs the state's secrets.
    if (options.state === undefined && relays.some(({ sealedKey }) => sealedKey)) relays = await read(true);
    const isListed = (name: string): boolean => relays.some(({ known }) => known.peers[name]?.listed === true);
    const unknown = thresholds.required?.find((name) => !isListed(name));
    if (unknown !== undefined)
        throw new InvalidArgument("--require", `no relay has a peer ${unknown}`, "see qp-tunnel list");
    return relays;
}

async function reportOn(
    relays: StackRelay[],
    { probe = false }: StatusOptions,
    request: StatusRequest,
): Promise<Report> {
    const { timeout, thresholds } = request;
    const statuses = await Promise.all(relays.map((relay) => relayStatus(relay, { probe, timeout })));
    const problems = statuses.flatMap((each) => problemsOf(each, thresholds, CONNECTED_SECONDS));
    return { statuses, problems };
}

function generations({ statuses }: Report): string {
    return statuses.map(({ generation }) => generation).join(" ");
}

async function print(
    { statuses, problems }: Report,
    { json, prometheus: metrics }: StatusOptions,
    { watch }: StatusRequest,
    output: Output,
): Promise<void> {
    if (json) {
        const value = { valid: problems.length === 0, problems, relays: statuses };
        // With --watch one line each, so that a program can read them as they come.
        if (watch === undefined) printJson(output, value);
        else output.stdout.write(`${JSON.stringify(value)}\n`);
        return;
    }
    if (metrics) {
        const { prometheus } = await import("./prometheus.js");
        output.stdout.write(prometheus(statuses, problems));
        return;
    }
    const { statusText } = await import("./render.js");
    const { widthOf } = await import("../table.js");
    const text = statuses.map((each) => statusText(each, widthOf(output))).join("\n");
    const named = problems.filter(({ kind }) => kind !== "drift" && kind !== "conflict" && kind !== "unreachable");
    const tail = named.map(({ relay, message }) => `problem: ${relay}: ${message}\n`).join("");
    const clear = watch !== undefined && (output.stdout as { isTTY?: boolean }).isTTY ? "\x1b[H\x1b[2J" : "";
    output.stdout.write(`${clear}${text}${tail === "" ? "" : `\n${tail}`}`);
}

/** A relay that did not answer outweighs one with a problem, because its state is unknown. */
function exitCode({ statuses, problems }: Report): number {
    if (statuses.some(({ reachable }) => !reachable)) return Exit.unusable;
    return problems.length > 0 ? Exit.problem : Exit.fine;
}
