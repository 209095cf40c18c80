import { existsSync } from "node:fs";

import type * as command from "@pulumi/command";
import type * as digitalocean from "@pulumi/digitalocean";

import { InvalidArgument } from "../core/errors.js";
import { packageManagerOf } from "../core/packageManager.js";

/** Packages that only some hosts need. They are optional peer dependencies, so other programs do not install them. */
interface OptionalPackages {
    "@pulumi/command": typeof command;
    "@pulumi/digitalocean": typeof digitalocean;
}

/** Lowest releases: of `@pulumi/command` the first that checks host keys, of the other the oldest that was tried. */
const LOWEST: Record<keyof OptionalPackages, string> = { "@pulumi/command": "1.2", "@pulumi/digitalocean": "4.80" };

/**
 * Loads an optional package at its first use, because importing it takes longer than importing this library.
 *
 * @param subject the argument that needs it, for the error
 * @throws InvalidArgument when it is not installed, or older than this library needs
 */
export function optionalPackage<Name extends keyof OptionalPackages>(
    name: Name,
    subject: string,
    load: (id: string) => unknown = require,
): OptionalPackages[Name] {
    const lowest = LOWEST[name];
    const fix = `run \`${packageManagerOf(process.cwd(), existsSync).add} ${name}@^${lowest}\``;
    const version = installedVersion(name, load);
    if (version === undefined)
        throw new InvalidArgument(subject, `needs the package ${name}, which is not installed`, fix);
    if (isOlder(version, lowest)) {
        throw new InvalidArgument(subject, `needs ${name} ${lowest} or newer, and ${version} is installed`, fix);
    }
    return load(name) as OptionalPackages[Name];
}

function installedVersion(name: string, load: (id: string) => unknown): string | undefined {
    try {
        const { version } = load(`${name}/package.json`) as { version: string };
        return version.replace(/^v/, "");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
        throw error;
    }
}

function isOlder(version: string, lowest: string): boolean {
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const [leastMajor = 0, leastMinor = 0] = lowest.split(".").map(Number);
    return major < leastMajor || (major === leastMajor && minor < leastMinor);
}
