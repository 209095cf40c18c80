import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

import { PLUGIN_FILES } from "../../../cli/initPlugin.js";

const root = resolve(__dirname, "../../..");
const own = (file: string): string => readFileSync(join(root, file), "utf8");
const lines = (text: string): string[] => text.split(/\r?\n/);

test("what the engine starts: one file for /bin/sh, one for Windows, and what both run", () => {
    expect(PLUGIN_FILES).toStrictEqual({
        "plugin/pulumi-resource-qptunnel":
            '#!/bin/sh\nexec node --max-semi-space-size=2 --optimize-for-size "$(dirname "$0")/start.cjs" "$@"\n',
        "plugin/pulumi-resource-qptunnel.cmd":
            '@echo off\r\nnode --max-semi-space-size=2 --optimize-for-size "%~dp0start.cjs" %*\r\n',
        "plugin/start.cjs":
            '// The plugin of the pulumi-qp-tunnel that this project has installed.\nrequire("pulumi-qp-tunnel/plugin");\n',
    });
});

test("the package has what start.cjs asks for", () => {
    const { exports, bin } = JSON.parse(own("package.json")) as Record<"exports" | "bin", Record<string, string>>;
    expect(exports["./plugin"]).toBe("./plugin/index.js");
    expect(own("plugin/index.js")).toContain(`require("../${bin["pulumi-resource-qptunnel"]!}")`);
});

test("the package's own file for Windows runs Node as its script does, on a file that the package has", () => {
    const [cmd, script] = [own("plugin/pulumi-resource-qptunnel.cmd"), own("plugin/pulumi-resource-qptunnel")];
    const [, options, path] = /^node (.*) "%~dp0(.*)" %\*$/m.exec(lines(cmd).join("\n"))!;
    expect(lines(cmd)[0]).toBe("@echo off");
    expect(script).toContain(`exec node ${options!} "$main" "$@"\n`);
    const { bin } = JSON.parse(own("package.json")) as { bin: Record<string, string> };
    expect(path!.replaceAll("\\", "/")).toBe(`../${bin["pulumi-resource-qptunnel"]!}`);
});

test("the command that npm links on Windows and elsewhere starts with Node", () => {
    expect(own("providers/plugin/main.ts")).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test.each(readdirSync(join(root, "templates")))("the template %s has the same files", (template) => {
    for (const [file, text] of Object.entries(PLUGIN_FILES)) {
        const path = join(root, "templates", template, file);
        expect(existsSync(path) && lines(readFileSync(path, "utf8"))).toStrictEqual(lines(text));
    }
    const script = join(root, "templates", template, "plugin/pulumi-resource-qptunnel");
    expect((statSync(script).mode & 0o111).toString(8)).toBe("111");
});
