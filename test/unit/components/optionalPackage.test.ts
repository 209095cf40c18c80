import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { optionalPackage } from "../../../components/optionalPackage.js";

function installed(packages: Record<string, unknown>): (id: string) => unknown {
    return (id) => {
        if (id in packages) return packages[id];
        throw Object.assign(new Error(`Cannot find module '${id}'`), { code: "MODULE_NOT_FOUND" });
    };
}

const release = (version: string) =>
    installed({ "@pulumi/command/package.json": { version }, "@pulumi/command": { local: {}, remote: {} } });

it("loads what is installed, whatever the form of its version", () => {
    for (const version of ["1.2.0", "v1.2.1", "1.10.0", "2.0.0"])
        expect(optionalPackage("@pulumi/command", "host.setup", release(version))).toStrictEqual({
            local: {},
            remote: {},
        });
});

it("says what to install", () => {
    expect(() => optionalPackage("@pulumi/command", "host.setup", installed({}))).toThrow(
        "host.setup: needs the package @pulumi/command, which is not installed; run `npm install @pulumi/command@^1.2`",
    );
});

it("refuses a release that does not check host keys", () => {
    for (const version of ["1.1.9", "v0.20.0"])
        expect(() => optionalPackage("@pulumi/command", "host.setup", release(version))).toThrow(
            `host.setup: needs @pulumi/command 1.2 or newer, and ${version.replace("v", "")} is installed; run \`npm install @pulumi/command@^1.2\``,
        );
});

it("does not take another fault for a missing package", () => {
    const broken = () => {
        throw new SyntaxError("Unexpected token");
    };
    expect(() => optionalPackage("@pulumi/digitalocean", "host", broken)).toThrow(SyntaxError);
});

it("names the command of the project's package manager", () => {
    const [folder, before] = [mkdtempSync(join(tmpdir(), "qptunnel-optional-")), process.cwd()];
    try {
        writeFileSync(join(folder, "pnpm-lock.yaml"), "");
        process.chdir(folder);
        expect(() => optionalPackage("@pulumi/command", "host.setup", installed({}))).toThrow(
            "run `pnpm add @pulumi/command@^1.2`",
        );
    } finally {
        process.chdir(before);
        rmSync(folder, { recursive: true });
    }
});
