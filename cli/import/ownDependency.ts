import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";

const NAME = "pulumi-qp-tunnel";

/**
 * The dependency on this package in a new project, so that it is installed from the same source: the entry of the
 * installing project, else the source that npm recorded, else the folder itself. A version alone is written only if it came from
 * a registry, because another registry may have a different package of that name.
 *
 * @param root folder of this package
 * @param project folder in which the command runs
 */
export function ownDependency(root: string, version: string, project = process.cwd()): string {
    const modules = dirname(root);
    // A clone.
    if (basename(modules) !== "node_modules") return `file:${root}`;
    // pnpm and Yarn may keep packages in a folder above the project, or somewhere else.
    const written = specIn(modules) ?? specIn(join(project, "node_modules"));
    const noted = resolvedIn(join(modules, ".package-lock.json"));
    return (
        (written === undefined ? undefined : fromSpec(written, version, noted)) ??
        fromResolved(noted, modules, version) ??
        `file:${root}`
    );
}

/** The entry in the nearest parent project, and its path. */
function specIn(folder: string): { spec: string; at: string } | undefined {
    const above = dirname(folder);
    if (above === folder) return undefined;
    const spec = dependenciesIn(join(above, "package.json"))[NAME];
    return spec === undefined ? specIn(above) : { spec, at: above };
}

function fromSpec(
    { spec, at }: { spec: string; at: string },
    version: string,
    noted: string | undefined,
): string | undefined {
    const path =
        /^(?:file|link|portal):(.*)$/.exec(spec)?.[1] ??
        (/^(?:[./~]|.*\.t(?:ar\.)?gz$)/.test(spec) && !spec.includes(":") ? spec : undefined);
    if (path !== undefined) return existing(isAbsolute(path) ? path : resolve(at, path));
    // A workspace or catalogue reference works only in that project.
    if (/^(?:workspace|catalog|patch):/.test(spec)) return undefined;
    if (/[:/]/.test(spec)) return spec;
    // A range or tag of a registry, unless npm recorded another source.
    return noted === undefined || isOfRegistry(noted) ? `^${version}` : undefined;
}

function fromResolved(resolved: string | undefined, modules: string, version: string): string | undefined {
    if (resolved === undefined) return undefined;
    if (resolved.startsWith("file:")) return existing(resolve(dirname(modules), resolved.slice("file:".length)));
    return isOfRegistry(resolved) ? `^${version}` : resolved;
}

/** Registries serve NAME/-/NAME-VERSION.tgz. */
function isOfRegistry(url: string): boolean {
    return new RegExp(`^https?://.*/${NAME}/-/${NAME}-[^/]+\\.tgz`).test(url);
}

function existing(path: string): string | undefined {
    return existsSync(path) ? `file:${path}` : undefined;
}

function resolvedIn(lock: string): string | undefined {
    const { packages } = readJson(lock) as { packages?: Record<string, { resolved?: string }> };
    return packages?.[`node_modules/${NAME}`]?.resolved;
}

function dependenciesIn(file: string): Record<string, string> {
    const { dependencies, devDependencies, optionalDependencies } = readJson(file) as Record<
        string,
        Record<string, string> | undefined
    >;
    return { ...optionalDependencies, ...devDependencies, ...dependencies };
}

/** A file of another program: a missing or unreadable one is ignored. */
function readJson(file: string): object {
    try {
        const value: unknown = JSON.parse(readFileSync(file, "utf8"));
        return typeof value === "object" && value !== null ? value : {};
    } catch {
        return {};
    }
}
