import { checksIn } from "./checks.js";
import { controlLink, pageOf } from "./frameworkPage.js";
import { GENERATED, HOW_TO_READ, stateText, table } from "./markdown.js";
import { type Controls, controlsOf, type Framework, type Results, type State } from "./model.js";
import { claimResult } from "./results.js";

/** The standards with what is claimed about each, and each claim with the controls that it supports. */
export function overviewPage(controls: Controls, results?: Results): string {
    const checks = checksIn(controls);
    const tests = checks.filter(({ kind }) => kind === "test").length;
    const lines = [
        "# Overview",
        "",
        GENERATED,
        "",
        `${controls.claims.length} claims, checked by ${tests} tests and ${checks.length - tests} commands.`,
        `${results === undefined ? `${HOW_TO_READ} · ` : ""}[OSCAL component definition](component-definition.json)`,
        "",
        "## Standards",
        "",
        ...standards(controls, results),
        "",
        "## Claims",
        "",
        ...claims(controls, results),
        "",
    ];
    return lines.join("\n");
}

const STATES: State[] = ["met", "failing", "not checked"];

function standards({ frameworks }: Controls, results?: Results): string[] {
    const columns = ["standard", "edition", "controls", "rows", ...(results === undefined ? [] : STATES)];
    const rows = frameworks.map((framework) => {
        const claimed = controlsOf(framework).flatMap((control) => control.claims);
        const states = results === undefined ? [] : claimed.map((claim) => claimResult(claim, results).state);
        const counts =
            results === undefined ? [] : STATES.map((state) => `${states.filter((each) => each === state).length}`);
        const own = controlsOf(framework).filter(({ id }) => id !== undefined);
        return [
            `[${framework.title}](${pageOf(framework)})`,
            framework.edition,
            `${own.length}`,
            `${claimed.length}`,
            ...counts,
        ];
    });
    return table(columns, rows);
}

function claims({ claims: all, frameworks }: Controls, results?: Results): string[] {
    const columns = [...(results === undefined ? [] : ["result"]), "claim", ...frameworks.map(({ title }) => title)];
    const rows = all.map((claim) => [
        ...(results === undefined ? [] : [stateText(claimResult(claim, results))]),
        `[${claim.id}](claims.md#${claim.id})`,
        ...frameworks.map((framework) => supportedBy(framework, claim.id)),
    ]);
    return table(columns, rows);
}

function supportedBy(framework: Framework, claim: string): string {
    const own = controlsOf(framework).filter(({ claims: ids }) => ids.some(({ id }) => id === claim));
    return own.map((control) => controlLink(framework, control)).join(", ");
}
