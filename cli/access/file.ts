import { hasEnded } from "../../core/access/terms.js";
import { InvalidArgument } from "../../core/errors.js";
import { rightsAt } from "../../core/review/access.js";
import type { AccessRight } from "../../core/review/model.js";
import { byRelay, HOW_TO_WRITE, parsePlan, type PlannedResource } from "../../core/review/plan.js";
import { readGivenFile } from "../givenFile.js";
import { relaysOf } from "../relays.js";
import { parseExport } from "../state.js";
import type { ComparedRelay, ComparedRight } from "./diff.js";
import { rightsOfRelays } from "./rights.js";

/**
 * The access rules in a file: those of a state that was exported, or those that a preview leads to.
 *
 * @param chosen a relay; the file need not have it
 */
export function rightsInFile(path: string, chosen: string | undefined): ComparedRelay[] {
    const text = readGivenFile(path, HOW);
    const isChosen = (name: string): boolean => chosen === undefined || name === chosen;
    if (isPreview(text, path)) return planned(text, path).filter(({ relay }) => isChosen(relay));
    const resources = parseExport(text, path);
    const relays = relaysOf(resources).filter(({ name }) => isChosen(name));
    return rightsOfRelays(relays, resources, path);
}

const HOW =
    "write it with pulumi stack export --file state.json, or with pulumi preview --json --show-sames > plan.json";

/** Of what is not an export, its reader says what is wrong. */
function isPreview(text: string, path: string): boolean {
    try {
        const json: unknown = JSON.parse(text);
        return typeof json === "object" && json !== null && PARTS.some((part) => part in json);
    } catch (cause) {
        throw new InvalidArgument(path, "it is not JSON", HOW, { cause });
    }
}

/** Of what the engine writes of a preview, or of a plan. */
const PARTS = ["steps", "diagnostics", "resourcePlans"];

function planned(text: string, path: string): ComparedRelay[] {
    const { resources, messages, complete } = parsePlan(text, path);
    const failure = messages.find(({ severity }) => severity === "error");
    if (failure !== undefined)
        throw new InvalidArgument(
            path,
            `the preview failed: ${failure.text.split("\n")[0]}`,
            "fix the reported problem",
        );
    if (!complete) throw new InvalidArgument(path, "it leaves out what does not change", HOW_TO_WRITE);
    return byRelay(resources).map(([relay, own]) => ({ relay, rights: rightsAfter(relay, own, path) }));
}

function rightsAfter(relay: string, resources: readonly PlannedResource[], path: string): ComparedRight[] {
    const rights = rightsAt(resources, "after");
    if (rights !== undefined) return rights.filter((right) => !hasEnded(right, new Date())).map(asCompared);
    const problem = `what relay ${relay} allows comes from resources that the preview does not know yet`;
    throw new InvalidArgument(path, problem, "compare two exports after the update");
}

/** Which grant allows it a preview does not say. */
function asCompared({ service, ...right }: AccessRight): ComparedRight {
    return { ...right, ...(service === undefined ? {} : { by: `service ${service}` }) };
}
