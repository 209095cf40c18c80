import { parseDocument } from "yaml";
import { type z } from "zod";

import { Refused } from "../errors.js";
import type { Fault } from "../fault.js";
import type { AtLeastOne, Check, Claim, Control, Controls, Framework, Section } from "./model.js";
import { type ClaimsFile, claimsFile, type FrameworkFile, frameworkFile } from "./schema.js";

/** The order in which the pages are listed; each is controls/<id>.yaml. */
export const FRAMEWORKS = ["soc2", "iso27001", "hipaa", "cmmc", "fedramp", "pci-dss"] as const;

/**
 * Reads controls/: its claims, and the standards that refer to them.
 *
 * @param files text of each file by its name: claims.yaml, soc2.yaml, …
 * @throws Refused naming every fault at once: a claim without a check, a reference to a claim that does not exist, …
 */
export function readControls(files: Readonly<Record<string, string>>): Controls {
    const faults: Fault[] = [];
    const read = <T>(name: string, schema: z.ZodType<T>): T | undefined => parse(name, files[name], schema, faults);
    const claims = claimsOf(read("claims.yaml", claimsFile));
    faults.push(...doubles(claims.map(({ id }) => id)).map((id) => fault(`claims.yaml: ${id}`, "is defined twice")));
    const byId = new Map(claims.map((claim) => [claim.id, claim]));
    const parsed = FRAMEWORKS.map((id) => ({ id, file: read(`${id}.yaml`, frameworkFile) }));
    // References can only be judged where there are claims to refer to.
    const frameworks = parsed.flatMap(({ id, file }) =>
        file === undefined || claims.length === 0 ? [] : [frameworkOf(id, file, byId, faults)],
    );
    const unknown = Object.keys(files).filter((name) => !NAMES.has(name));
    faults.push(...unknown.map((name) => fault(name, "is not a file of a known standard", "add it to FRAMEWORKS")));
    if (faults.length === 0) faults.push(...unused(claims, frameworks));
    if (faults.length > 0) throw new Refused(faults);
    return { claims, frameworks };
}

const NAMES: ReadonlySet<string> = new Set(["claims.yaml", ...FRAMEWORKS.map((id) => `${id}.yaml`)]);

function parse<T>(name: string, text: string | undefined, schema: z.ZodType<T>, faults: Fault[]): T | undefined {
    if (text === undefined) {
        faults.push(fault(name, "is missing", `restore controls/${name}`));
        return undefined;
    }
    const document = parseDocument(text);
    const [wrong] = document.errors;
    if (wrong !== undefined) {
        faults.push(fault(name, wrong.message.split("\n")[0] ?? wrong.code));
        return undefined;
    }
    const result = schema.safeParse(document.toJS());
    if (result.success) return result.data;
    faults.push(
        ...result.error.issues.flatMap(meant).map(({ path, message }) => fault(`${name}: ${path.join(".")}`, message)),
    );
    return undefined;
}

/** Of a value with several forms, the issues of the form that it resembles most. */
function meant(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
    if (issue.code !== "invalid_union") return [issue];
    const [nearest = []] = [...issue.errors].sort((one, other) => one.length - other.length);
    return nearest.flatMap(meant).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function claimsOf(file: ClaimsFile | undefined): Claim[] {
    return (file?.topics ?? []).flatMap(({ title, claims }) =>
        claims.map(({ id, claim, checks, evidence, notCovered }) => ({
            ...{ id, topic: title, sentence: claim, evidence, notCovered },
            checks: checks.flatMap(checksOf) as AtLeastOne<Check>,
        })),
    );
}

function checksOf(check: ClaimsFile["topics"][number]["claims"][number]["checks"][number]): Check[] {
    if ("command" in check) return [{ kind: "command", ...check }];
    return check.titles.map((title) => ({ kind: "test", file: check.test, title }));
}

function frameworkOf(id: string, file: FrameworkFile, claims: Map<string, Claim>, faults: Fault[]): Framework {
    const sections = file.sections.map(({ title, controls }): Section => ({
        title,
        controls: controls.map(({ claims: ids, ...control }): Control => {
            const subject = `${id}.yaml: ${control.id ?? control.title}`;
            const missing = ids.filter((each) => !claims.has(each));
            faults.push(...missing.map((each) => fault(subject, `refers to ${each}, which is not a claim`)));
            faults.push(...doubles(ids).map((each) => fault(subject, `refers to ${each} twice`)));
            const { id: own, title: name } = control;
            const known = ids.flatMap((each) => claims.get(each) ?? []) as AtLeastOne<Claim>;
            return { ...(own === undefined ? {} : { id: own }), title: name, claims: known };
        }) as AtLeastOne<Control>,
    })) as AtLeastOne<Section>;
    const named = sections.flatMap(({ controls }) => controls.flatMap(({ id: own }) => own ?? []));
    faults.push(...doubles(named).map((each) => fault(`${id}.yaml: ${each}`, "is listed twice")));
    return { ...file, id, sections };
}

/** A claim that no standard refers to would be checked and shown nowhere. */
function unused(claims: Claim[], frameworks: Framework[]): Fault[] {
    const used = new Set(
        frameworks.flatMap(({ sections }) =>
            sections.flatMap(({ controls }) => controls.flatMap(({ claims: own }) => own.map(({ id }) => id))),
        ),
    );
    return claims
        .filter(({ id }) => !used.has(id))
        .map(({ id }) =>
            fault(`claims.yaml: ${id}`, "is a claim that no standard refers to", "refer to it, or remove it"),
        );
}

function doubles(values: string[]): string[] {
    return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

function fault(path: string, problem: string, fix = "correct it in controls/"): Fault {
    return { path, problem, fix };
}
