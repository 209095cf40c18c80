/** Claims about controls, what checks them, and the pages and the OSCAL document that show both. */
import { claimsPage } from "./claimsPage.js";
import { frameworkPage, pageOf } from "./frameworkPage.js";
import type { Controls, Results } from "./model.js";
import { oscalDefinition, type Package } from "./oscal.js";
import { overviewPage } from "./overviewPage.js";

export { commandArguments, commandChecks, testFiles } from "./checks.js";
export { lastModified } from "./oscal.js";
export { FRAMEWORKS, readControls } from "./readControls.js";
export { parseReport, resultsOf } from "./results.js";
export { hasFailing, summaryText } from "./summary.js";

/** Name of the OSCAL document beside the pages. */
export const OSCAL_FILE = "component-definition.json";

/** Every generated page by its name, and the OSCAL document for a time of its last change. */
export interface Rendered {
    pages: Record<string, string>;
    oscal: (modified: string) => string;
}

/** @param results adds them to every page; without, the same controls have the same bytes */
export function render(controls: Controls, about: Package, results?: Results): Rendered {
    const pages = {
        "overview.md": overviewPage(controls, results),
        "claims.md": claimsPage(controls, results),
        ...Object.fromEntries(
            controls.frameworks.map((framework) => [pageOf(framework), frameworkPage(framework, results)]),
        ),
    };
    return { pages, oscal: (modified) => oscalDefinition(controls, about, modified, results) };
}
