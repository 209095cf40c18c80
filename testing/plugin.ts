import * as pulumi from "@pulumi/pulumi";

import { completed, isMock, MOCK_ADDRESS, MOCK_CLIENT } from "../core/mocks/index.js";
import { unpacked } from "../core/packed/index.js";
import { knownRelay, unreachableStatus } from "../core/status/index.js";
import { resources } from "../providers/plugin/registry.js";
import { hasUnknown } from "../providers/resources/changes.js";
import { type Context, type Properties, type ResourceSchema, UNKNOWN } from "../providers/resources/resource.js";
import { plainInputs } from "./plain.js";
import { PREVIEWS } from "./resources.js";

export const PREFIX = "qptunnel:index:";

/** One resource of the plugin, in a unit test. */
export interface Answered {
    state: object;
    /** What the preview of a first deployment says of it. */
    sentences: string[];
}

/**
 * Answers for one resource as the plugin does in the preview of a first deployment; what is known only after an apply is made up.
 *
 * @throws Refused as the plugin refuses the inputs
 */
export async function answerFor(args: pulumi.runtime.MockResourceArgs): Promise<Answered> {
    const sentences: string[] = [];
    const preview = PREVIEWS[args.type.slice(PREFIX.length)];
    const context = contextOf(args, (_severity, message) => void sentences.push(message));
    const known = await preview?.(asInPreview(inputsOf(args)), context);
    return { state: stateOf(args, known ?? {}), sentences };
}

/** For a resource that the plugin refuses: something, so that the program runs to its end. */
export function inPlaceOf(args: pulumi.runtime.MockResourceArgs): object {
    const { peers = {}, services = {} } = inputsOf(args) as Record<string, Record<string, object>>;
    const each = (entries: Record<string, object>, given: object): object =>
        Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, { ...given, ...entry }]));
    const isRegistry = args.type === `${PREFIX}Registry`;
    const known = { peers: each(peers, { address: MOCK_ADDRESS }), services: each(services, { port: 0 }) };
    return stateOf(args, isRegistry ? known : {});
}

/** The inputs and every output: what is known, or else what is made up. */
function stateOf(args: pulumi.runtime.MockResourceArgs, known: Properties): object {
    const { type, name } = args;
    const short = type.slice(PREFIX.length);
    const asked = { type: short, name, inputs: inputsOf(args) };
    const outputs = Object.entries(schemaOf(short).outputs).flatMap(([output, { secret }]): [string, unknown][] => {
        const told = known[output];
        const isOpen = told === undefined || told === "" || hasUnknown(told);
        const value = isOpen ? completed(undefined, { ...asked, output }, new Date()) : told;
        return value === undefined ? [] : [[output, secret === true ? pulumi.secret(value) : value]];
    });
    return { ...(args.inputs as object), ...Object.fromEntries(outputs) };
}

/** What `getStatus` tells of a relay that cannot be asked: all that the program knows of it. */
export function mockedStatus(inputs: object): { status: string } {
    const question = unpacked("getStatus", plainInputs(inputs)) as unknown as Parameters<typeof knownRelay>[0];
    const known = knownRelay({ ...question, host: "mock", epochs: {} });
    return { status: JSON.stringify(unreachableStatus(known, "it is a mock, which cannot be asked")) };
}

/** The inputs of a resource, in the form in which the plugin's resources have them. */
function inputsOf({ type, inputs }: pulumi.runtime.MockResourceArgs): Properties {
    return unpacked(type.slice(PREFIX.length), plainInputs(inputs as object));
}

function schemaOf(type: string): ResourceSchema {
    const schema = SCHEMAS.get(type);
    if (schema === undefined) throw new pulumi.RunError(`${PREFIX}${type}: the plugin has no such resource`);
    return schema;
}

/** Loaded at once: when a test has ended, Jest loads nothing any more. */
const SCHEMAS = new Map(Object.entries(resources).map(([type, load]) => [type, load().schema]));

/** Inputs that other resources made up are not known in a preview. */
const MADE_UP = [
    "machine",
    "hostKey",
    "seed",
    "publicKeys",
    "privateKeys",
    "authorities",
    "authorityKeys",
    "reached",
    "leaf",
];

function asInPreview(inputs: Properties): Properties {
    return Object.fromEntries(
        Object.entries(inputs).map(([key, value]) => {
            if (key === "host") return [key, isCloudMachine(value) ? { ...value, ...NOT_MADE_YET } : value];
            return [key, MADE_UP.includes(key) ? withoutMocks(value) : value];
        }),
    );
}

/** Another provider makes it, in the update. */
function isCloudMachine(host: unknown): host is object {
    return typeof host === "object" && host !== null && "instance" in host;
}

const NOT_MADE_YET = { address: UNKNOWN, hostKey: UNKNOWN, instance: { id: UNKNOWN, address: UNKNOWN } };

function withoutMocks(value: unknown): unknown {
    if (isMock(value) || isMockAddress(value)) return UNKNOWN;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutMocks(each)]));
}

function isMockAddress(value: unknown): boolean {
    return typeof value === "string" && [MOCK_ADDRESS, MOCK_CLIENT].includes(value.replace(/:\d+$/, ""));
}

function contextOf({ type, name }: pulumi.runtime.MockResourceArgs, log: Context["log"]): Context {
    const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
    return {
        urn: `urn:pulumi:${stack}::${project}::${type}::${name}`,
        name,
        project,
        stack,
        preview: true,
        refreshing: false,
        signal: new AbortController().signal,
        log,
    };
}
