import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

interface Package {
    name: string;
    version: string;
    engines: { node: string };
}

/** Version of this package. */
export function packageVersion(): string {
    return ownPackage().version;
}

/** The minimum version of Node: "22.13". */
export function engines(): string {
    return ownPackage().engines.node.replace(/^>=/, "");
}

/** The compiled file is one folder deeper than the source. */
function ownPackage(from: string = __dirname): Package {
    try {
        const found = JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as Partial<Package>;
        if (found.name === "pulumi-qp-tunnel" && found.version !== undefined) return found as Package;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    return ownPackage(dirname(from));
}
