import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { ownDependency } from "../../../../cli/import/ownDependency.js";

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-own-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, value: unknown): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), JSON.stringify(value));
};
const ROOT = "project/node_modules/pulumi-qp-tunnel";
const REGISTRY = "https://registry.example.org/pulumi-qp-tunnel/-/pulumi-qp-tunnel-0.1.0.tgz";

/** What a project says that installed the package, and what npm noted of it. */
function installed(spec: string | undefined, resolved?: string): string {
    write("pack/qp.tgz", {});
    if (spec !== undefined) write("project/package.json", { dependencies: { "pulumi-qp-tunnel": spec } });
    if (resolved !== undefined)
        write("project/node_modules/.package-lock.json", {
            packages: { "node_modules/pulumi-qp-tunnel": { resolved } },
        });
    return ownDependency(join(folder, ROOT), "0.1.0").replace(folder, "");
}

it.each([
    ["a tarball", "file:../pack/qp.tgz", "file:../pack/qp.tgz", "file:/pack/qp.tgz"],
    ["a tarball that only npm noted", undefined, "file:../pack/qp.tgz", "file:/pack/qp.tgz"],
    ["a tarball, with pnpm", "../pack/qp.tgz", undefined, "file:/pack/qp.tgz"],
    ["a tarball that is gone", "file:../gone.tgz", "file:../gone.tgz", `file:/${ROOT}`],
    [
        "git",
        "git+ssh://git@git.example.org/qp.git#v1",
        "git+ssh://git@git.example.org/qp.git#0a1b",
        "git+ssh://git@git.example.org/qp.git#v1",
    ],
    [
        "git that only npm noted",
        undefined,
        "git+https://git.example.org/qp.git#0a1b",
        "git+https://git.example.org/qp.git#0a1b",
    ],
    ["a repository of GitHub", "github:example/qp#v1", undefined, "github:example/qp#v1"],
    ["a web server", "https://example.org/qp.tgz", "https://example.org/qp.tgz", "https://example.org/qp.tgz"],
    ["a registry", "^0.1.0", REGISTRY, "^0.1.0"],
    ["a registry by a tag", "latest", REGISTRY, "^0.1.0"],
    ["a registry, for another package", undefined, REGISTRY, "^0.1.0"],
    ["a workspace", "workspace:*", undefined, `file:/${ROOT}`],
    ["nobody knows", undefined, undefined, `file:/${ROOT}`],
])("depends on this package as it was installed: from %s", (_, spec, resolved, dependency) => {
    expect(installed(spec, resolved)).toBe(dependency);
});

it("is a clone's folder where it was not installed", () => {
    expect(ownDependency("/home/alice/pulumi-qp-tunnel", "0.1.0")).toBe("file:/home/alice/pulumi-qp-tunnel");
});

it.each([
    ["pnpm's store of a workspace", "shop/node_modules/.pnpm/pulumi-qp-tunnel@0.1.0/node_modules/pulumi-qp-tunnel"],
    ["Yarn's archive", "cache/pulumi-qp-tunnel.zip/node_modules/pulumi-qp-tunnel"],
])("is what the project says where the package is not below it: in %s", (_, root) => {
    write("pack/qp.tgz", {});
    write("shop/infra/package.json", { dependencies: { "pulumi-qp-tunnel": "file:../../pack/qp.tgz" } });
    const dependency = ownDependency(join(folder, root), "0.1.0", join(folder, "shop/infra"));
    expect(dependency).toBe(`file:${join(folder, "pack/qp.tgz")}`);
});
