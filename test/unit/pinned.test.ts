/** What is installed and built is pinned by hash. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../..");

interface Locked {
    version?: string;
    integrity?: string;
    link?: boolean;
    inBundle?: boolean;
}

test("every npm package of the lock file has a hash", () => {
    const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, Locked> }; // prettier-ignore
    const installed = Object.entries(packages).filter(([path]) => path !== "");
    expect(installed.length).toBeGreaterThan(100);
    const unpinned = installed.filter(
        ([, { integrity, link, inBundle }]) =>
            link !== true && inBundle !== true && !/^sha512-\S+$/.test(integrity ?? ""),
    );
    expect(unpinned.map(([path]) => path)).toEqual([]);
});

test("every Go module that is built has its sums", () => {
    const modules = readdirSync(join(root, "tools")).filter((name) => existsSync(join(root, "tools", name, "go.mod")));
    expect(modules).toEqual(expect.arrayContaining(["caddy", "engine", "language-host"]));
    const loose = modules.filter((name) => {
        const required = readFileSync(join(root, "tools", name, "go.mod"), "utf8").matchAll(
            /^(?:require |\t)(\S+\.\S+\/\S+) (v\S+)/gm,
        );
        const sums = existsSync(join(root, "tools", name, "go.sum"))
            ? readFileSync(join(root, "tools", name, "go.sum"), "utf8")
            : "";
        return [...required].some(([, path, version]) => !sums.includes(`${path} ${version}`));
    });
    expect(loose).toEqual([]);
});
