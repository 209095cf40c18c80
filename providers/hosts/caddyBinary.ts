import { createHash } from "node:crypto";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { HostError } from "../../core/errors.js";
import { caddyValues } from "../../core/protocol/facts.js";
import { connectionTo } from "./connection.js";
import { describeHost } from "./descriptors.js";
import { relayValues, runStep, type Target } from "./host.js";
import { run } from "./run.js";

/** How our build of Caddy names itself: the one that offers AES-256-GCM alone (tools/caddy). */
const OURS = "qptunnel.internal/tools/caddy";

/** What Node and Linux call the same processor. */
const ARCHITECTURES: Record<string, string> = { x64: "x86_64", arm64: "aarch64" };

/**
 * Sees to it that a remote relay has this package's Caddy: pushed from here with its checksum, so that the relay needs
 * no internet. Without one to push, the machine's own is used, and the probe after the apply says what it is worth.
 */
export async function provideCaddy(target: Target): Promise<void> {
    const connection = connectionTo(target.host, target.credentials);
    if (connection.upload === undefined) return;
    const binary = await ourBinary();
    const sha256 = binary === undefined ? undefined : createHash("sha256").update(binary).digest("hex");
    const there = await state(target, sha256);
    if (binary === undefined || there.sha256 === sha256) {
        if (there.sha256 !== undefined || there.installed !== undefined) return;
        throw new HostError(
            describeHost(target.host),
            "has no Caddy, and this machine has none to send",
            "run `npm run tools` and put its directories before PATH",
        );
    }
    if (there.architecture !== ARCHITECTURES[process.arch] || process.platform !== "linux") {
        if (there.installed !== undefined) return;
        throw new HostError(
            describeHost(target.host),
            `has no Caddy, and the one on this machine is for ${process.platform} ${process.arch}, not ${there.architecture}`,
            "install Caddy 2.10 or newer on the machine",
        );
    }
    await connection.upload(`${relayValues(target).run}/caddy.upload`, binary);
    await state(target, sha256);
}

async function state(
    target: Target,
    sha256: string | undefined,
): Promise<{ architecture: string; sha256?: string; installed?: string }> {
    const { one } = caddyValues.parse((await runStep(target, "caddy", { sha256 })).caddy);
    const there = { sha256: one("sha256"), installed: one("installed") };
    return {
        architecture: one("architecture") ?? "",
        ...Object.fromEntries(Object.entries(there).filter(([, value]) => value !== undefined)),
    };
}

/** Our Caddy, where PATH has it. */
async function ourBinary(): Promise<Buffer | undefined> {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
        const path = join(folder, "caddy");
        try {
            accessSync(path, constants.X_OK);
        } catch {
            continue;
        }
        const { stdout } = await run([path, "build-info"], "", 20);
        if (stdout.includes(OURS)) return readFileSync(path);
    }
    return undefined;
}
