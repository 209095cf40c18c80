import { z } from "zod";

import { InvalidArgument } from "../core/errors.js";
import { unpacked } from "../core/packed/index.js";
import { run } from "../providers/hosts/run.js";
import { SECRET, SIGNATURE } from "../providers/plugin/marks.js";
import { readGivenFile } from "./givenFile.js";

/** The source of the stack's state. */
export interface StateOptions {
    /** A file from `pulumi stack export --file`. Default: the engine exports the state. */
    state?: string;
    /** The stack. Default: the one that is selected in this folder. */
    stack?: string;
}

/** One of our resources in the state. */
export interface StackResource {
    urn: string;
    /** "WireGuard" of qptunnel:index:WireGuard. */
    kind: string;
    /** "Relay" or "Peer": the type of its parent; empty without one. */
    parent: string;
    name: string;
    project: string;
    stack: string;
    /** Secrets in here are {@link SEALED}, unless decrypted ones were requested. */
    inputs: Record<string, unknown>;
    outputs: Record<string, unknown>;
}

/** The resource of one machine's tunnel. */
export function isTunnel({ kind }: StackResource): boolean {
    return kind === "WireGuard" || kind === "Script";
}

/** The resource of a relay's tunnel, as opposed to that of a managed peer's machine. */
export function isRelay(resource: StackResource): boolean {
    return isTunnel(resource) && resource.parent !== "ManagedPeer";
}

/** Placeholder for a secret that is encrypted in the state. */
export const SEALED = Symbol("sealed");

/**
 * Our resources in the state of a stack: from the given file, else as the engine exports it.
 *
 * @param options.secrets decrypted, for which the engine needs the stack's passphrase or key. They come over a pipe.
 * @throws InvalidArgument when there is no such file or stack, or with the engine's own message
 */
export async function readStack(
    options: StateOptions,
    { secrets = false }: { secrets?: boolean } = {},
): Promise<StackResource[]> {
    const { text, subject } = await exportedStack(options, secrets);
    return parseExport(text, subject);
}

/**
 * An output of the stack's program. It must not be a secret.
 *
 * @throws InvalidArgument when there is none of that name, and as {@link readStack}
 */
export async function readOutput(options: StateOptions, name: string): Promise<unknown> {
    const { text, subject } = await exportedStack(options, false);
    const root = resourcesIn(text, subject).find(({ type }) => type === "pulumi:pulumi:Stack");
    const value = root !== undefined && Object.hasOwn(root.outputs, name) ? root.outputs[name] : undefined;
    if (value === undefined) {
        const fix = `export it in the program as \`${name}\`, and run pulumi up`;
        throw new InvalidArgument(subject, `the stack has no output ${name}`, fix);
    }
    if (value !== SEALED) return value;
    throw new InvalidArgument(
        subject,
        `the output ${name} is a secret`,
        "export what makes it up without pulumi.secret",
    );
}

async function exportedStack(
    { state, stack }: StateOptions,
    secrets: boolean,
): Promise<{ text: string; subject: string }> {
    if (state !== undefined) {
        const subject = `--state ${state}`;
        return { text: readGivenFile(state, HOW_TO_EXPORT, subject), subject };
    }
    const options = [...(stack === undefined ? [] : ["--stack", stack]), ...(secrets ? ["--show-secrets"] : [])];
    const command = ["pulumi", "stack", "export", "--non-interactive", "--color", "never", ...options];
    const { code, stdout, stderr } = await run(command, "", 120);
    if (code === 0) return { text: stdout, subject: "pulumi stack export" };
    throw new InvalidArgument(
        "pulumi stack export",
        stderr.replace(/^error: /, "").trim() || `it exited with status ${code}`,
        "run this in the project's folder with a stack selected, or add --stack or --state FILE",
    );
}

/** @param subject name of the text in an error */
export function parseExport(text: string, subject: string): StackResource[] {
    return resourcesIn(text, subject)
        .filter(({ type, delete: replaced }) => type.startsWith(PREFIX) && !replaced)
        .map(({ urn, type, inputs, outputs }) => {
            const [, stack = "", project = "", types = "", name = ""] = URN.exec(urn) ?? [];
            const parent = types.split("$").at(-2) ?? "";
            const kind = type.slice(PREFIX.length);
            return {
                ...{ urn, kind, parent: parent.replace(/^.*:/, ""), name, project, stack },
                ...{ inputs: unpacked(kind, inputs), outputs: unpacked(kind, outputs) },
            };
        });
}

function resourcesIn(text: string, subject: string): z.output<typeof EXPORT>["deployment"]["resources"] {
    let json: unknown;
    try {
        json = JSON.parse(text, opened);
    } catch (cause) {
        throw new InvalidArgument(subject, "it is not JSON", HOW_TO_EXPORT, { cause });
    }
    const parsed = EXPORT.safeParse(json);
    if (!parsed.success) throw new InvalidArgument(subject, "it is not an exported stack", HOW_TO_EXPORT);
    return parsed.data.deployment.resources;
}

/**
 * A stored value of a resource, checked against its schema.
 *
 * @param from name of the state in an error
 */
export function stored<T>(schema: z.ZodType<T>, value: unknown, what: string, urn: string, from: string): T {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw new InvalidArgument(from, `${what} of ${urn} is damaged`, "export the stack again");
}

const PREFIX = "qptunnel:index:";
const URN = /^urn:pulumi:(.+?)::(.+?)::(.+?)::(.+)$/s;
const HOW_TO_EXPORT = "write it with pulumi stack export --file state.json";
const OBJECT = z.record(z.string(), z.unknown());
const EXPORT = z.object({
    deployment: z.object({
        resources: z
            .array(
                z.object({
                    urn: z.string(),
                    type: z.string(),
                    delete: z.boolean().default(false),
                    inputs: OBJECT.default({}),
                    outputs: OBJECT.default({}),
                }),
            )
            .default([]),
    }),
});

/** For JSON.parse: a secret that was exported in clear becomes its value, any other becomes {@link SEALED}. */
function opened(_key: string, value: unknown): unknown {
    if (typeof value !== "object" || value === null || (value as Record<string, unknown>)[SIGNATURE] !== SECRET)
        return value;
    const { plaintext } = value as { plaintext?: unknown };
    return typeof plaintext === "string" ? (JSON.parse(plaintext, opened) as unknown) : SEALED;
}
