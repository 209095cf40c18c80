import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(__dirname, "../..");

/** Every page that is written for users or contributors. */
export const pages = [
    ...["README.md", "CONTRIBUTING.md"],
    ...["docs", "examples"].flatMap((folder) =>
        (readdirSync(join(root, folder), { recursive: true }) as string[])
            .filter((name) => name.endsWith(".md") && !name.includes("node_modules"))
            .map((name) => join(folder, name)),
    ),
];

/** Every line of a page's shell blocks without its comment; of a console only what is typed. */
export function commandsIn(page: string): string[] {
    const blocks = [...readFileSync(join(root, page), "utf8").matchAll(/^```(sh|console)\n(.*?)^```$/gms)];
    return blocks.flatMap(([, kind, text]) =>
        text!
            .replaceAll(/\\\n\s*/g, "")
            .split("\n")
            .filter((line) => (kind === "sh" ? line.trim() !== "" : line.startsWith("$ ")))
            .map((line) => line.replace(/^\$ /, "").replace(/\s+#\s.*$/, "").trim()),
    ); // prettier-ignore
}
