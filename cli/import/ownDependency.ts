import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";

const NAME = "pulumi-qp-tunnel";

/**
 * What a new project writes as its dependency on this package, so that it is installed from where this one came: what the
 * project says that installed it, else what npm noted, else the folder itself. A version alone is written only for what came from
 * a registry: another registry may have somebody else's package of that name.
 *
 * @param root folder of this package
 */
export function ownDependency(root: string, version: string): string {
    const modules = dirname(root);
    // A clone.
    if (basename(modules) !== "node_modules") return `file:${root}`;
    const written = specIn(modules);
    const noted = resolvedIn(join(modules, ".package-lock.json"));
    return (
        (written === undefined ? undefined : fromSpec(written, version, noted)) ??
        fromResolved(noted, modules, version) ??
        `file:${root}`
    );
}

/** What the nearest project above says, and where it is. */
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
    // A workspace or a catalogue is known to that project alone.
    if (/^(?:workspace|catalog|patch):/.test(spec)) return undefined;
    if (/[:/]/.test(spec)) return spec;
    // A range or a tag of a registry, unless npm noted something else.
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

/** Somebody else's file: one that is not there or cannot be read says nothing. */
function readJson(file: string): object {
    try {
        const value: unknown = JSON.parse(readFileSync(file, "utf8"));
        return typeof value === "object" && value !== null ? value : {};
    } catch {
        return {};
    }
}
