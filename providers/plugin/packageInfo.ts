import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of our package.json: two levels up in the sources, three in the build. */
export function packageRoot(): string {
    let folder = __dirname;
    while (!existsSync(join(folder, "package.json"))) {
        folder = dirname(folder);
    }
    return folder;
}

let read: string | undefined;

export function packageVersion(): string {
    if (read === undefined) {
        const text = readFileSync(join(packageRoot(), "package.json"), "utf8");
        read = (JSON.parse(text) as { version: string }).version;
    }
    return read;
}
