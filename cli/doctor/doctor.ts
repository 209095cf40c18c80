import { InvalidArgument } from "../../core/errors.js";
import { Exit, printJson, type Output } from "../output.js";
import { readStack, type StackResource, type StateOptions } from "../state.js";
import { problem, type Finding } from "./finding.js";
import { examineMachine, examineTools } from "./machine.js";
import { examineLogs, examineRelays, relaysIn, problemAndFix } from "./stack.js";

export interface DoctorOptions extends StateOptions {
    json?: boolean;
    timeout: string;
}

/** `qp-tunnel doctor`: reports what is present, what is missing, and the fix. It changes nothing. */
export async function doctor(options: DoctorOptions, output: Output): Promise<number> {
    const timeout = Number(options.timeout);
    if (!/^[1-9][0-9]{0,4}$/.test(options.timeout))
        throw new InvalidArgument("--timeout", `${options.timeout} is not a number of seconds`, "give an integer ≥ 1");
    const findings = await examineMachine(process.cwd());
    // Without the engine only a file can be read.
    const hasState =
        options.state !== undefined || findings.every(({ name, state }) => name !== "pulumi" || state === "ok");
    if (hasState) findings.push(...(await examineStack(options, timeout)));
    const isWell = findings.every(({ state }) => state !== "problem");
    if (options.json === true) printJson(output, { valid: isWell, findings });
    else output.stdout.write(findings.map(findingText).join(""));
    return isWell ? Exit.fine : Exit.problem;
}

async function examineStack(options: DoctorOptions, timeout: number): Promise<Finding[]> {
    const read = async (secrets: boolean): Promise<StackResource[]> => readStack(options, { secrets });
    try {
        let resources = await read(false);
        let relays = relaysIn(resources);
        // Only a relay whose private SSH key is in the state needs the state's secrets.
        if (options.state === undefined && relays.some(({ sealedKey }) => sealedKey)) {
            resources = await read(true);
            relays = relaysIn(resources);
        }
        const kinds = new Set(relays.map(({ target }) => target.host.kind));
        const serving = relays.some(({ known }) => Object.keys(known.services).length > 0);
        return [
            { name: "state", state: "ok", found: `${resources.length} resources of this library` },
            ...examineTools(kinds, serving),
            ...(await examineLogs(resources)),
            ...(await examineRelays(relays, timeout)),
        ];
    } catch (error) {
        return [problem("state", ...problemAndFix(error))];
    }
}

const MARKS: Record<Finding["state"], string> = { ok: "ok     ", warn: "warn   ", problem: "PROBLEM" };

function findingText({ name, state, found, fix }: Finding): string {
    const next = fix === undefined ? "" : `${" ".repeat(9)}fix: ${fix}\n`;
    return `${MARKS[state]}  ${name}: ${found}\n${next}`;
}
