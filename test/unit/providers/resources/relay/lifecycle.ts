import type { AuditLine } from "../../../../../core/audit/record.js";
import type { Answers, Part } from "../../../../../core/protocol/steps.js";
import { AuditLog, type AuditRef } from "../../../../../providers/audit/log.js";
import type { Target } from "../../../../../providers/hosts/host.js";
import { toldElsewhere } from "../../../../../providers/resources/effects.js";
import type { RelayResourceParts } from "../../../../../providers/resources/relay/parts.js";
import { type PlacedInputs, readOutputs, readPlaced } from "../../../../../providers/resources/relay/placed.js";
import type { Context, Properties } from "../../../../../providers/resources/resource.js";
import { relaySchema } from "../../../../../providers/resources/schemas.js";
import type { Machine } from "../../hosts/machine.js";

export const REF: AuditRef = { path: "audit/dev.jsonl", project: "shop", stack: "dev" };

/** What the engine gives an operation, with what was said in it. */
export interface Told extends Context {
    said: string[];
}

export function contextOf(more: Partial<Context> = {}): Told {
    const said: string[] = [];
    return {
        urn: "urn:pulumi:dev::shop::qptunnel:index:Lamp::hub-lamp",
        name: "hub-lamp",
        project: "shop",
        stack: "dev",
        preview: false,
        refreshing: false,
        signal: new AbortController().signal,
        log: (severity, message) => void said.push(`${severity}: ${message}`),
        said,
        ...more,
    };
}

/** Inputs of a resource of relay hub on a machine. */
export function placedAt({ host }: Machine, more: Properties = {}): PlacedInputs {
    return readPlaced({ relay: "hub", relayId: "ab12", host, appName: "corp", interface: "wg0", audit: REF, ...more });
}

export function targetAt({ host }: Machine, more: Partial<Target> = {}): Target {
    return { host, names: { appName: "corp", interface: "wg0" }, owner: "shop/dev/hub", relayId: "ab12", ...more };
}

/** Records of the log from the oldest, without the log's first one: action, message. */
export async function recorded(): Promise<[string, string][]> {
    return (await linesRecorded()).map(({ action, message }) => [action, message]);
}

export async function linesRecorded(): Promise<AuditLine[]> {
    const lines: AuditLine[] = [];
    for await (const line of (await AuditLog.open(REF)).entries("oldest")) lines.push(line);
    return lines.slice(1);
}

/** A resource of a relay that has nothing but a colour, which the machine's answer repeats as `nft`. */
export function lamp(step: Part, more: Partial<RelayResourceParts> = {}): RelayResourceParts {
    const colourIn = (answer: Answers): string => (answer.nft ?? "").trim();
    return {
        type: "Lamp",
        description: "A lamp.",
        schema: relaySchema({ colour: { type: "string", description: "Its colour." } }, {}),
        step,
        parse: readPlaced,
        parseOutputs: readOutputs,
        created: ({ inputs }) => [`${inputs.relay}: is lit in ${String(inputs.colour)}`],
        effects: {
            ...{ host: toldElsewhere, appName: toldElsewhere, interface: toldElsewhere },
            colour: ({ inputs, before }) =>
                before?.inputs.colour === inputs.colour ? [] : [`${inputs.relay}: turns ${String(inputs.colour)}`],
        },
        closing: () => [],
        begin: ({ inputs }) => ({
            action: "lamp_apply",
            message: "Light the lamp",
            details: { relay: inputs.relay, colour: String(inputs.colour) },
        }),
        desired: ({ inputs }) =>
            Promise.resolve({ files: { elements: `${String(inputs.colour)}\n` }, keep: { kept: 1 } }),
        outputs: ({ inputs }, answer, keep) => ({
            outputs: { colour: colourIn(answer), ...keep },
            problems: colourIn(answer) === inputs.colour ? [] : [`it is ${colourIn(answer)}`],
        }),
        previewOutputs: ({ inputs }) => ({ colour: inputs.colour }),
        outcomes: ({ inputs }, outputs) => [
            { action: "lamp_apply", message: `Lit it in ${String(outputs.colour)}`, details: { relay: inputs.relay } },
        ],
        drift: (_inputs, outputs, answer) =>
            answer.nft === undefined || colourIn(answer) === outputs.colour
                ? []
                : [{ kind: "object", name: "colour", sentence: `it is ${colourIn(answer)}` }],
        ending: ({ relay }, _outputs, answer) => [
            {
                action: "lamp_remove",
                message:
                    answer === undefined
                        ? "The lamp is out"
                        : `The lamp is out (generation ${(answer.generation ?? "").trim()})`,
                begin: "Put out the lamp",
                details: { relay },
            },
        ],
        ...more,
    };
}

/** The machine shows the colour that it was sent. */
export function shining(machine: Machine, step: Part = "grants"): Machine {
    machine.says[step] = ({ files }) => ({ nft: files.elements ?? "" });
    return machine;
}
