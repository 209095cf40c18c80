/**
 * The claims as an OSCAL component definition (NIST, version 1.1): the library is a component, each standard a control implementation,
 * each control an implemented requirement, each check a resource in the back matter.
 */
import { checkId, checksIn, printedCommand } from "./checks.js";
import {
    type Check,
    type Claim,
    type Control,
    type Controls,
    controlsOf,
    type Framework,
    type Results,
} from "./model.js";
import { type ComponentDefinition, componentDefinition } from "./oscalSchema.js";
import { claimResult } from "./results.js";
import { URL_NAMESPACE, uuidOf } from "./uuid.js";

/** What the document says about the package. */
export interface Package {
    name: string;
    version: string;
    description: string;
    /** Also the namespace of our properties and identifiers. */
    homepage: string;
}

/** @param modified RFC 3339; what the document's last change of content was, see `lastModified` */
export function oscalDefinition(controls: Controls, about: Package, modified: string, results?: Results): string {
    const id = (name: string): string => uuidOf(uuidOf(URL_NAMESPACE, about.homepage), name);
    const { name, version, description, homepage } = about;
    const content = {
        components: [componentOf(controls, about, id, results)],
        "back-matter": { resources: checksIn(controls).map((check) => resourceOf(check, about, id)) },
    };
    const document: ComponentDefinition = {
        "component-definition": {
            // Another content is another document, OSCAL says.
            uuid: id(JSON.stringify([name, version, description, homepage, content])),
            metadata: {
                title: `${name}: controls that it supports`,
                "last-modified": modified,
                version,
                "oscal-version": "1.1.3",
            },
            ...content,
        } as ComponentDefinition["component-definition"],
    };
    return `${JSON.stringify(componentDefinition.parse(document), null, 2)}\n`;
}

/**
 * When the content of a document changed last: the time of the one that is there, as long as only the time would differ.
 *
 * @param there the document that is replaced, if there is one
 * @param render gives the document for a time
 */
export function lastModified(there: string | undefined, render: (modified: string) => string, now: string): string {
    const modified = /"last-modified": "([^"]+)"/.exec(there ?? "")?.[1];
    return modified !== undefined && render(modified) === there ? modified : now;
}

/** AC-17(2) is ac-17.2 in NIST's catalog; identifiers that begin with a digit are no OSCAL token without a prefix. */
export function oscalId(framework: string, id: string): string {
    const dotted = id.replace(/\(([^)]*)\)/g, ".$1").toLowerCase();
    return /^\d/.test(dotted) ? `${framework}-${dotted}` : dotted;
}

type Identify = (name: string) => string;

function componentOf({ frameworks }: Controls, about: Package, id: Identify, results?: Results): unknown {
    return {
        uuid: id("component"),
        type: "software",
        title: about.name,
        description: about.description,
        purpose: "Remote access over WireGuard relays whose configuration is a reviewed program.",
        props: [{ name: "version", value: about.version }],
        links: [{ href: about.homepage, rel: "homepage" }],
        "control-implementations": frameworks.map((framework) => implementationOf(framework, about, id, results)),
    };
}

function implementationOf(framework: Framework, about: Package, id: Identify, results?: Results): unknown {
    const own = controlsOf(framework).filter((control) => control.id !== undefined);
    return {
        uuid: id(framework.id),
        source: framework.source,
        description: `${framework.title}, ${framework.edition}. ${framework.introduction.trim().replace(/\s+/g, " ")}`,
        "implemented-requirements": own.map((control) => requirementOf(framework, control, about, id, results)),
    };
}

function requirementOf(
    framework: Framework,
    control: Control,
    about: Package,
    id: Identify,
    results?: Results,
): unknown {
    const { claims } = control;
    const label = control.id ?? control.title;
    const property = (name: string, value: string): object => ({ name, ns: about.homepage, value });
    const judged = (claim: Claim): object[] =>
        results === undefined ? [] : [property("result", `${claim.id}: ${claimResult(claim, results).state}`)];
    const checks = [...new Set(claims.flatMap((claim) => claim.checks.map(checkId)))];
    return {
        uuid: id(`${framework.id}/${label}`),
        "control-id": oscalId(framework.id, label),
        description: claims.map(({ sentence }) => sentence).join("\n\n"),
        props: [
            property("label", label),
            ...claims.flatMap((claim) => [property("claim", claim.id), ...judged(claim)]),
        ],
        links: checks.map((check) => ({ href: `#${id(`check/${check}`)}`, rel: "check" })),
        remarks: `Not covered:\n\n${claims.map(({ id: own, notCovered }) => `- ${own}: ${notCovered}`).join("\n")}`,
    };
}

function resourceOf(check: Check, about: Package, id: Identify): unknown {
    const uuid = id(`check/${checkId(check)}`);
    if (check.kind === "test") {
        return {
            uuid,
            title: check.title,
            description: `The test ${check.file} > ${check.title}.`,
            rlinks: [{ href: `../../${check.file}` }],
        };
    }
    return {
        uuid,
        title: check.command,
        description: `${printedCommand(check)}: ${check.shows}`,
        rlinks: [{ href: about.homepage }],
    };
}
