import { printedCommand } from "./checks.js";
import { GENERATED, HOW_TO_READ, slug, stateText, table } from "./markdown.js";
import { type Claim, type Control, controlsOf, type Framework, type Results } from "./model.js";
import { claimResult } from "./results.js";

/** Name of a standard's page. */
export function pageOf({ id }: Pick<Framework, "id">): string {
    return `${id}.md`;
}

/** What a control is called in headings and links. */
export function controlTitle({ id, title }: Control): string {
    return id === undefined ? title : `${id} ${title}`;
}

/** A link to the heading of a control, from a page beside. */
export function controlLink(framework: Framework, control: Control): string {
    return `[${control.id ?? control.title}](${pageOf(framework)}#${slug(controlTitle(control))})`;
}

/**
 * The page of one standard: each control, the claims about it, what checks them, and what is left.
 *
 * @param results adds a column; without them the page depends on controls/ alone
 */
export function frameworkPage(framework: Framework, results?: Results): string {
    const { title, edition, introduction, sections, outOfScope } = framework;
    const lines = [
        `# ${title}`,
        "",
        GENERATED,
        "",
        introduction.trim(),
        "",
        `Identifiers are those of ${edition}. ${results === undefined ? `${HOW_TO_READ} · ` : ""}[Claims](claims.md) ·`,
        "[Overview](overview.md)",
        ...(results === undefined ? [] : ["", summary(framework, results)]),
        ...sections.flatMap((section) => [
            "",
            `## ${section.title}`,
            ...section.controls.flatMap((control) => controlLines(control, results)),
        ]),
        "",
        "## Out of scope",
        "",
        ...table(["control", "why"], outOfScope.map(({ what, reason }) => [what, reason])), // prettier-ignore
        "",
    ];
    return lines.join("\n");
}

function summary(framework: Framework, results: Results): string {
    const states = controlsOf(framework).flatMap(({ claims }) =>
        claims.map((claim) => claimResult(claim, results).state),
    );
    const count = (state: string): number => states.filter((each) => each === state).length;
    return `${states.length} rows: ${count("met")} met, ${count("failing")} failing, ${count("not checked")} not checked.`;
}

function controlLines(control: Control, results?: Results): string[] {
    const columns = [
        ...(results === undefined ? [] : ["result"]),
        "what this library does",
        "checked by",
        "not covered",
    ];
    const rows = control.claims.map((claim) => [
        ...(results === undefined ? [] : [stateText(claimResult(claim, results))]),
        `${claim.sentence} ([${claim.id}](claims.md#${claim.id}))`,
        checkedBy(claim),
        claim.notCovered,
    ]);
    return ["", `### ${controlTitle(control)}`, "", ...table(columns, rows)];
}

/** Files and commands; the page of claims has each test's title. */
function checkedBy({ checks }: Claim): string {
    const places = checks.map((check) => (check.kind === "test" ? check.file : printedCommand(check)));
    const counted = [...new Set(places)].map((place) => {
        const count = places.filter((each) => each === place).length;
        return `\`${place}\`${count > 1 ? ` (${count} tests)` : ""}`;
    });
    return counted.join(", ");
}
