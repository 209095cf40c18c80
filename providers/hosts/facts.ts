import { addressFacts, facts as factsTable, routeFacts } from "../../core/protocol/facts.js";
import type { Answers, Manifest, Requests, Step } from "../../core/protocol/steps.js";
import { linesOf } from "../../core/protocol/table.js";
import { relayValues, runStep, type StepOptions, type Target } from "./host.js";

/** What is true of the machine before anything is begun. */
export interface Facts {
    machine: string;
    /** Absent on a machine that was never set up. */
    generation?: number;
    auditMark?: string;
    owner?: string;
    relayId?: string;
    /** Ids of the resources that made the relay, as it has them. */
    marks: string[];
    /** When an unconfirmed change was rolled back; absent once the log has it. */
    rolledBack?: string;
    /** What the relay did by itself between updates, a line each, oldest first; lines that the log has are `sealed`. */
    journal: string[];
    /** How many of the relay's lines are in the log: the next change drops them there. */
    sealed: number;
    /** The peers that it had cut off, if that was the reason. */
    cutOff?: string;
    /** Where the operator's SSH connection comes from. */
    client?: string;
    /** "eth0 192.0.2.7/24" */
    addresses: { device: string; address: string }[];
    routes: { destination: string; device: string; via?: string }[];
}

/** What this process knows of each relay. Every change of ours says which generation it made; a stranger's shows at the next one. */
const known = new Map<string, Facts>();

/** The steps that change a relay, and say which generation they made. */
type Changing = { [S in Step]: "generation" extends keyof Answers<S> ? S : never }[Step];

/** The facts as far as this process knows them, else read from the machine. */
export async function factsOf(target: Target): Promise<Facts> {
    const facts = known.get(placeOf(target)) ?? (await readFacts(target));
    known.set(placeOf(target), facts);
    return facts;
}

/** The facts as the machine says them now; what this process knows stays as it is. */
export function currentFacts(target: Target): Promise<Facts> {
    return readFacts(target);
}

/**
 * Runs a step that changes the relay, planned on what this process knows of it.
 *
 * @throws RelayChanged when that is no longer true; what is known is then forgotten
 */
export async function changeRelay<S extends Changing>(
    target: Target,
    step: S,
    values: Manifest<S>,
    requests: Requests<S> = {},
    options: StepOptions = {},
): Promise<Answers<S>> {
    const facts = known.get(placeOf(target));
    try {
        const answer = await runStep(
            target,
            step,
            // A confirmation belongs to the change before it, whatever the generation.
            { ...values, ...(step === "confirm" ? {} : plannedOn(facts)) },
            requests,
            options,
        );
        // What the step may have changed on the machine is read again.
        const generation = linesOf((answer as Answers<Changing>).generation).at(-1);
        if (facts === undefined || generation === undefined || AFRESH.includes(step)) known.delete(placeOf(target));
        else {
            known.set(placeOf(target), {
                ...facts,
                generation: Number(generation),
                auditMark: String(values.auditMark),
                sealed: 0,
            });
        }
        return answer;
    } catch (error) {
        known.delete(placeOf(target));
        throw error;
    }
}

/**
 * What the relay's own programs did since it was last read is in the log now.
 *
 * @returns the facts as they are known from here on
 */
export function journalSealed(target: Target, facts: Facts): Facts {
    const now = { ...facts, journal: [], sealed: facts.sealed + facts.journal.length };
    known.set(placeOf(target), now);
    return now;
}

function plannedOn(facts: Facts | undefined): Record<string, number | undefined> {
    // Without a generation to compare it is not known whether these are the lines that were sealed.
    if (facts === undefined) return {};
    return { expected: facts.generation ?? 0, journal: facts.sealed === 0 ? undefined : facts.sealed };
}

const AFRESH: readonly Step[] = ["host", "host-delete", "remove"];

/** By which a relay on a machine is known in this process. */
export function placeOf(target: Target): string {
    return JSON.stringify([target.host, relayValues(target).etc]);
}

async function readFacts(target: Target): Promise<Facts> {
    const answer = await runStep(target, "facts", {});
    const { one, all } = factsTable.parse(answer.facts);
    const generation = one("generation");
    const auditMark = one("auditMark");
    const owner = one("owner");
    const relayId = one("relayId");
    const rolledBack = one("rolledBack");
    const cutOff = one("cutOff");
    const client = one("client");
    return {
        machine: one("machine") ?? "",
        ...(generation === undefined ? {} : { generation: Number(generation) }),
        ...(auditMark === undefined ? {} : { auditMark }),
        ...(owner === undefined ? {} : { owner }),
        ...(relayId === undefined ? {} : { relayId }),
        marks: all("mark"),
        ...(rolledBack === undefined ? {} : { rolledBack }),
        journal: linesOf(answer.journal),
        sealed: 0,
        ...(cutOff === undefined ? {} : { cutOff }),
        ...(client === undefined ? {} : { client }),
        addresses: addressFacts.parse(all("address").join("\n")),
        routes: routeFacts
            .parse(all("route").join("\n"))
            .map(({ via, ...route }) => ({ ...route, ...(via === undefined ? {} : { via }) })),
    };
}
