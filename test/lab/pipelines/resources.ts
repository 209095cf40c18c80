import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse, parseAllDocuments } from "yaml";

// Checks resources of Kubernetes against operator.schema.yaml, which says how it is written.

export interface Resource {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string };
    [member: string]: unknown;
}

type Schema = string | [Schema] | { [name: string]: Schema };

const SCHEMAS = parse(readFileSync(join(__dirname, "operator.schema.yaml"), "utf8")) as Record<string, Schema>;

const VERSIONS: Record<string, string> = {
    Stack: "pulumi.com/v1",
    Program: "pulumi.com/v1",
    ServiceAccount: "v1",
    PersistentVolumeClaim: "v1",
    ClusterRoleBinding: "rbac.authorization.k8s.io/v1",
    CronJob: "batch/v1",
};

/** Reads a file of resources, one a document. @throws Error naming each member that its kind does not have */
export function readResources(file: string): Resource[] {
    const resources = [parseAllDocuments(readFileSync(file, "utf8"))].flat().map((each) => each.toJS() as Resource);
    const problems = resources.flatMap(problemsOf);
    if (problems.length > 0) throw new Error(`${file}:\n${problems.join("\n")}`);
    return resources;
}

/** Each member that is missing, unknown or of another type. */
export function problemsOf(resource: Resource): string[] {
    const { apiVersion, kind, metadata, ...rest } = resource;
    const schema = SCHEMAS[kind];
    if (schema === undefined || VERSIONS[kind] !== apiVersion) return [`${apiVersion} ${kind} is not known`];
    const named = typeof metadata?.name === "string" ? [] : [`${kind}: metadata.name is missing`];
    return [...named, ...check(`${kind} ${metadata?.name}`, rest, schema)];
}

function check(place: string, value: unknown, schema: Schema): string[] {
    if (Array.isArray(schema)) {
        if (!Array.isArray(value)) return [`${place}: it is not a list`];
        return value.flatMap((each, index) => check(`${place}[${index}]`, each, schema[0]));
    }
    if (typeof schema === "object") return checkMembers(place, value, schema);
    if (/^[A-Z]/.test(schema)) return check(place, value, SCHEMAS[schema]!);
    const fits = schema.split("|").some((type) => (type.startsWith("=") ? value === type.slice(1) : isA(type, value)));
    return fits ? [] : [`${place}: ${JSON.stringify(value)} is not ${schema}`];
}

function checkMembers(place: string, value: unknown, schema: { [name: string]: Schema }): string[] {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${place}: it is not an object`];
    const members = Object.entries(schema).map(([name, of]) => ({ name: name.replace(/!$/, ""), of, needed: name.endsWith("!") })); // prettier-ignore
    const missing = members.filter(({ name, needed }) => needed && !(name in value));
    return [
        ...missing.map(({ name }) => `${place}.${name} is missing`),
        ...Object.entries(value).flatMap(([name, inner]) => {
            const of = members.find((member) => member.name === name || member.name === "*")?.of;
            return of === undefined ? [`${place}.${name} is not known`] : check(`${place}.${name}`, inner, of);
        }),
    ];
}

function isA(type: string, value: unknown): boolean {
    if (type === "any") return value !== undefined;
    if (type === "integer") return Number.isInteger(value);
    return typeof value === type;
}
