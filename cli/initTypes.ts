/** What lets an engine's run transpile a TypeScript program without type-checking it, and where types are checked instead. */

import { TYPES_SCRIPT } from "../core/adoption/program.js";

/**
 * A project's tsconfig.json with `noCheck` (TypeScript 5.6; Pulumi's Node.js host then transpiles only): a type check
 * takes more than half of a preview, and `pulumi up` runs the program twice. A file that decides about it, or that has no
 * `compilerOptions`, stays as it is; so do comments.
 */
export function withoutCheck(tsconfig: string): string {
    if (/"noCheck"/.test(tsconfig)) return tsconfig;
    return tsconfig.replace(
        /("compilerOptions"\s*:\s*\{)(\s*)(\}?)/,
        (_, opening: string, space: string, closing: string) =>
            closing === "" ? `${opening}${space}"noCheck": true,${space}` : `${opening} "noCheck": true }`,
    );
}

/** A project's package.json with a script `types` that checks them; one of that name stays as it is. */
export function withTypesScript(manifest: string): string {
    const parsed = parse(manifest);
    if (parsed === undefined || parsed.scripts?.["types"] !== undefined) return manifest;
    const [, indent = "    "] = /^\{\s*\n([ \t]+)"/.exec(manifest) ?? [];
    const { scripts, ...others } = parsed;
    const end = manifest.endsWith("\n") ? "\n" : "";
    return `${JSON.stringify({ ...others, scripts: { ...scripts, types: TYPES_SCRIPT } }, undefined, indent)}${end}`;
}

interface Manifest {
    scripts?: Record<string, string>;
}

/** undefined where it is not a JSON object: npm reports that better. */
function parse(text: string): Manifest | undefined {
    try {
        const value: unknown = JSON.parse(text);
        return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
    } catch {
        return undefined;
    }
}
