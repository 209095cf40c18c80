import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Of this package. The compiled file lies one folder deeper than the source. */
export function packageVersion(from: string = __dirname): string {
    try {
        const { name, version } = JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as Record<
            string,
            string
        >;
        if (name === "pulumi-qp-tunnel" && version !== undefined) return version;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    return packageVersion(dirname(from));
}
