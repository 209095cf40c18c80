import { checkId, printedCommand } from "./checks.js";
import { controlLink } from "./frameworkPage.js";
import { code, GENERATED, HOW_TO_READ, quoted, stateText } from "./markdown.js";
import { type Check, type Claim, type Controls, controlsOf, type Results } from "./model.js";
import { claimResult } from "./results.js";

/** Every claim once: its sentence, each check, what else shows it, what it leaves open, and the controls that refer to it. */
export function claimsPage(controls: Controls, results?: Results): string {
    const topics = [...new Set(controls.claims.map(({ topic }) => topic))];
    const lines = [
        "# Claims and their checks",
        "",
        GENERATED,
        "",
        "A claim holds when each of its checks does. A test is named by its file and its title. A command is run on a stack: here",
        "`prod`, whose log is audit/prod.jsonl and whose state was exported to state.json.",
        ...(results === undefined ? ["", HOW_TO_READ] : []),
        ...topics.flatMap((topic) => [
            "",
            `## ${topic}`,
            ...controls.claims
                .filter((claim) => claim.topic === topic)
                .flatMap((claim) => claimLines(claim, controls, results)),
        ]),
        "",
    ];
    return lines.join("\n");
}

function claimLines(claim: Claim, controls: Controls, results?: Results): string[] {
    const { id, sentence, checks, evidence, notCovered } = claim;
    return [
        "",
        `### ${id}`,
        "",
        sentence,
        "",
        ...(results === undefined ? [] : [`- result: ${stateText(claimResult(claim, results))}`]),
        ...checks.map((check) => `- checked by ${checkText(check)}${outcome(check, results)}`),
        ...(evidence.length === 0 ? [] : [`- to look at: ${evidence.join(", ")}`]),
        `- not covered: ${notCovered}`,
        `- supports ${supported(id, controls)}`,
    ];
}

function checkText(check: Check): string {
    if (check.kind === "command") return `${code(printedCommand(check))}: ${check.shows}`;
    return `${code(check.file)}: ${quoted(check.title)}`;
}

function outcome(check: Check, results?: Results): string {
    if (results === undefined) return "";
    const result = results.get(checkId(check)) ?? { state: "not checked" };
    const detail = result.detail === undefined ? "" : `: ${code(result.detail)}`;
    return ` – ${stateText(result)}${detail}`;
}

function supported(id: string, { frameworks }: Controls): string {
    const places = frameworks.flatMap((framework) => {
        const own = controlsOf(framework).filter(({ claims }) => claims.some((claim) => claim.id === id));
        return own.length === 0
            ? []
            : [`${framework.title} ${own.map((control) => controlLink(framework, control)).join(", ")}`];
    });
    return places.join("; ");
}
