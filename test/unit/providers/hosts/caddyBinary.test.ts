import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { caddyValues } from "../../../../core/protocol/facts.js";
import { provideCaddy } from "../../../../providers/hosts/caddyBinary.js";
import * as connections from "../../../../providers/hosts/connection.js";
import { targetAt } from "../resources/relay/lifecycle.js";
import { Machine } from "./machine.js";

const HERE = process.arch === "arm64" ? "aarch64" : "x86_64";

let folder: string;
let path: string | undefined;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-caddy-"));
    path = process.env["PATH"];
    process.env["PATH"] = folder;
});
afterEach(() => {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
});

/** A program that names itself as our build does, or as another one. */
function onPath(build = "path qptunnel.internal/tools/caddy"): string {
    const file = join(folder, "caddy");
    writeFileSync(file, `#!/bin/sh\necho "${build}"\n`);
    chmodSync(file, 0o755);
    return createHash("sha256").update(readFileSync(file)).digest("hex");
}

interface There {
    architecture?: string;
    sha256?: string;
    installed?: string;
}

/** A remote machine with this Caddy; what was pushed to it, and what it was asked. */
function remote(there: There): { provide: () => Promise<void>; pushed: string[]; asked: (string | undefined)[] } {
    const machine = new Machine();
    const asked: (string | undefined)[] = [];
    const pushed: string[] = [];
    machine.says.caddy = ({ values }) => {
        asked.push(values.sha256);
        return { caddy: caddyValues.render({ architecture: HERE, ...there }) };
    };
    jest.spyOn(connections, "connectionTo").mockReturnValue({
        ...machine.connection(),
        upload: (to) => Promise.resolve(void pushed.push(to)),
    });
    return { provide: () => provideCaddy(targetAt(machine)), pushed, asked };
}

it("a relay on this machine gets none: it has what PATH has", async () => {
    onPath();
    const machine = new Machine();
    jest.spyOn(connections, "connectionTo").mockReturnValue(machine.connection());
    await provideCaddy(targetAt(machine));
    expect(machine.steps).toEqual([]);
});

it("a remote relay without ours is sent it, and takes it over by its checksum", async () => {
    const sha256 = onPath();
    const { provide, pushed, asked } = remote({ installed: "v2.10.0" });
    await provide();
    expect(pushed).toEqual([expect.stringMatching(/^\/run\/corp-wg0.*\/caddy\.upload$/)]);
    expect(asked).toEqual([sha256, sha256]);
});

it("a remote relay that has it already is sent nothing", async () => {
    const { provide, pushed, asked } = remote({ sha256: onPath() });
    await provide();
    expect([pushed, asked.length]).toEqual([[], 1]);
});

it("another build than ours is never sent", async () => {
    onPath("path github.com/caddyserver/caddy/v2/cmd/caddy");
    const { provide, pushed, asked } = remote({ installed: "v2.10.0" });
    await provide();
    expect([pushed, asked]).toEqual([[], [undefined]]);
});

it("without one to send the machine's own is used; without that either it fails", async () => {
    await remote({ installed: "v2.10.0" }).provide();
    await expect(remote({}).provide()).rejects.toThrow(
        /^namespace \S+ of this machine: has no Caddy, and this machine has none to send; run `npm run tools` and put its directories before PATH$/,
    );
});

it("a machine of another kind is sent nothing, and needs one of its own", async () => {
    onPath();
    const installed = remote({ architecture: "riscv64", installed: "v2.10.0" });
    await installed.provide();
    expect(installed.pushed).toEqual([]);
    await expect(remote({ architecture: "riscv64" }).provide()).rejects.toThrow(
        `has no Caddy, and the one on this machine is for ${process.platform} ${process.arch}, not riscv64; install Caddy 2.10 or newer on the machine`,
    );
});
